#!/usr/bin/env python3
"""Phase 4: asks every component all its probes, and the edge what users get; end to end."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

OURS = Path(__file__).resolve().parents[1] / ".venv/bin/python"

try:
    from pytest_rollback.cli import procedure
except ModuleNotFoundError as missing:
    if OURS.exists() and sys.prefix != str(OURS.parents[1]):
        os.execv(OURS, [str(OURS), __file__, *sys.argv[1:]])  # noqa: S606 - the same file again
    print(f"{missing.name} is not installed\\nHINT: make setup", file=sys.stderr)
    sys.exit(4)

if TYPE_CHECKING:
    from pytest_rollback.cli.rollback import RollbackCommand


def main() -> int:
    """Ask everything; return the exit code."""
    made = procedure.parser(__file__, __doc__ or "")

    def whole(asked: argparse.Namespace, at: RollbackCommand) -> int:
        names = asked.component or [each.name for each in at.system.components]
        components = procedure.chosen(at.system, __file__, names)
        return procedure.answering(at, components, edge=not asked.component)

    return procedure.called(made, whole)


if __name__ == "__main__":
    sys.exit(main())
