"""The commands in the code blocks of a Markdown page, each with its line; nothing is run."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from pytest_rollback.extras.runbook import wrappers
from pytest_rollback.extras.runbook.markdown import ShellBlock, blocks
from pytest_rollback.extras.runbook.prompts import is_shell, typed
from pytest_rollback.extras.runbook.syntax import Shell, is_operator, tokenised, without_comment

HERE = re.compile(r"(?<!<)<<-?(?!<)\s*\\?(['\"]?)(\w+)\1")
AGAIN = re.compile(r"^> ")
"""The prompt of a line that goes on from the one above."""


class ShellCommand(NamedTuple):
    """One simple command.

    Args:
        line: where it begins.
        words: as a shell would split them; assignments and words such as sudo in front are kept.
        after: the operator in front of it, such as `|` or `||`; "" where it begins a line.
        writes: the files that its output goes to.
        block: the number of its code block.
    """

    line: int
    words: tuple[str, ...]
    after: str
    writes: tuple[str, ...]
    block: int

    @property
    def bare(self) -> tuple[str, ...]:
        """The command itself, without assignments and what runs it, such as `sudo -u NAME`."""
        return wrappers.bare(self.words)

    @property
    def program(self) -> str:
        """The name of the program, without a path."""
        return self.bare[0].rpartition("/")[2] if self.bare else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after it that are no options."""
        return tuple(word for word in self.bare[1:] if not word.startswith("-"))


class Snippet(NamedTuple):
    """Python in a page: the line of its first line, and its text."""

    line: int
    text: str


def python(block: ShellBlock) -> bool:
    """Return whether a block is Python, and not a shell that calls it."""
    if block.language not in {"python", "py", "python3"}:
        return False
    try:
        ast.parse(block.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def commands(page: str) -> list[ShellCommand]:
    """Return every simple command of a page's shell blocks, without calls of their functions."""
    found: list[ShellCommand] = []
    functions: set[str] = set()
    for number, block in enumerate(blocks(page)):
        if is_shell(block) or (block.language.startswith("py") and not python(block)):
            shell = Shell()
            for line, tokens in statements(block):
                found += simple(line, shell.commands(tokens), number)
            functions |= shell.functions
    return [each for each in found if each.bare[:1] not in {(name,) for name in functions}]


def snippets(page: str) -> list[Snippet]:
    """Return the Python of a page: whole blocks, and what `python -c` is given."""
    whole = [Snippet(block.line, block.text) for block in blocks(page) if python(block)]
    return whole + [
        Snippet(command.line, command.bare[command.bare.index("-c") + 1])
        for command in commands(page)
        if command.program.startswith("python") and "-c" in command.bare[:-1]
    ]


def statements(block: ShellBlock) -> Iterator[tuple[int, list[str]]]:
    """Yield each statement of a block as line and tokens; it goes on while a quote is open."""
    pending, begin, until = "", 0, ""
    for number, line, is_typed in typed(block):
        if until:
            until = "" if line.strip() == until else until
            continue
        if not pending and not is_typed:
            continue  # what a command printed
        begin = begin if pending else number
        pending += without_comment(pending, AGAIN.sub("", line) if pending else line)
        if pending.endswith("\\"):
            pending = pending[:-1] + " "
            continue
        try:
            tokens = tokenised(pending)
        except ValueError:  # a quote is open
            pending += "\n"
            continue
        here = HERE.search(pending)
        until, pending = here[2] if here else "", ""
        yield begin, tokens
    if pending.strip():
        yield begin, pending.split()


def simple(line: int, tokens: list[str], block: int) -> Iterator[ShellCommand]:
    """Yield the simple commands of one statement."""
    words, writes, after, redirect = list[str](), list[str](), "", ""
    for token in [*tokens, ";"]:
        if is_operator(token):
            if words or writes:
                yield ShellCommand(line, tuple(words), after, tuple(writes), block)
            words, writes, after = [], [], token
        elif token and set(token) <= set("<>&"):
            redirect = token
            with contextlib.suppress(IndexError):
                words = words[:-1] if words[-1].isdecimal() else words
        elif redirect:
            writes += [token] if redirect in {">", ">>"} else []
            redirect = ""
        else:
            words.append(token)
