"""The command that writes the JSON Schema of rollback.toml, and the pages made of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.manifest.editors.json_schema import JsonSchema
from pytest_rollback.manifest.editors.reference import manual
from pytest_rollback.manifest.editors.schema import schema
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import repository, shown
from pytest_rollback.text.places import EXAMPLE

SCHEMA = "Print the JSON Schema of rollback.toml; --write also updates the pages in docs/."
SCHEMA_CODES = """
examples:
  {me} > rollback.schema.json
  {me} --check

exit codes: 0 done, or docs/ is up to date; 1 docs/ is stale or cannot be written; 4 usage
"""


def made() -> dict[str, str]:
    """Return what is made of the models and of the comments in rollback.toml, by its place."""
    found = schema(EXAMPLE.read_text("utf-8"))
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return {
        "docs/rollback.schema.json": text,
        "docs/manifest.md": manual(JsonSchema.model_validate(found)),
    }


def stale(files: dict[str, str]) -> list[Path]:
    """Return the files of the checkout that are not what they would be made now."""
    named = {repository() / name: text for name, text in files.items()}
    return [path for path, text in named.items() if not path.exists() or path.read_text() != text]


def schema_command(arguments: Sequence[str], program: str) -> int:
    """Print, write or check; return the exit code."""
    parser = Parser(prog=program, description=SCHEMA, epilog=SCHEMA_CODES.format(me=program))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="update docs/")
    what.add_argument("--check", action="store_true", help="exit 1 when docs/ is stale")
    asked, files = parser.parse_args(arguments), made()
    if not (asked.write or asked.check):
        sys.stdout.write(next(iter(files.values())))
        return 0
    old = [path.relative_to(repository()).as_posix() for path in stale(files)]
    for name in old:
        if asked.write:
            (repository() / name).parent.mkdir(exist_ok=True)
            (repository() / name).write_text(files[name])
        else:
            shown(f"{name} is stale\nHINT: {program} --write")
    return int(asked.check and bool(old))
