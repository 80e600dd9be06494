"""A text as somebody may read it: escapes taken back, lines put together, encoded words decoded.

Each reading is a layer that knows where its letters stand in the one that it was made of. All are
in bytes of UTF-8, each as the letter with its number: what writes bytes (`%C3%BC`, base64) and what
writes letters (`&#252;`) come to the same. Each takes linear time, and there are few.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Pattern, Tuple

from . import encoded

DEEPEST = 3
"""Times that a layer is made of another one."""

Span = Tuple[int, int]

NOTHING = re.compile(
    r"\0|\x1b\[[\d;]{0,16}m|\xe2(?:\x80[\x8b-\x8f]|\x81\xa0)|\xef\xbb\xbf|\xc2\xad"
)
"""What stands for nothing: zeros of UTF-16, colours, letters without width."""

ESCAPE = re.compile(
    r"\\(?:(?:\\\\)?[rn][ \t]*|\r?\n[ \t]*|x[0-9A-Fa-f]{2}|[ux]\{[0-9A-Fa-f]{1,5}\}"
    r"|U000[0-9A-Fa-f]{5}|u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}"
    r"|[0-3][0-7]{0,2}|[4-7][0-7]?|[abeftv -/:-@\[-`{-~])"
    r"|\n[ \t]*|\r|%(?:[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|%)"
    r"|&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});|'(?:\"'\"'|\\''|')|\"\"|\$\$"
)
"""What stands for something else: escapes of C, JSON, shells, addresses and HTML, doubled quotes;
ends of lines stand for nothing."""

MAIL = re.compile(r"=(?:3D|\r?\n|[C-F][0-9A-F](?:=[89AB][0-9A-F]){1,3})")
"""The same in mail; elsewhere a value may begin like that."""

NO_WORD = re.compile(r"[\\%]")
"""With what an escape can begin that takes letters of an encoded word away."""

BLANKS = re.compile(r"\s+|\\(?=\s)")
"""Blanks and ends of lines: those of a value are taken for each other where lines are broken."""


class Unit(NamedTuple):
    """From where to where a piece stands in a layer, and what it was made of in the one below.

    Of an `even` one each letter was made of as many as the others.
    """

    begin: int
    end: int
    first: int
    last: int
    even: bool = False


class Layer:
    """A reading of a text, or a text as it is (`below` is None)."""

    def __init__(self, text: str, units: List[Unit], below: Optional[Layer]) -> None:
        self.text, self.units, self.below = text, units, below
        self.begins = [unit.begin for unit in units]

    def span(self, begin: int, end: int) -> Span:
        """Return from where to where letters of the layer stand in the text."""
        if not self.below:
            return begin, end
        return self.below.span(self.place(begin, 0), self.place(end - 1, 1))

    def place(self, at: int, more: int) -> int:
        """Return where a letter begins in the layer below, or (`more` is 1) where it ends."""
        number = bisect_right(self.begins, at) - 1
        if number < 0:
            return at + more
        begin, end, first, last, even = self.units[number]
        if at >= end:
            return last + at - end + more
        if not even:
            return last if more else first
        size = (at - begin + more) * (last - first)
        return first + (size + (end - begin - 1) * more) // (end - begin)


def layers(text: str, *, odd: bool = False) -> Iterator[Layer]:
    """Yield a text in bytes, see above, and each reading of it that differs.

    With `odd` also what encoded words say that is no text.
    """
    return _above(Layer(text, [], None), 0, odd=odd)


def _above(layer: Layer, depth: int, *, odd: bool) -> Iterator[Layer]:
    yield layer
    if depth == DEEPEST:
        return
    for rule in (NOTHING, ESCAPE, MAIL):
        if (not depth or rule is not MAIL) and rule.search(layer.text):
            yield from _above(taken_back(layer, rule), depth + 1, odd=odd)
    if not depth and "\n" in layer.text and not NO_WORD.search(layer.text):
        return  # the words of lines are in lines that are put together as well
    words = unpacked(layer)
    if words.text:
        yield from _above(words, depth + 1, odd=odd)
    if odd:
        yield unpacked(layer, odd=True)


def taken_back(layer: Layer, rule: Pattern[str]) -> Layer:
    """Return a layer in which what stands for something else is that."""
    parts: List[str] = []
    units: List[Unit] = []
    size = begun = 0
    for told in rule.finditer(layer.text):
        plain = meant(told[0])
        parts += (layer.text[begun : told.start()], plain)
        size += told.start() - begun
        units.append(Unit(size, size + len(plain), *told.span()))
        size, begun = size + len(plain), told.end()
    return Layer("".join([*parts, layer.text[begun:]]), units, layer)


def unpacked(layer: Layer, *, odd: bool = False) -> Layer:
    """Return a layer of what words in base64 and the like say: texts, or (`odd`) whatever."""
    parts: List[str] = []
    units: List[Unit] = []
    size = 0
    for plain, first, last, even in encoded.words(layer.text, odd=odd):
        units.append(Unit(size, size + len(plain), first, last, even))
        parts.append(plain)
        size += len(plain) + 1
    return Layer("\x1f".join(parts), units, layer)


def meant(written: str) -> str:
    """Return what something stands for, in bytes; zeros stand for nothing."""
    sign, rest = written[0], written[1:]
    if sign in RULES:
        return RULES[sign](rest).replace("\0", "")
    return sign if sign in "'\"$" else ""


def _backslash(rest: str) -> str:
    if not rest or rest[0] in "\r\nrnabfv" or rest[1:2] == "\\":
        return ""
    if rest[0] in "xuU":
        return _number(rest)
    return chr(int(rest, 8)) if rest[0].isdigit() else {"t": "\t", "e": "\x1b"}.get(rest, rest)


def _number(rest: str) -> str:
    """Return the letter or byte of a number in hexadecimal, behind `x`, `u` or `U`, or bare."""
    halves = "".join(chr(int(each, 16)) for each in re.findall(r"[0-9A-Fa-f]+", rest))
    return halves if rest[0] not in "uU" and "{" not in rest else narrow(halves)


def _entity(rest: str) -> str:
    from html import unescape  # noqa: PLC0415 - few texts need it

    return narrow(unescape(f"&{rest}").replace("\ufffd", ""))


RULES: Dict[str, Callable[[str], str]] = {
    "\\": _backslash,
    "&": _entity,
    "%": lambda rest: rest if rest == "%" else _number(rest),
    "=": lambda rest: bytes.fromhex(rest.replace("=", "").strip()).decode("latin-1"),
}
"""What makes letters of what stands behind a sign."""


def narrow(text: str) -> str:
    """Return the bytes of a text in UTF-8, each as a letter."""
    if text.isascii():
        return text
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    return raw.decode("latin-1")


def widen(text: str) -> str:
    """Return the text that bytes, each as a letter, are in UTF-8."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")
