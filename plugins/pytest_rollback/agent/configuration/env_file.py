"""Environment files: `KEY=VALUE` lines as systemd and dotenv read them; no value in any problem."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=(.*)", re.DOTALL)


class EnvironmentEntry(NamedTuple):
    """One setting and where it stands, or what is wrong on that line."""

    line: int
    key: str = ""
    value: str = ""
    problem: str = ""


def entries(text: str) -> Iterator[EnvironmentEntry]:
    """Yield every setting and every problem of an environment file, in order."""
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        found = LINE.fullmatch(line.strip())
        if found is None:
            yield EnvironmentEntry(number, problem="is not KEY=VALUE")
            continue
        yield setting(number, found[1], found[2].strip(), lines)


def setting(
    number: int, key: str, value: str, lines: Iterator[tuple[int, str]]
) -> EnvironmentEntry:
    """Return one setting; a value in quotes may go on over the next lines."""
    quote = value[:1]
    if quote not in ("'", '"') or not quote:
        return EnvironmentEntry(number, key, value)
    while closing(value, quote) < 0:
        more = next(lines, None)
        if more is None:
            return EnvironmentEntry(number, key, problem=f"{key}: quotes are not closed")
        value = f"{value}\n{more[1]}"
    end = closing(value, quote)
    rest = value[end + 1 :].strip()
    if rest and not rest.startswith("#"):
        return EnvironmentEntry(number, key, problem=f"{key}: text after the closing quote")
    inner = value[1:end]
    return EnvironmentEntry(number, key, re.sub(r"\\(.)", r"\1", inner) if quote == '"' else inner)


def closing(value: str, quote: str) -> int:
    """Return where the quote that opens a value is closed, -1 when it is not."""
    at = 1
    while at < len(value):
        if value[at] == "\\" and quote == '"':
            at += 1
        elif value[at] == quote:
            return at
        at += 1
    return -1
