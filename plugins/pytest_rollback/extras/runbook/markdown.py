"""The code blocks of a Markdown page, read by a Markdown parser: fenced and indented ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

PARSER = "commonmark"
"""Markdown as it is defined, and tables beside it, whose cells hold no blocks."""


class ShellBlock(NamedTuple):
    """One code block: its language, the line of its first line, its text.

    The language is "" where none is named, and for an indented block. Lines are counted from 1, as
    editors do; a block within a list has lost the indentation of the list.
    """

    language: str
    line: int
    text: str


def blocks(page: str) -> Iterator[ShellBlock]:
    """Yield the code blocks of a page; comments, tables and code within a sentence are none."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only who has a runbook pays for it

    for token in MarkdownIt(PARSER).enable("table").parse(page):
        if token.type == "fence" and token.map:
            yield ShellBlock(language(token.info), token.map[0] + 2, token.content)
        elif token.type == "code_block" and token.map:
            yield ShellBlock("", token.map[0] + 1, token.content)


def language(info: str) -> str:
    """Return the language that the words behind a fence name; "" where there are none.

    Pandoc's form `{.bash .numberLines}` and a comma behind the language, as in rustdoc, are known.
    """
    words = info.replace("{", " ").replace("}", " ").replace(",", " ").split()
    return words[0].lstrip(".").lower() if words else ""
