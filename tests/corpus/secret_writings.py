"""How programs write a value that they know: each in a text that holds it and nothing else."""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus


def _bytes(value: str, form: str, between: str = "") -> str:
    return between.join(form % byte for byte in value.encode())


def _letters(value: str, form: str) -> str:
    return "".join(form % ord(letter) for letter in value)


def _utf16(value: str) -> str:
    """Return it as a program in JavaScript or Java escapes it: halves of UTF-16."""
    raw = value.encode("utf-16-be").hex()
    return "".join(f"\\u{raw[at : at + 4]}" for at in range(0, len(raw), 4))


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": json.dumps,
    "JSON in JSON": lambda value: json.dumps(json.dumps(value)),
    "JSON in JSON in JSON": lambda value: json.dumps(json.dumps(json.dumps(value))),
    "Python": repr,
    "Python, bytes": lambda value: repr(value.encode()),
    "word of a shell": shlex.quote,
    "SQL": lambda value: value.replace("'", "''"),
    "regular expression": re.escape,
    "address": lambda value: quote(value, safe=""),
    "form": quote_plus,
    "address in an address": lambda value: quote(quote(value, safe=""), safe=""),
    "each byte for an address": lambda value: _bytes(value, "%%%02x"),
    "each byte for an address, twice": lambda value: quote(_bytes(value, "%%%02X")),
    "each byte in C": lambda value: _bytes(value, "\\x%02x"),
    "each byte in C, octal": lambda value: _bytes(value, "\\%03o"),
    "each byte in C, in JSON": lambda value: json.dumps(_bytes(value, "\\x%02X")),
    "each letter in JSON": _utf16,
    "each letter in Python": lambda value: _letters(value, "\\U%08x"),
    "each letter in JavaScript": lambda value: _letters(value, "\\u{%x}"),
    "HTML": html.escape,
    "HTML in HTML": lambda value: html.escape(html.escape(value)),
    "each letter in HTML": lambda value: _letters(value, "&#%d;"),
    "each letter in HTML, hexadecimal": lambda value: _letters(value, "&#x%X;"),
    "HTML in JSON in an address": lambda value: quote(json.dumps(html.escape(value)), safe=""),
    "mail": lambda value: quopri.encodestring(value.encode()).decode(),
    "hexadecimal": lambda value: value.encode().hex(),
    "hexadecimal, large": lambda value: value.encode().hex().upper(),
    "hexadecimal with colons": lambda value: value.encode().hex(":"),
    "hexadecimal with blanks": lambda value: value.encode().hex(" "),
    "hexadecimal in pairs": lambda value: value.encode().hex(" ", -2),
    "numbers in hexadecimal": lambda value: _bytes(value, "0x%02x", ", "),
    "numbers": lambda value: str(list(value.encode())),
    "base64": lambda value: _base64(value.encode()),
    "base64 for an address": lambda value: quote(_base64(value.encode()), safe=""),
    "base64 of letters for an address": lambda value: (
        base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
    ),
    "base64 behind a user": lambda value: _base64(f"shop:{value}".encode()),
    "base64 of JSON": lambda value: _base64(json.dumps({"k": value}).encode()),
    "base64 of base64": lambda value: _base64(_base64(value.encode()).encode()),
    "base64 of hexadecimal": lambda value: _base64(value.encode().hex().encode()),
    "base64 of UTF-16": lambda value: _base64(value.encode("utf-16-le")),
    "base64 over lines": lambda value: base64.encodebytes(f"{'x' * 50}{value}".encode()).decode(),
    "base32": lambda value: base64.b32encode(value.encode()).decode(),
    "base32, small": lambda value: base64.b32encode(value.encode()).decode().lower(),
    "base32 behind a user": lambda value: base64.b32encode(f"shop:{value}".encode()).decode(),
    "UTF-16": lambda value: value.encode("utf-16-le").decode("latin-1"),
    "UTF-16 in hexadecimal": lambda value: value.encode("utf-16-be").hex(),
    "Latin-1": lambda value: value.encode("latin-1").decode("utf-8", "surrogateescape"),
    "taken for Latin-1": lambda value: value.encode().decode("latin-1"),
    "over lines": lambda value: "\n".join(re.findall(".{1,5}", value)),
    "over lines, indented": lambda value: "\n    ".join(re.findall(".{1,5}", value)),
    "over lines of a program": lambda value: "\\\n  ".join(re.findall(".{1,5}", value)),
    "in colours": lambda value: f"{value[:4]}\x1b[1;31m{value[4:]}\x1b[0m",
    "in colours, escaped": lambda value: json.dumps(f"{value[:4]}\x1b[1;31m{value[4:]}\x1b[0m"),
    "with letters without width": lambda value: "\u200b".join(re.findall(".{1,5}", value)),
}
"""Writings by their names."""

CASED: dict[str, Callable[[str], str]] = {"large letters": str.upper, "small letters": str.lower}
"""Writings that are a secret only of values that are no words."""
