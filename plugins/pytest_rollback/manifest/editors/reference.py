"""`docs/manifest.md`: every key of `rollback.toml`, made of the schema, so never stale."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_rollback.manifest.editors.json_schema import JsonSchema, SchemaKey
from pytest_rollback.manifest.values import DURATION, SHARE, SIZE

HEAD = """\
# rollback.toml, key by key

Made by `scripts/dev/schema --write` of the models and of the comments in
[rollback.toml](../rollback.toml); a test fails when it is stale. Editors that know JSON Schema
check the file as you type: its first line names [rollback.schema.json](rollback.schema.json).

Durations carry a unit (`"100ms"`, `"3s"`, `"15m"`, `"2h"`, `"90d"`), shares a percent sign
(`"50%"`), sizes a unit (`"500MB"`, `"10GB"`), bounds a comparison (`"> 50%"`, `">= 1m"`). Paths
are relative to the root unless the type says *absolute path*. Patterns are Python regular
expressions. An unknown key, a wrong type or a contradiction ends every command with exit code 4 and
lists all problems at once.
"""
SEVERAL = ("components", "constructs", "noise", "severities", "waivers", "channels", "contacts")
"""Tables that are arrays of tables."""


def manual(schema: JsonSchema) -> str:
    """Return the page."""
    sections = ["\n".join(section(schema, *pair)) for pair in schema.tables()]
    return "\n".join([HEAD, *sections])


def section(schema: JsonSchema, table: str, name: str) -> Iterator[str]:
    """Yield the lines about one table."""
    definition = schema.definitions[name]
    yield f"## {header(table)}\n"
    yield definition.description.partition("`: ")[2].capitalize() or definition.description
    yield "\n| key | type | default | meaning |\n| --- | --- | --- | --- |"
    for key, field in definition.properties.items():
        fallback = "required" if key in definition.required else default(field)
        words = field.description.replace("|", "\\|")
        yield f"| `{key}` | {kind(field)} | {fallback} | {words} |"
    yield ""


def header(table: str) -> str:
    """Return a table's header as it is written in the file."""
    if table.rpartition(".")[2] in SEVERAL:
        return f"[[{table}]]"
    first, _, inner = table.partition(".")
    if first != "probes":
        return f"[{table}]"
    named = f"{inner}.HEADER" if inner == "secret_headers" else inner
    return f"[{'.'.join(filter(None, ('probes.NAME', named)))}]"


def default(field: SchemaKey) -> str:
    """Return a default as it would be written in the file."""
    if field.default is None or field.default == "":
        return "none"
    if field.default and field.items and field.items.reference:
        return "the procedure's"
    return "`" + json.dumps(field.default).replace("\\\\", "\\").replace("|", "\\|") + "`"


def kind(field: SchemaKey) -> str:
    """Return a key's type in words."""
    if field.enum:
        return " or ".join(f'`"{value}"`' for value in field.enum)
    for written, word in ((DURATION, "duration"), (SHARE, "share"), (SIZE, "size")):
        if written.pattern in field.pattern:
            return "bound" if ">" in field.pattern else word
    if field.pattern.startswith(("^(?!/)", "^(?!(.*/)", "^/")):
        return "absolute path" if field.pattern.startswith("^/") else "path"
    if field.format == "date":
        return "date"
    if field.type == "array" and field.items:
        return f"list of {several(field.items)}"
    return {"object": "table", "boolean": "true or false"}.get(field.type, plain(field))


def several(items: SchemaKey) -> str:
    """Return the plural of what a list holds."""
    if items.reference:
        return "tables"
    return {"true or false": "flags"}.get(kind(items), f"{kind(items)}s")


def plain(field: SchemaKey) -> str:
    """Return the word for a number, a text, or a table of its own."""
    if field.definition:
        return "table"
    return {"integer": "number", "number": "number"}.get(field.type, "text")
