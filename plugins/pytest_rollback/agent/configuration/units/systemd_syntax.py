"""The syntax of unit files, as systemd reads them: systemd.syntax(7), `config_parse` in its source.

A comment within a continued line is left out and the line goes on; an empty line ends it. A
leading blank means nothing. Lines without "=" or before any section are ignored with a warning; a
section's line without its bracket refuses the whole file.
"""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Tuple

BLANKS = " \t\n\r"
COMMENTS = ("#", ";")
ENDS = re.compile("\r\n|\n\r|\n|\r|\0")
"""Where a line ends. No other character ends one."""


class Assignment(NamedTuple):
    """One `key=value`, where its line begins; a section's own line has no key.

    `fault` is why systemd refuses the file, `warning` why it ignores the line.
    """

    line: int
    section: str
    key: str = ""
    value: str = ""
    fault: str = ""
    warning: str = ""


def lines(text: str) -> Iterator[Tuple[int, str]]:
    """Yield logical lines with the number at which each begins."""
    begun, whole = 0, ""
    for number, raw in enumerate(ENDS.split(text.lstrip("\ufeff")), start=1):
        if raw.lstrip(BLANKS).startswith(COMMENTS):
            continue
        begun, whole = begun or number, whole + raw
        if trailing(raw) % 2:
            whole = f"{whole[:-1]} "
            continue
        yield begun, whole.strip(BLANKS)
        begun, whole = 0, ""
    if whole:
        yield begun, whole.strip(BLANKS)


def trailing(line: str) -> int:
    """Return how many backslashes end a line; an even number continues nothing."""
    return len(line) - len(line.rstrip("\\"))


def assignments(text: str) -> Iterator[Assignment]:
    """Yield sections and assignments in order, with what is wrong with each."""
    section = ""
    for number, line in lines(text):
        if not line:
            continue
        if line.startswith("["):
            if not line.endswith("]"):
                yield Assignment(number, section, fault="its section header is not closed")
                return
            section = line[1:-1]
            yield Assignment(number, section)
            continue
        key, mark, value = line.partition("=")
        if not section:
            yield Assignment(number, "", warning="comes before any section")
        elif not mark:
            yield Assignment(number, section, warning="is neither a section nor KEY=VALUE")
        else:
            yield Assignment(number, section, key.strip(BLANKS), value.strip(BLANKS))


ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "s": " ",
}
NUMBERS = re.compile(r"x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})")


class Unbalanced(ValueError):
    """A quote is opened and not closed."""


def words(text: str) -> List[str]:
    """Return the words of a value: quotes taken away, C escapes resolved.

    Raises:
        Unbalanced: a quote is not closed, or a backslash ends the value.
    """
    found: List[str] = []
    at = 0
    while True:
        while at < len(text) and text[at] in BLANKS:
            at += 1
        if at >= len(text):
            return found
        word, at = _word(text, at)
        found.append(word)


def _word(text: str, at: int) -> Tuple[str, int]:
    word, quote = "", ""
    while at < len(text):
        char = text[at]
        if char == "\\":
            piece, at = _escaped(text, at)
            word += piece
            continue
        if quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in "'\"":
            quote = char
        elif char in BLANKS:
            return word, at
        else:
            word += char
        at += 1
    if quote:
        raise Unbalanced("quotes are not closed")
    return word, at


def _escaped(text: str, at: int) -> Tuple[str, int]:
    """Return what an escape stands for, and where the text goes on; an unknown one is kept."""
    after = text[at + 1 : at + 2]
    if not after:
        raise Unbalanced("it ends in a backslash")
    if after in ESCAPES:
        return ESCAPES[after], at + 2
    number = NUMBERS.match(text, at + 1)
    if number is None:
        return f"\\{after}", at + 2
    base = 8 if number[2] else 16
    code = int(number[number.lastindex or 0], base)
    byte = number[1] or number[2]
    piece = bytes([code & 255]).decode("utf-8", "surrogateescape") if byte else chr(code)
    return piece, number.end()
