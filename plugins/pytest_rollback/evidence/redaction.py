"""What must not leave this process: secret values, in every writing in which they could be met.

There is one sink: every text and every record of a run goes through one `Redactor`, as it is
and before anything encodes it. What others have encoded already, such as a URL in a log line or
the text of a failed assertion, is found in its encoding as well.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from pytest_rollback.agent.protocol import IN_URL, NAMES

if TYPE_CHECKING:
    from pytest_rollback.evidence.json_data import Json

Redact = Callable[[str], str]

MARK = "***"
SHORTEST = 6
"""A shorter value is in every text; replacing it would hide the text and no secret."""

DIGITS = 8
"""A number with fewer digits may be a port, a size or a time, and is no secret."""

PLACES = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY", "GPG_AGENT_INFO"})
"""Variables with a name like a secret's, that hold a path."""

PIECE = 12
"""Letters of one line of a longer secret, such as a key, that are a secret of their own."""

ENDS = str.maketrans("", "", "\r\n")


def of_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the secret values of an environment by the names of their variables."""
    found = {}
    for name, value in environment.items():
        if NAMES.search(name) and name not in PLACES and is_secret(value):
            found[name] = value
        for number, inside in enumerate(IN_URL.findall(value)):
            if len(inside) >= SHORTEST:
                found[f"{name}, password {number + 1}"] = inside
    return found


def is_secret(value: str) -> bool:
    """Return whether a value can be one: not too short, no small number, no path that exists."""
    if len(value) < SHORTEST or (value.isdigit() and len(value) < DIGITS):
        return False
    try:
        return not (value.startswith("/") and Path(value).exists())
    except (OSError, ValueError):
        return True


class Redactor:
    """Takes secrets out of texts and records.

    Args:
        values: the secrets by the names under which they are known.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = {name: value for name, value in values.items() if value}
        every = {form for value in self.values.values() for form in forms(value)}
        self.forms = sorted(every, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return a text in which every form of every secret is replaced by `***`."""
        for form in self.forms:
            text = text.replace(form, MARK)
        if "\n" in text or "\r" in text:
            whole = text.translate(ENDS)
            for form in self.forms:
                if form in whole:  # broken over lines
                    text = across(form).sub(MARK, text)
        return text

    def data(self, value: Json) -> Json:
        """Return the same JSON without secrets, in keys as well as in values."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(self.data(key)): self.data(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.data(item) for item in value]
        if isinstance(value, (bool, float, type(None))):
            return value
        said = self.text(str(value))
        return value if isinstance(value, int) and MARK not in said else said


def across(form: str) -> re.Pattern[str]:
    """Return what finds a form with line ends between its letters."""
    return re.compile(r"[\r\n]*".join(re.escape(letter) for letter in form))


def forms(value: str) -> frozenset[str]:
    """Return every writing of a secret that a text can hold."""
    lines = value.splitlines()
    whole = [value, value.translate(ENDS)] if len(lines) > 1 else [value]
    pieces = [line for line in lines if len(line) >= PIECE and not line.startswith("-----")]
    plain = [*whole, *(pieces if len(lines) > 1 else [])]
    found = {form for each in plain for write in WRITINGS for form in write(each)}
    return frozenset(form for form in found if len(form) >= min(SHORTEST, len(value)))


def escaped(value: str) -> Iterator[str]:
    """Yield how JSON, Python and C write it between quotes, once and twice."""
    for ascii_only in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=ascii_only)[1:-1]
    yield repr(value)[1:-1]
    yield ascii(value)[1:-1]
    yield repr(value.encode("utf-8", "surrogateescape"))[2:-1]


def marked_up(value: str) -> Iterator[str]:
    """Yield how HTML and XML write it, once and twice; quotes are written in four ways."""
    bare = html.escape(value, quote=False)
    for double, single in (('"', "'"), ("&quot;", "'"), ("&quot;", "&#x27;"), ("&#34;", "&#39;")):
        once = bare.replace('"', double).replace("'", single)
        yield once
        yield html.escape(once, quote=False)
        yield html.escape(html.escape(once, quote=False), quote=False)


def in_address(value: str) -> Iterator[str]:
    """Yield how a URL writes it, with large and with small digits."""
    for written in (quote(value, safe="", errors="replace"), quote(value, errors="replace")):
        yield written
        yield re.sub("%..", lambda found: found[0].lower(), written)
    yield quote_plus(value, errors="replace")


def quoted(value: str) -> Iterator[str]:
    """Yield how a shell writes it."""
    yield shlex.quote(value).strip("'")
    yield re.sub(r"([^\w@%+=:,./-])", r"\\\1", value)


def bytewise(value: str) -> Iterator[str]:
    """Yield it in base64 at each of the three places where it can begin, and in hexadecimal."""
    for raw in (
        value.encode("utf-8", "surrogateescape"),
        value.encode("utf-16-le", "surrogatepass"),
    ):
        yield raw.hex()
        yield raw.hex().upper()
        for before in range(3):
            shifted = base64.b64encode(b"\0" * before + raw).decode("ascii")
            first, end = -(-before * 4 // 3), (before + len(raw)) * 4 // 3
            yield shifted[first:end]
            yield shifted[first:end].replace("+", "-").replace("/", "_")


def wide(value: str) -> Iterator[str]:
    """Yield how UTF-16 looks when it is taken for another encoding, raw, shown and in JSON."""
    for zero in ("\0", "\\x00", "\\u0000", "\\\\x00", "\\\\u0000", "&#0;"):
        yield zero.join(value)


WRITINGS: tuple[Callable[[str], Iterable[str]], ...] = (
    lambda value: (value,),
    escaped,
    marked_up,
    in_address,
    quoted,
    bytewise,
    wide,
)
