"""The commands in the code blocks of a Markdown page, each with its line; nothing is run."""

from __future__ import annotations

import ast
import contextlib
import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

FENCE = re.compile(r"^\s*(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w+-]*)")
HERE = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
SHELLS = {"", "sh", "bash", "shell", "zsh", "console"}
PROMPT = re.compile(r"^\s*[$#>] (?=\S)")
AROUND = {"sudo", "time", "nohup", "exec", "command", "env", "do", "then", "else", "!", "{"}
"""Words in front of a command that do not change which command it is."""


class ShellBlock(NamedTuple):
    """One code block: its language, the line of its first line, its text."""

    language: str
    line: int
    text: str


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
        """The command itself, without assignments and words in front."""
        for number, word in enumerate(self.words):
            if not (word in AROUND or ASSIGNMENT.match(word)):
                return self.words[number:]
        return ()

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


def blocks(page: str) -> Iterator[ShellBlock]:
    """Yield the fenced code blocks of a page."""
    fence, language, begin, kept = "", "", 0, list[str]()
    for number, line in enumerate(page.splitlines(), 1):
        found = FENCE.match(line)
        if not fence and found:
            fence, language, begin, kept = found["fence"], found["language"].lower(), number + 1, []
        elif fence and line.strip().startswith(fence):
            yield ShellBlock(language, begin, "\n".join(kept))
            fence = ""
        elif fence:
            kept.append(line)
    if fence:
        yield ShellBlock(language, begin, "\n".join(kept))


def python(block: ShellBlock) -> bool:
    """Return whether a block is Python, and not a shell that calls it."""
    if block.language not in {"python", "py", "python3"}:
        return False
    try:
        ast.parse(block.text)
    except (SyntaxError, ValueError):
        return False
    return True


def commands(page: str) -> list[ShellCommand]:
    """Return every simple command of a page's shell blocks."""
    return [
        command
        for number, block in enumerate(blocks(page))
        if block.language in SHELLS or (block.language.startswith("py") and not python(block))
        for line, tokens in statements(block)
        for command in simple(line, tokens, number)
    ]


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
    for number, line in enumerate(block.text.splitlines(), block.line):
        if until:
            until = "" if line.strip() == until else until
            continue
        begin = begin if pending else number
        pending += PROMPT.sub("", line) if block.language == "console" else line
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


def tokenised(text: str) -> list[str]:
    """Return words and operators.

    Raises:
        ValueError: a quote is open.
    """
    found = shlex.shlex(text.replace("\\;", "'\\;'"), posix=True, punctuation_chars=True)
    found.whitespace_split = True
    return list(found)


def simple(line: int, tokens: list[str], block: int) -> Iterator[ShellCommand]:
    """Yield the simple commands of one statement."""
    words, writes, after, redirect = list[str](), list[str](), "", ""
    for token in [*tokens, ";"]:
        if token and set(token) <= set(";|&()"):
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
