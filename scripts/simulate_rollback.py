#!/usr/bin/env python3
"""Shows what a rollback of the target would do, with estimated minutes; changes nothing."""

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
    """Rehearse the drill; return the exit code."""
    made = procedure.parser(__file__, __doc__ or "", "; 10 it cannot be told")
    made.add_argument("--dry-run", action="store_true", help="what it does anyway")
    return procedure.suite(made, "suites/drill", "--dry-run")


if __name__ == "__main__":
    sys.exit(main())
