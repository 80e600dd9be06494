#!/usr/bin/env python3
"""Phase 3: clears stale bytecode beside restored sources, then tries every live import."""

from __future__ import annotations

import os
import sys
from pathlib import Path

OURS = Path(__file__).resolve().parents[1] / ".venv/bin/python"

try:
    from pytest_rollback.cli import procedure
except ModuleNotFoundError as missing:
    if OURS.exists() and sys.prefix != str(OURS.parents[1]):
        os.execv(OURS, [str(OURS), __file__, *sys.argv[1:]])  # noqa: S606 - the same file again
    print(f"{missing.name} is not installed\\nHINT: make setup", file=sys.stderr)
    sys.exit(4)


def main() -> int:
    """Show what is stale, clear it once armed, try the imports; return the exit code."""
    made = procedure.parser(
        __file__,
        __doc__ or "",
        "; 12 another run is at work; 13 the name of the target was not given",
    )
    add = made.add_argument
    add(
        "--from-backup", action="store_true", help="as the backup set has it; there is no other way"
    )
    add("--arm", metavar="TARGET", help="the name of the target, where nobody can type it")
    add("--dry-run", action="store_true", help="show the plan and try the imports; change nothing")
    return procedure.called(
        made,
        lambda asked, at: procedure.restoring(at, asked.component, asked.arm, dry=asked.dry_run),
    )


if __name__ == "__main__":
    sys.exit(main())
