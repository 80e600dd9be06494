"""The JSON Schema of `rollback.toml`: the models, described by the shipped file's comments.

A key is described where people look it up: at the end of its line in `rollback.toml`, or of a line
that is commented out where the shipped system has no use for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_rollback.manifest.editors.json_schema import JsonSchema
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.values import DURATION, SHARE, SIZE, SIZES, UNITS

TABLE = re.compile(r"^(?:# )?\[\[?(?P<table>[\w.-]+)\]\]?")
KEY = re.compile(r"^(?:# )?(?P<key>\w+) = .*?(?<=\S) +# (?P<words>.+)$")
KEYED = {"probes"}
"""Tables whose own tables have names that the user chooses."""

INNER = re.compile(r"^\[(?P<table>[\w.]+)\.(?P<key>\w+)\]\s+# (?P<words>.+)$")
"""The header of a table that is a key of another one, with what that key is for."""


def comments(text: str) -> dict[tuple[str, str], str]:
    """Return what the comments of a `rollback.toml` say: by table and key."""
    found: dict[tuple[str, str], str] = {}
    table = ""
    for line in text.splitlines():
        header = TABLE.match(line)
        if header:
            table = header["table"]
        inner = INNER.match(line)
        if inner:
            found[inner["table"], inner["key"]] = inner["words"]
        entry = KEY.match(line)
        if entry:
            first, *rest = table.split(".")
            place = ".".join([first, *rest[1:2]]) if first in KEYED else table
            found.setdefault((place, entry["key"]), entry["words"])
    return found


def schema(text: str) -> dict[str, Any]:
    """Return the JSON Schema, its keys described by the comments of a `rollback.toml`."""
    made = System.model_json_schema(by_alias=True)
    words = comments(text)
    for table, name in JsonSchema.model_validate(made).tables():
        for key, field in made["$defs"][name]["properties"].items():
            if (table, key) in words:
                field["description"] = words[table, key]
    for each in (made, *made["$defs"].values()):
        each["description"] = " ".join(each["description"].split())
        each["properties"] = {key: as_toml(field) for key, field in each["properties"].items()}
    made["properties"]["probes"]["additionalProperties"] = False
    made["$defs"]["Probe"]["oneOf"] = [{"required": [key]} for key in ("url", "tcp", "command")]
    made["$defs"]["About"]["oneOf"] = [{"required": [key]} for key in ("root", "roots")]
    del made["$defs"]["About"]["properties"]["root"]["default"]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "rollback.toml"}
    return {**made, **head}


def as_toml(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field as TOML can say it: no null, durations with a unit; and without a title."""
    kept = {key: value for key, value in field.items() if key not in {"title", "anyOf"}}
    if {"type": "null"} not in field.get("anyOf", [{"type": "null"}]):  # a text, or a list of it
        return {key: value for key, value in field.items() if key != "title"}
    for choice in field.get("anyOf", ()):
        kept |= choice if choice != {"type": "null"} else {}
    default = kept.get("default")
    if default is None or "$ref" in kept:
        kept.pop("default", None)
    elif DURATION.pattern in kept.get("pattern", ""):
        kept["default"] = largest(default, UNITS)
    elif SHARE.pattern in kept.get("pattern", ""):
        kept["default"] = f"{default * 100:g}%"
    elif SIZE.pattern in kept.get("pattern", ""):
        kept["default"] = largest(default, SIZES)
    return kept


def largest(number: float, units: Mapping[str, float]) -> str:
    """Return a number as one writes it: in the largest unit that leaves a whole number."""
    whole = (unit for unit in units if number % units[unit] == 0)
    unit = max(whole, key=units.__getitem__, default=next(iter(units)))
    return f"{number / units[unit]:.0f}{unit}"
