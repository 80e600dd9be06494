#!/usr/bin/env python3
"""Phase 4: asks the component in this file's name all its probes, on the target's own host."""

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
    """Ask what the name of this file is about; return the exit code."""
    made = procedure.parser(__file__, __doc__ or "")
    return procedure.called(
        made,
        lambda asked, at: procedure.answering(
            at, procedure.chosen(at.system, __file__, asked.component)
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
