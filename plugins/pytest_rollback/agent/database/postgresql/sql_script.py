r"""A plain dump, read as psql would read it: does it do anything but fill the database it is given?

psql obeys commands between the statements, such as `\connect` and `\!`; a dump of `pg_dump` has
none but `\restrict` and its end. Data between COPY and `\.` is passed over.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, List, NamedTuple, Optional

from . import contents
from .contents import DumpedTables

TOKEN = re.compile(rb"--|/\*|\*/|'|\"|\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$|\\|;")
COPY = re.compile(rb"COPY .+ FROM stdin( .*)?;\s*", re.IGNORECASE)
GUARD = re.compile(rb"\\(un)?restrict \w+\s*")
LEAVES = re.compile(
    rb"(CREATE|DROP|ALTER)\s+(DATABASE|ROLE|USER(?!\s+MAPPING)|GROUP|TABLESPACE)\b|ALTER\s+SYSTEM\b"
    rb"|COMMENT\s+ON\s+DATABASE\b|(GRANT|REVOKE)\s+\S+\s+(TO|FROM)\s",
    re.IGNORECASE,
)
MOST = 5
"""Findings that are shown; the dump of a cluster has thousands."""


class Script(NamedTuple):
    """What a plain dump is: the tables that it makes, and what of it we refuse, by line."""

    tables: DumpedTables
    refused: List[str]


class Reader:
    """Where psql is in a script: in a statement, a quote, a comment, or the data of a COPY."""

    def __init__(self) -> None:
        self.copying = False
        self.quote: Optional[bytes] = None
        self.depth = 0
        self.begun = False

    def commands(self, line: bytes) -> Iterator[bytes]:
        """Yield what begins on a line: statements by their first line, and backslash commands."""
        if self.copying:
            self.copying = line.rstrip(b"\r\n") != b"\\."
            return
        if not self.begun and self.quote is None:
            if COPY.fullmatch(line):
                self.copying = True
                yield line
                return
            if GUARD.fullmatch(line):
                return
        yield from self._read(line)

    def _read(self, line: bytes) -> Iterator[bytes]:
        at = begin = 0
        while True:
            token = self._next(line, at)
            plain = line[begin : token.start() if token else len(line)]
            if self.quote is None and not self.begun and plain.strip():
                self.begun = True
                yield line[begin:].strip()
            if token is None:
                return
            at = begin = token.end()
            word = token.group()
            if self.quote is not None:
                self._inside(word)
            elif word == b"--":
                return
            elif word == b"\\":
                yield line[token.start() :].strip()
            elif word == b";":
                self.begun = False
            else:
                self._enter(word, line[: token.start()])

    def _next(self, line: bytes, at: int) -> re.Match[bytes] | None:
        """Return the next token that means something where we are."""
        for token in TOKEN.finditer(line, at):
            word = token.group()
            if self.quote == b"E" and word == b"\\":
                return self._next(line, token.end() + 1)
            if self.quote is None or word in self._ends():
                return token
        return None

    def _ends(self) -> tuple[bytes, ...]:
        """Return the tokens that matter inside the quote or comment where we are."""
        if self.quote == b"E":
            return (b"'",)
        return (b"/*", b"*/") if self.quote == b"/*" else (self.quote or b"",)

    def _inside(self, word: bytes) -> None:
        if self.quote != b"/*":
            self.quote = None
            return
        self.depth += 1 if word == b"/*" else -1
        if not self.depth:
            self.quote = None

    def _enter(self, word: bytes, before: bytes) -> None:
        if word == b"/*":
            self.quote, self.depth = word, 1
        elif word == b"'":
            self.quote = b"E" if re.search(rb"(^|\W)[Ee]$", before) else word
            self.begun = True
        elif word != b"*/":
            self.quote = word
            self.begun = True


def read(lines: Iterable[bytes]) -> Script:
    """Return what a script does, but for the statements that fill its database."""
    reader, tables = Reader(), contents.nothing()
    refused: List[str] = []
    for number, line in enumerate(lines, 1):
        for command in reader.commands(line):
            tables.take(command)
            if command.startswith(b"\\") or LEAVES.match(command):
                refused.append(f"line {number}: {shown(command)}")
    return Script(tables, refused)


def shown(command: bytes) -> str:
    """Return a command for people: its first two words, without any value."""
    words = command.split(b"--")[0].split()[:2]
    return b" ".join(words).decode("utf-8", "replace")[:80].rstrip(";")
