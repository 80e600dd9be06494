"""Known secret values, in every writing in which a text can hold them."""

from __future__ import annotations

import binascii
import json
import re
from typing import Any, Callable, FrozenSet, Iterable, Iterator, List, Optional, Pattern, Tuple

MARK = "***"
SHORTEST = 6
"""A shorter writing is in every text; replacing it would hide the text and no secret."""

PIECE = 12
"""Letters of one line of a longer secret, such as a key, that are a secret of their own."""

BREAK = re.compile(r"\n[ \t]*")
ESCAPED_BREAK = re.compile(r"\\(?:\n[ \t]*|\\*[rn])")
"""The end of a line within a secret: as it is and indented; continued, or escaped."""

OVER_LINES = r"(?:\\?\r?\n[ \t]*|\\+[rn])*"
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~")
SPACED = ("\0", "\\x00", "\\u0000", "\\\\x00", "\\\\u0000", "&#0;")
"""What stands between two letters of UTF-16 that is taken for another encoding."""

WIDE = (
    re.compile(r"A[\w+/-]{2}A[\w+/-]{4}A[\w+/-]{2}A"),
    re.compile(r"00[2-7][0-9a-fA-F]00[2-7][0-9a-fA-F]00"),
)
"""What UTF-16 of plain letters has in base64 and in hexadecimal; one expression takes ten times as
long as two."""


class ValueMask:
    """Takes known values out of texts and of data.

    Args:
        values: the secrets.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self.groups = [group for value in values if value for group in grouped(value)]

    def text(self, text: str) -> str:
        """Return a text in which every form of every secret is replaced by `***`."""
        for form in self.found(text):
            text = alone(form).sub(MARK, text) if form.isdigit() else text.replace(form, MARK)
        if has_lines(text):
            for form in self.broken(text):
                text = across(form).sub(MARK, text)
        return text

    def broken(self, text: str) -> List[str]:
        """Return the forms that a text holds broken over lines, also where these are indented."""
        plain = text.replace("\r", "").replace("\n", "")
        indented = "\n " in text or "\n\t" in text or "\\" in text
        return [*self.found(plain), *(self.found(joined(text)) if indented else ())]

    def found(self, text: str) -> List[str]:
        """Return the forms that a text holds, the longest first."""
        wide_ = any(zero in text for zero in SPACED) or any(each.search(text) for each in WIDE)
        held = {
            form
            for core, some in self.groups
            if (wide_ if core is None else core in text)
            for form in some
            if form in text and (not form.isdigit() or alone(form).search(text))
        }
        return sorted(held, key=len, reverse=True)

    def data(self, value: Any) -> Any:  # noqa: ANN401 - any JSON in, the same out
        """Return the same JSON without the secrets, in keys as well as in values."""
        texts: List[str] = []
        _texts(value, texts)
        whole = "\x1f".join(texts)
        held = self.found(whole)
        if not held and not (has_lines(whole) and self.broken(whole)):
            return value
        few = ValueMask(())
        few.groups = [("", frozenset(held))] if not has_lines(whole) else self.groups
        return few.masked(value)

    def masked(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """Return the same JSON, each text without the secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.masked(key): self.masked(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.masked(item) for item in value]
        return value


def joined(text: str) -> str:
    """Return a text without the ends of its lines."""
    plain = ESCAPED_BREAK.sub("", text) if "\\" in text else text
    return BREAK.sub("", plain.replace("\r", ""))


def has_lines(text: str) -> bool:
    """Return whether a text has ends of lines, as they are or escaped."""
    return "\n" in text or "\\n" in text or "\\r" in text


def _texts(value: Any, found: List[str]) -> None:  # noqa: ANN401 - as above
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            found.append(str(key))
            _texts(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _texts(item, found)


Group = Tuple[Optional[str], FrozenSet[str]]
"""Forms, and what a text holds that holds one of them: letters, or (None) those of UTF-16."""


def grouped(value: str) -> Iterator[Group]:
    """Yield the forms of a secret in groups; few texts hold what all of a group have in common."""
    for each in pieces(value):
        core = max(re.split("[^A-Za-z0-9]", each), key=len)
        yield core, written(each, TEXTUAL)
        yield "", written(each, (narrow,))
        yield None, written(each, (wide,))


def pieces(value: str) -> List[str]:
    """Return a secret, and of one over several lines each that is a secret of its own."""
    lines = [line.strip() for line in value.split("\n")]
    if len(lines) == 1:
        return [value]
    long = [line for line in lines if len(line) >= PIECE and not line.startswith("-----")]
    return [value, "".join(lines), *long]


def written(value: str, writings: Iterable[Callable[[str], Iterable[str]]]) -> FrozenSet[str]:
    """Return what writings make of a secret, without what is too short to tell."""
    least = min(SHORTEST, len(value))
    return frozenset(form for write in writings for form in write(value) if len(form) >= least)


def alone(number: str) -> Pattern[str]:
    """Return what finds a number that is no part of a longer one: that one is another secret's."""
    return re.compile(rf"(?<!\d){number}(?!\d)")


def across(form: str) -> Pattern[str]:
    """Return what finds a form with line ends between its letters."""
    return re.compile(OVER_LINES.join(re.escape(letter) for letter in form))


def forms(value: str) -> FrozenSet[str]:
    """Return every writing of a secret that a text can hold."""
    return frozenset(form for _, some in grouped(value) for form in some)


def escaped(value: str) -> Iterator[str]:
    """Yield how JSON, Python and C write it between quotes, once and twice."""
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        for each in (once, once.replace("/", "\\/")):
            yield each
            yield json.dumps(each, ensure_ascii=ascii_only)[1:-1]
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    yield repr(value.encode("utf-8", "surrogateescape"))[2:-1]


def marked_up(value: str) -> Iterator[str]:
    """Yield how HTML and XML write it, once and twice; quotes are written in several ways."""
    bare = _without_marks(value)
    quotes = (('"', "'"), ("&quot;", "'"), ("&quot;", "&#x27;"), ("&#34;", "&#39;"))
    for double, single in (*quotes, ("&quot;", "&apos;"), ("&quot;", "&#39;")):
        once = bare.replace('"', double).replace("'", single)
        yield once
        yield _without_marks(once)
        yield _without_marks(_without_marks(once))


def _without_marks(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_address(value: str) -> Iterator[str]:
    """Yield how a URL writes it, once and twice, with large and with small digits."""
    for left in (b"", b"/", b"!*'()", b"!$&'()*+,;=:@"):
        written = percented(value, left)
        yield written
        yield re.sub("%..", lambda found: found[0].lower(), written)
        yield percented(written, left)
    yield percented(value, b"").replace("%20", "+")
    yield percented(value, b"/").replace("%20", "+")


def percented(value: str, left: bytes) -> str:
    """Return a text as a URL holds it; `left` are further letters that stay."""
    raw = value.encode("utf-8", "surrogateescape")
    return "".join(chr(n) if n in UNRESERVED or n in left else f"%{n:02X}" for n in raw)


def quoted(value: str) -> Iterator[str]:
    """Yield how a shell, SQL and YAML write it."""
    yield value.replace("'", "'\"'\"'")
    yield value.replace("'", "'\\''")
    yield value.replace("'", "''")
    yield value.replace('"', '""')
    yield value.replace("%", "%%")
    yield value.replace("$", "$$")
    yield re.sub(r'(["\\$`])', r"\\\1", value)
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)


def narrow(value: str) -> Iterator[str]:
    """Yield its bytes in base64 and in hexadecimal."""
    return bytewise(value.encode("utf-8", "surrogateescape"))


def wide(value: str) -> Iterator[str]:
    """Yield how UTF-16 looks when it is taken for another encoding: raw, shown, and in base64."""
    for zero in SPACED:
        yield zero.join(value)
    yield from bytewise(value.encode("utf-16-le", "surrogatepass"))


def bytewise(raw: bytes) -> Iterator[str]:
    """Yield bytes in hexadecimal, and in base64 at each of the three places where it can begin."""
    yield raw.hex()
    yield raw.hex().upper()
    for before in range(3):
        shifted = binascii.b2a_base64(b"\0" * before + raw, newline=False).decode("ascii")
        first, end = -(-before * 4 // 3), (before + len(raw)) * 4 // 3
        yield shifted[first:end]
        yield shifted[first:end].replace("+", "-").replace("/", "_")
        yield shifted[first:end].replace("+", "%2B").replace("/", "%2F")


TEXTUAL: Tuple[Callable[[str], Iterable[str]], ...] = (
    lambda value: (value,),
    escaped,
    marked_up,
    in_address,
    quoted,
)
"""Writings that keep letters and digits as they are."""
