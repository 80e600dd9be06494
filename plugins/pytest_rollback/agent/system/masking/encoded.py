"""Words of a text that are bytes in base64, base32, hexadecimal or numbers, and what they say."""

from __future__ import annotations

import binascii
import re
from typing import Callable, Iterator, NamedTuple, Pattern, Tuple

READABLE = re.compile(
    r"(?:(?:[\t\n\r -~]|[\xc2-\xf4][\x80-\xbf]{1,3}|[\xa0-\xff](?=\0))\0{0,3}"
    r"|\0[\t -~\xa0-\xff]){6}"
)
"""What bytes hold that are a text in UTF-8, UTF-16 or UTF-32."""


class Encoding(NamedTuple):
    """Words of an encoding, how many letters of it are whole bytes, and what decodes it."""

    word: Pattern[str]
    group: int
    decoded: Callable[[str], bytes]


def _base32(word: str) -> bytes:
    digits = word.upper().translate(DIGITS)
    return int(digits, 32).to_bytes(len(word) * 5 // 8, "big")


DIGITS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")
STANDARD = str.maketrans("-_", "+/")
"""The two letters of base64 that are others in addresses."""

ENCODINGS = (
    Encoding(re.compile(r"[A-Za-z0-9+/]{8,}"), 4, binascii.a2b_base64),
    Encoding(re.compile(r"[0-9A-Fa-f]{12,}"), 2, bytes.fromhex),
    Encoding(re.compile(r"[A-Z2-7]{10,}|[a-z2-7]{10,}"), 8, _base32),
    Encoding(
        re.compile(
            r"(?:0x)?(?:[0-9A-Fa-f]{2}){1,8}(?:[ :,+]{1,2}(?:0x)?(?:[0-9A-Fa-f]{2}){1,8}){2,}"
        ),
        1,
        lambda word: bytes.fromhex(re.sub("0x|[^0-9A-Fa-f]", "", word)),
    ),
    Encoding(
        re.compile(r"\d{2,3}(?:(?:, ?| )\d{2,3}){5,}"),
        1,
        lambda word: bytes(int(each) & 255 for each in re.findall(r"\d+", word)),
    ),
)
"""A word may begin before its bytes do: it is read from each letter of a group on."""


def words(text: str, *, odd: bool) -> Iterator[Tuple[str, int, int, bool]]:
    """Yield what words of a text say, each byte as a letter, and from where to where they stand.

    The last is whether each byte has as many letters of it. With `odd` also what is no text.
    """
    text = text.translate(STANDARD)
    for encoding in ENCODINGS:
        for told in encoding.word.finditer(text):
            for before in range(encoding.group):
                word = told[0][before:]
                word += "A" * (-len(word) % encoding.group)
                plain = encoding.decoded(word).decode("latin-1")
                if odd or READABLE.search(plain):
                    first = told.start() + before
                    yield plain, first, first + len(word), encoding.group > 1
