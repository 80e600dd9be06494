"""The text of a file in UTF-8, UTF-16 or UTF-32, with a mark of order or without, or in 8 bits."""

from __future__ import annotations

import contextlib
import re
from typing import NamedTuple, Optional

MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\0\0": "utf-32-le",
    b"\0\0\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
"""Marks of order; the second begins like the fourth."""

NO_TEXT = re.compile(r"[\0-\x08\x0e-\x1a\x1c-\x1f]")
COMMON = 8
"""One letter in so many is one of ASCII, at least, where the order of bytes is guessed."""


class Decoded(NamedTuple):
    """A text, and whether its letters are sure: in 8 bits each they may be others."""

    text: str
    sure: bool = True


def decoded(content: bytes) -> Optional[Decoded]:
    """Return the text of a file; None of one that is no text."""
    for mark, charset in MARKS.items():
        if content.startswith(mark):
            return _read(content[len(mark) :], charset)
    if b"\0" not in content:
        return _read(content, "utf-8") or _read(content, "cp1252") or _read(content, "latin-1")
    for charset in MARKS.values():
        told = _read(content, charset)
        if told and len(told.text.encode("ascii", "ignore")) * COMMON >= len(told.text):
            return told
    return None


def _read(content: bytes, charset: str) -> Optional[Decoded]:
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode(charset)
        return None if NO_TEXT.search(text) else Decoded(text, charset.startswith("utf"))
    return None
