"""The rollback.toml of one host: that of the fleet, with this host's connection.

What happens once for the whole fleet is left out of it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence.run_folder import write_private
from pytest_rollback.extras.fleet.members.inventory import FleetMember

TABLE = re.compile(r"^\s*\[+\s*([\w.\"'-]+)\s*\]+")
SILENT: dict[str, Any] = {"notify": {"channels": []}}
"""What stands for tables that are left out: without it, readiness would miss channels."""


def write(path: Path, source: Path, member: FleetMember, without: Collection[str] = ()) -> None:
    """Write the rollback.toml of one host.

    Args:
        path: where to; its folder is there.
        source: the rollback.toml of the fleet.
        member: the host.
        without: tables that are not about it.

    Raises:
        UsageError: a key cannot be replaced, or a table not left out.
    """
    text = left_out(source, without)
    before = tomllib.loads(text)
    wanted: dict[str, dict[str, Any]] = {"target": {"connection": member.connection}}
    if "runbook" in before:  # relative to the file it is named in
        wanted["runbook"] = {"path": str(source.parent.absolute() / before["runbook"]["path"])}
    for table, keys in wanted.items():
        for key, value in keys.items():
            text = replaced(text, table, key, value)
    meant = {**before, **{name: {**before[name], **keys} for name, keys in wanted.items()}}
    if tomllib.loads(text) != meant:
        raise UsageError(
            f"{source}: connection in [target] cannot be replaced by that of {member.name}",
            hint='write it as a line of its own below [target]: connection = "ssh://host"',
        )
    write_private(path, text)


def replaced(text: str, table: str, key: str, value: str) -> str:
    """Return TOML in which a key, on a line of its own below its table, has another value."""
    line = re.compile(rf"^\s*{key}\s*=")
    lines, inside = [], ""
    for each in text.splitlines():
        found = TABLE.match(each)
        inside = found[1] if found else inside
        mine = inside == table and line.match(each)
        lines.append(f"{key} = {json.dumps(value)}" if mine else each)
    return "\n".join(lines) + "\n"


def left_out(source: Path, tables: Collection[str]) -> str:
    """Return the text of a rollback.toml without some tables, and what lies in them.

    Raises:
        UsageError: one does not begin with a line of its own.
    """
    text = source.read_text("utf-8")
    before = tomllib.loads(text)
    left = [name for name in before if name in tables]
    if not left:
        return text
    lines, inside = [], ""
    for each in text.splitlines():
        found = TABLE.match(each)
        inside = found[1].partition(".")[0] if found else inside
        lines += [] if inside in tables else [each]
    instead = {name: SILENT[name] for name in left if name in SILENT}
    lines += (f"[{name}]\nchannels = []" for name in instead)
    after = {name: each for name, each in before.items() if name not in left} | instead
    text = "\n".join(lines) + "\n"
    try:
        whole = tomllib.loads(text) == after
    except tomllib.TOMLDecodeError:
        whole = False
    if not whole:
        raise UsageError(
            f"{source}: {', '.join(left)} cannot be left out for a host alone",
            hint=f"begin each of them with a line of its own, such as [{left[0]}]",
        )
    return text
