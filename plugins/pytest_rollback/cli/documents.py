"""Commands that write a document: the page of all runs, and the JSON Schema of rollback.toml."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.errors import UsageError
from pytest_rollback.manifest.json_schema import JsonSchema
from pytest_rollback.manifest.reference import manual
from pytest_rollback.manifest.schema import schema
from pytest_rollback.report import all_runs
from pytest_rollback.run.command_line import REPOSITORY, Parser, reports, shown

SCHEMA = "Print the JSON Schema of rollback.toml; --write also updates the pages in docs/."
SCHEMA_CODES = (
    "exit codes: 0 done, or docs/ is up to date; 1 docs/ is stale or cannot be written; 4 usage"
)


def made() -> dict[Path, str]:
    """Return what is made of the models and of the comments in rollback.toml, by its place."""
    found = schema((REPOSITORY / "rollback.toml").read_text("utf-8"))
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    docs = REPOSITORY / "docs"
    return {
        docs / "rollback.schema.json": text,
        docs / "manifest.md": manual(JsonSchema.model_validate(found)),
    }


def stale(files: dict[Path, str]) -> list[Path]:
    """Return the files that are not what they would be made now."""
    return [path for path, text in files.items() if not path.exists() or path.read_text() != text]


def schema_command(arguments: Sequence[str], program: str) -> int:
    """Print, write or check; return the exit code."""
    parser = Parser(prog=program, description=SCHEMA, epilog=SCHEMA_CODES)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="update docs/")
    what.add_argument("--check", action="store_true", help="exit 1 when docs/ is stale")
    asked, files = parser.parse_args(arguments), made()
    old = stale(files)
    if asked.write:
        for path in old:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path])
    elif asked.check:
        for path in old:
            shown(f"{path.relative_to(REPOSITORY)} is stale\nHINT: {program} --write")
        return int(bool(old))
    else:
        sys.stdout.write(next(iter(files.values())))
    return 0


INDEX = "Write reports/index.html: all runs with verdicts and times, trends, and due drills."
INDEX_CODES = "exit codes: 0 written; 1 it could not be written; 4 usage, or no such folder"


def index(arguments: Sequence[str], program: str) -> int:
    """Write the page of all runs; return the exit code."""
    parser = Parser(
        prog=program,
        description=INDEX,
        epilog=INDEX_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "reports", nargs="?", type=Path, default=reports(REPOSITORY), metavar="FOLDER"
    )
    home = parser.parse_args(arguments).reports
    if not home.is_dir():
        raise UsageError(f"{home} is not a folder", hint="give the folder with the runs")
    shown(str(all_runs.write(home)))
    return 0
