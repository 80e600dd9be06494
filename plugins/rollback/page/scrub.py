"""What a text becomes before it is shown: no secret, nothing that steers a terminal or hides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Redact = Callable[[str], str]

STEERING = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)"  # titles, links
    r"|\x1b[@-Z\\-_]"
)
HIDING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # direction, invisible
    "\ud800-\udfff"  # bytes that were not UTF-8
    "\U000e0000-\U000e007f]"
)
ESCAPED_BYTES = range(0xDC80, 0xDD00)
LAST_BYTE = 0xFF
RIM = 1024


def visible(found: re.Match[str]) -> str:
    """Return what is shown in the place of one character that cannot be seen."""
    code = ord(found[0])
    if code in ESCAPED_BYTES:
        code -= ESCAPED_BYTES.start - 0x80
    if code <= LAST_BYTE:
        return f"\\x{code:02x}"
    return f"[U+{code:04X}]"


def scrub(text: str) -> str:
    """Return the text as one sees it: no escape sequence, no hidden character, valid UTF-8."""
    return HIDING.sub(visible, STEERING.sub("", text.replace("\r\n", "\n")))


def clean(text: str, redact: Redact, head: int, tail: int = 0) -> str:
    """Return begin and end of a text, scrubbed and without secrets.

    Redacted twice: the second time finds a secret that escape sequences had cut in two. Of a
    huge text only what can be shown is scrubbed, and the rim of that is dropped, because half a
    secret may stand there.
    """
    raw = redact(text)
    reach = 4 * (head + tail) + RIM
    if len(raw) <= reach:
        return shorten(redact(scrub(raw)), head, tail)
    first = redact(scrub(raw[:reach]))[:-RIM][:head]
    last = redact(scrub(raw[-reach:]))[RIM:][-tail:] if tail else ""
    return first + gap(len(raw) - head - tail) + last


def shorten(text: str, head: int, tail: int = 0) -> str:
    """Return so many letters of the begin and of the end, and how many are left out."""
    left = len(text) - head - tail
    if left <= 0:
        return text
    return text[:head] + gap(left) + text[len(text) - tail :]


def gap(left: int) -> str:
    """Return what stands in the place of letters that are left out."""
    return f" … {left:,} letters left out … "
