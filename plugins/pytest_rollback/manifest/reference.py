"""`docs/manifest.md`: every key of `rollback.toml`, made of the schema, so never stale."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_rollback.manifest.schema import tables
from pytest_rollback.manifest.values import DURATION, SHARE

HEAD = """\
# rollback.toml, key by key

Made by `scripts/schema --write` of the models and of the comments in
[rollback.toml](../rollback.toml); a test fails when it is stale. Editors that know JSON Schema
check the file as you type: its first line names [rollback.schema.json](rollback.schema.json).

Durations carry a unit (`"100ms"`, `"3s"`, `"15m"`, `"2h"`, `"90d"`), shares a percent sign
(`"50%"`), bounds either with a comparison (`"> 50%"`, `">= 1m"`). Paths are relative to the root
unless the type says *absolute path*. Patterns are Python regular expressions. An unknown key, a
wrong type or a contradiction ends every command with exit code 4 and lists all problems at once.
"""
SEVERAL = ("components", "constructs", "noise", "severities", "waivers", "channels", "contacts")
"""Tables that are arrays of tables."""


def manual(schema: Mapping[str, Any]) -> str:
    """Return the page."""
    sections = ["\n".join(section(schema, *pair)) for pair in tables(schema)]
    return "\n".join([HEAD, *sections])


def section(schema: Mapping[str, Any], table: str, name: str) -> Iterator[str]:
    """Yield the lines about one table."""
    definition = schema["$defs"][name]
    yield f"## {header(table)}\n"
    yield definition["description"].partition("`: ")[2].capitalize() or definition["description"]
    yield "\n| key | type | default | meaning |\n| --- | --- | --- | --- |"
    required = definition.get("required", ())
    for key, field in definition["properties"].items():
        fallback = "required" if key in required else default(field)
        words = field.get("description", "").replace("|", "\\|")
        yield f"| `{key}` | {kind(field)} | {fallback} | {words} |"
    yield ""


def header(table: str) -> str:
    """Return a table's header as it is written in the file."""
    if table.rpartition(".")[2] in SEVERAL:
        return f"[[{table}]]"
    return "[probes.NAME]" if table == "probes" else f"[{table}]"


def default(field: Mapping[str, Any]) -> str:
    """Return a default as it would be written in the file."""
    if "default" not in field or field["default"] == "":
        return "none"
    if field["default"] and "$ref" in field.get("items", ()):
        return "the procedure's"
    return "`" + json.dumps(field["default"]).replace("\\\\", "\\").replace("|", "\\|") + "`"


def kind(field: Mapping[str, Any]) -> str:
    """Return a key's type in words."""
    pattern = field.get("pattern", "")
    if "enum" in field:
        return " or ".join(f'`"{value}"`' for value in field["enum"])
    for written, word in ((DURATION, "duration"), (SHARE, "share")):
        if written.pattern in pattern:
            return "bound" if ">" in pattern else word
    if pattern.startswith(("^(?!/)", "^/")):
        return "absolute path" if pattern.startswith("^/") else "path"
    if field.get("format") == "date":
        return "date"
    if field.get("type") == "array":
        return f"list of {several(field['items'])}"
    return {"object": "table", "boolean": "true or false"}.get(field.get("type", ""), plain(field))


def several(items: Mapping[str, Any]) -> str:
    """Return the plural of what a list holds."""
    return (
        "tables"
        if "$ref" in items
        else {"true or false": "flags"}.get(kind(items), kind(items) + "s")
    )


def plain(field: Mapping[str, Any]) -> str:
    """Return the word for a number or a text."""
    return {"integer": "number", "number": "number"}.get(field.get("type", ""), "text")
