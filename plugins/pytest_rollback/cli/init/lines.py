"""The text of a `rollback.toml`: each line with where it was seen, and what only people know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pytest_rollback.errors import Refused, printable

OPEN = "# ?"
"""How a comment begins that people have to answer."""

WIDE = 100
"""Columns of a line with its comment; in a wider one the comment stands above it."""

ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
BARE = re.compile(r"[A-Za-z0-9_-]+")


class TomlLine(NamedTuple):
    """One line: a key with its value, or a sentence; where it was seen; what is open about it.

    Without a `key` the line is a comment. `hidden` is a line that is written as a comment: it would
    be right, but for what is open about it.
    """

    key: str = ""
    value: object = None
    seen: str = ""
    asks: str = ""
    hidden: bool = False


class TomlTable(NamedTuple):
    """A table: its header as it is written, its lines, and what is open about all of it.

    A `hidden` one is written as a comment.
    """

    header: str
    lines: Sequence[TomlLine]
    hidden: bool = False


def text(head: Iterable[str], tables: Iterable[TomlTable]) -> str:
    """Return the whole file; sentences about a table stand at its end, behind all of its keys."""
    found = [f"# {printable(each)}".rstrip() for each in head]
    for table in tables:
        mark = "# " if table.hidden else ""
        found += ["", f"{mark}{table.header}"]
        for line in sorted(table.lines, key=lambda each: not each.key):
            found += written(line if not table.hidden else line._replace(hidden=True))
    return "\n".join(found) + "\n"


def written(line: TomlLine) -> Iterator[str]:
    """Yield a line as it is written, with its comment behind it or above it."""
    comment = printable("; ".join(filter(None, [line.asks, line.seen])))
    if not line.key:
        yield f"{OPEN if line.asks else '#'} {comment}"
        return
    mark = OPEN if line.asks else "#"
    told = f"{'# ' if line.hidden else ''}{line.key} = {value(line.value)}"
    whole = f"{told}  {mark} {comment}" if comment else told
    yield from [whole] if len(whole) <= WIDE else [f"{mark} {comment}", told]


def value(found: object) -> str:
    """Return a value as TOML has it.

    Raises:
        Refused: it is a name with bytes that are no text.
    """
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int):
        return str(found)
    if isinstance(found, (list, tuple)):
        return f"[{', '.join(map(value, found))}]"
    return quoted(str(found))


def quoted(found: str) -> str:
    """Return a text in quotes: a pattern as it is, everything else with escapes."""
    if "'" not in found and found.isprintable() and ('"' in found or "\\" in found):
        return f"'{found}'"
    try:
        found.encode("utf-8")
    except UnicodeEncodeError:
        raise Refused(
            f"{found!a} is a name with bytes that are no text: rollback.toml cannot hold it",
            hint="rename it on the host, or write rollback.toml by hand: see docs/adopt.md",
        ) from None
    return '"' + "".join(ESCAPES.get(each, _shown(each)) for each in found) + '"'


def _shown(char: str) -> str:
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def header(*names: str) -> str:
    """Return the header of a table."""
    return f"[{'.'.join(name if BARE.fullmatch(name) else quoted(name) for name in names)}]"
