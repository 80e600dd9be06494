r"""The statements of a plain dump, where the server would end them: read once, line by line.

Of each there are its `text`, which can be sent, and its `shape`: the same without what strings and
comments hold. `/*!40101 ... */` is no comment but for other products: its words are part of the
shape. A backslash outside of a string is a command of the client, and ends up as such.
"""

from __future__ import annotations

import re
from typing import Dict, Generator, Iterable, Iterator, List, NamedTuple, Optional, Tuple

MOST = 64 << 20
"""Bytes of a statement; a server takes 16 MB where nobody has set more."""

CUT = "is cut off in the middle of a statement"
CHUNK = 1 << 16
"""Bytes of lines with rows that are read at once."""

SANDBOX = re.compile(rb"/\*M!999999\\- enable the sandbox mode \*/ *\r?\n")
"""What a dump begins with so that a client obeys no commands in it; ours never does."""

DELIMITER = re.compile(rb"\s*DELIMITER\s+(\S+)\s*\Z", re.IGNORECASE)
CONDITION = re.compile(rb"/\*(M?)!(\d*)")
ALWAYS = 50699
"""Up to this number every MariaDB obeys such a comment; from there to 50999 none does."""

NOTES = re.compile(rb"SET (?:@OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, )?NOTE_VERBOSITY=[@\w]+ \*/")
"""What is in the one that some servers obey and others do not, and does no harm."""

STRING, DOUBLE, NAME, COMMENT = b"'", b'"', b"`", b"/*"
OUTSIDE = rb"'|\"|`|--(?=[\s\x00-\x1f])|--\Z|#|/\*M?!\d*|/\*|\*/|\\"
PLAIN = rb"[^'\"`\\#/*END-]*(?:-(?=[0-9.])[^'\"`\\#/*END-]*)*"
STRINGS = rb"'[^'\\]*(?:\\.[^'\\]*)*'"
"""What most of a dump is made of: words and numbers, and strings that end on their line. `END` is
the first letter of what ends a statement."""

WHOLE = re.compile(STRINGS, re.DOTALL)
INSIDE: Dict[bytes, re.Pattern[bytes]] = {
    STRING: re.compile(rb"\\|'"),
    DOUBLE: re.compile(rb'\\|"'),
    NAME: re.compile(rb"`"),
    COMMENT: re.compile(rb"\*/"),
}


class Statement(NamedTuple):
    """A statement, and the line that it begins on. `wrong` says why it may not be sent at all."""

    text: bytes
    shape: bytes
    line: int
    wrong: str


class StatementReader:
    """Where the server would be in a script: in a statement, a string, a name or a comment."""

    def __init__(self) -> None:
        self.quote: Optional[bytes] = None
        self.conditional = False
        self._ends(b";")
        self.clear()

    def _ends(self, delimiter: bytes) -> None:
        """Have statements end with a delimiter."""
        self.delimiter = delimiter
        self.tokens = re.compile(re.escape(delimiter) + b"|" + OUTSIDE)
        words = PLAIN.replace(b"END", re.escape(delimiter[:1]))
        self.plain = re.compile(words + b"(?:" + STRINGS + words + b")*")

    def clear(self) -> None:
        """Begin with a new statement."""
        self.text: List[bytes] = []
        self.shape: List[bytes] = []
        self.size, self.line, self.wrong = 0, 0, ""

    @property
    def is_open(self) -> bool:
        """Whether a statement has begun."""
        return bool(self.line) or self.quote is not None

    def read(self, line: bytes, number: int) -> Iterator[Statement]:
        """Yield the statements that end on a line."""
        if not self.is_open:
            if number == 1 and SANDBOX.fullmatch(line):
                return
            found = DELIMITER.match(line)
            if found:
                self._ends(found[1])
                return
        at = 0
        while at < len(line):
            at = yield from self._step(line, at, number)

    def _step(self, line: bytes, at: int, number: int) -> Generator[Statement, None, int]:
        """Take one token of a line; return where the next one begins."""
        if self.quote is not None:
            return self._inside(line, at)
        plain = self.plain.match(line, at)
        if plain and plain.end() > at:
            self._take(plain.group(), number)
            return plain.end()
        token = self.tokens.match(line, at)
        if token is None:  # a minus, or the like
            self._take(line[at : at + 1], number)
            return at + 1
        word = token.group()
        if word == self.delimiter:
            if self.line:
                yield Statement(b"".join(self.text), b"".join(self.shape), self.line, self._unfit())
            self.clear()
        elif word[:2] == b"--" or word == b"#":
            return line.find(b"\n", token.end()) + 1 or len(line)
        else:
            self._enter(word, line[token.start() :], number)
        return token.end()

    def _unfit(self) -> str:
        wrong = "a comment that does not end" if self.conditional else self.wrong
        self.conditional = False
        return wrong

    def _take(self, words: bytes, number: int) -> None:
        """Take words and whole strings."""
        if not self.line and words.strip():
            self.line = number
        if self.line:
            self._add(words, WHOLE.sub(b"''", words))

    def _add(self, text: bytes, shape: bytes) -> None:
        self.size += len(text)
        if self.size <= MOST:
            self.text.append(text)
            self.shape.append(shape)
        else:
            self.wrong = self.wrong or f"a statement of more than {MOST:,} bytes"

    def _enter(self, word: bytes, rest: bytes, number: int) -> None:
        """Begin what a token begins."""
        self.line = self.line or (0 if word == COMMENT else number)
        if word == COMMENT:
            self.quote = word
        elif word == b"*/":
            self.wrong = self.wrong or ("" if self.conditional else "the end of no comment")
            self.conditional = False
            self._add(b" */ ", b" ")
        elif word == b"\\":
            self.wrong = self.wrong or "a command of the client: \\" + rest[1:2].decode("latin-1")
            self._add(word, word)
        elif word[:1] == b"/":
            self._condition(word, rest)
        else:
            self.quote = word
            self._add(word, word)

    def _condition(self, word: bytes, rest: bytes) -> None:
        """Take the beginning of a comment that some servers obey: only what all of ours do."""
        mark, version = CONDITION.fullmatch(word).groups()  # type: ignore[union-attr]
        obeyed = not mark and version and int(version) <= ALWAYS
        if self.conditional or not (obeyed or NOTES.match(rest[len(word) :].lstrip())):
            self.wrong = self.wrong or f"what not every server obeys: {word.decode()}"
        self.conditional = True
        self._add(word, b" ")

    def _inside(self, line: bytes, at: int) -> int:
        """Go to the end of a string, a name or a comment, or of the line."""
        quote = self.quote or b""
        token = INSIDE[quote].search(line, at)
        end = token.end() if token else len(line)
        if token and token.group() == b"\\":
            end = min(token.end() + 1, len(line))
        elif token:
            self.quote = None
        words = line[at:end]
        if quote == COMMENT:
            if self.line:
                self._add(b" ", b" ")
        else:
            closed = quote if self.quote is None else b""
            self._add(words, words if quote == NAME else closed)
        return end


def joined(lines: Iterable[bytes]) -> Iterator[Tuple[int, bytes]]:
    """Yield lines with their numbers; those of rows are put together, they are most of a dump."""
    kept: List[bytes] = []
    number = size = 0
    for line in lines:
        if kept and (line[:1] != b"(" or size > CHUNK):
            yield number - len(kept) + 1, b"".join(kept)
            kept, size = [], 0
        number += 1
        if line[:1] == b"(":
            kept.append(line)
            size += len(line)
        else:
            yield number, line
    if kept:
        yield number - len(kept) + 1, b"".join(kept)


def statements(lines: Iterable[bytes]) -> Iterator[Statement]:
    """Yield the statements of a script; one that does not end is `wrong`."""
    reader, number = StatementReader(), 0
    for number, line in joined(lines):
        yield from reader.read(line, number)
    if reader.is_open:
        yield Statement(b"", b"", reader.line or number, CUT)
