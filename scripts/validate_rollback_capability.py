#!/usr/bin/env python3
"""Tells whether the target could be rolled back right now: READY or NOT READY; it only reads."""

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
    """Run the readiness suite; return the exit code."""
    made = procedure.parser(__file__, __doc__ or "", "; 10 it cannot be told")
    return procedure.suite(made, "suites/readiness")


if __name__ == "__main__":
    sys.exit(main())
