"""The rollback.toml of one host: that of the fleet, with this host's connection."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence.run_folder import write_private
from pytest_rollback.extras.fleet.members.inventory import FleetMember

TABLE = re.compile(r"^\s*\[+\s*([\w.\"'-]+)\s*\]+")


def write(path: Path, source: Path, member: FleetMember) -> None:
    """Write the rollback.toml of one host.

    Args:
        path: where to; its folder is there.
        source: the rollback.toml of the fleet.
        member: the host.

    Raises:
        UsageError: the key cannot be replaced.
    """
    text = source.read_text("utf-8")
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
