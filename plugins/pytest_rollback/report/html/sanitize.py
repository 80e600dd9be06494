"""What a text becomes before it is shown: short, and nothing in it steers a terminal or hides.

What a secret is, and how it is found, is for `rollback.redaction` alone to know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_rollback.evidence.redaction import Redact

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
RIM = 8192
"""Letters beside a cut in which the half of a secret may stand; a key of 4096 bits has 3,300."""


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

    Of a huge text only what can be shown is looked at, and the rim of that is dropped, because
    half a secret may stand there.
    """
    reach = 4 * (head + tail) + RIM
    if len(text) <= reach:
        return shorten(hidden(text, redact), head, tail)
    first = hidden(text[:reach], redact)[:-RIM][:head]
    last = hidden(text[-reach:], redact)[RIM:][-tail:] if tail else ""
    return first + gap(len(text) - head - tail) + last


def hidden(text: str, redact: Redact) -> str:
    """Return a text scrubbed and without secrets, also those that escape sequences cut in two."""
    return redact(scrub(redact(text)))


def shorten(text: str, head: int, tail: int = 0) -> str:
    """Return so many letters of the begin and of the end, and how many are left out."""
    left = len(text) - head - tail
    if left <= 0:
        return text
    return text[:head] + gap(left) + text[len(text) - tail :]


def gap(left: int) -> str:
    """Return what stands in the place of letters that are left out."""
    return f" … {left:,} characters omitted … "
