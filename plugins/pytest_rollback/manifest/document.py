"""A TOML document before it is checked: what its values can be, and how they become frozen data."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from typing import TypeAlias

from pytest_rollback.agent.messages.configuration import is_too_deep
from pytest_rollback.errors import ManifestError, printable
from pytest_rollback.text.places import manual

TomlValue: TypeAlias = (
    "str | int | float | dt.date | dt.time | list[TomlValue] | tuple[TomlValue, ...] | TomlTable"
)
"""Everything that TOML can hold; an array is a list as it is read, and a tuple once frozen."""

TomlTable: TypeAlias = "dict[str, TomlValue]"
"""A table: its keys are texts."""

LONGEST = 300

AT = re.compile(r"\(at line (\d+), column \d+\)")


def decoded(raw: bytes, source: str) -> TomlTable:
    """Return the document that bytes hold.

    Raises:
        ManifestError: they are not TOML; the finding is the line at fault.
    """
    number, source = 0, one_line(source)
    try:
        text = raw.decode("utf-8-sig")
        return read(text)
    except UnicodeDecodeError as error:
        why, number = f"{error.reason}, expected UTF-8", raw[: error.start].count(b"\n") + 1
    except tomllib.TOMLDecodeError as error:
        why, found = str(error), AT.search(str(error))
        number = int(found[1]) if found else raw.count(b"\n") + 1
    except (RecursionError, ValueError) as error:
        deep = isinstance(error, RecursionError)
        why = "brackets or keys are nested too deep" if deep else f"{error}".partition(";")[0]
        raise ManifestError(
            f"{source}: is not valid TOML: {why}",
            hint=f"correct {source}; {manual()} explains every key",
        ) from None
    line = raw.split(b"\n")[number - 1 : number]
    raise ManifestError(
        f"{source}: is not valid TOML: {why}",
        hint=f"correct line {number} of {source}",
        findings=[one_line(f"line {number}: {each.decode('utf-8', 'replace')}") for each in line],
    )


def read(text: str) -> TomlTable:
    """Return the document that a text holds.

    Raises:
        RecursionError: it is nested deeper than is read.
        TOMLDecodeError: it is not TOML.
    """
    if is_too_deep(text):
        raise RecursionError
    return tomllib.loads(text)


def one_line(text: str) -> str:
    """Return what a file says as one line of at most 300 characters that a terminal can show."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return printable(cut)


def frozen(table: TomlTable) -> TomlTable:
    """Return a table with tuples instead of lists, at every depth, as strict models expect."""
    return {key: frozen_value(item) for key, item in table.items()}


def frozen_value(value: TomlValue) -> TomlValue:
    """Return a value with tuples instead of lists, at every depth."""
    if isinstance(value, dict):
        return frozen(value)
    return tuple(frozen_value(item) for item in value) if isinstance(value, list) else value


def tables(value: TomlValue | None) -> list[TomlTable]:
    """Return the tables of an array of tables; empty where the value is something else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(value: TomlValue | None) -> list[str]:
    """Return the texts of an array; empty where the value is something else."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def table(value: TomlValue | None) -> TomlTable:
    """Return a table; an empty one where the value is something else."""
    return value if isinstance(value, dict) else {}
