"""The command that writes the draft of a run's review."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.agent.system.masking.shapes import masked
from pytest_rollback.errors import UsageError
from pytest_rollback.evidence.runs import rolled_back
from pytest_rollback.extras.incident import postmortem as review
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import add_runs, runs_of

REVIEW = "Write a draft of the postmortem of a run: timeline, failures, and questions to answer."
REVIEW_STORY = """
  {me}                        print that of the latest rollback
  {me} 20261124-061200 --write   write it into reports/, beside the run folder
  {me} RUN --to FILE          write it into a new file

exit codes: 0 written; 1 it could not be written; 4 usage, no such run, or a run that was killed
"""


def parser(program: str) -> Parser:
    """Return the parser of the arguments."""
    whole = Parser(
        prog=program,
        description=REVIEW,
        epilog=REVIEW_STORY.format(me=program),
    )
    add = whole.add_argument
    add("run", nargs="?", metavar="RUN", help="run id, the beginning of it, or run folder")
    add_runs(whole)
    where = whole.add_mutually_exclusive_group()
    where.add_argument("--write", action="store_true", help="write it beside the run folder")
    where.add_argument("--to", type=Path, metavar="FILE", help="write it into this file")
    return whole


def main(arguments: Sequence[str], program: str) -> int:
    """Print or write the draft; return the exit code."""
    asked = parser(program).parse_args(arguments)
    where = rolled_back(runs_of(asked), asked.run)
    text = masked(review.draft(where))
    target = asked.to or where.with_name(f"{where.name}-{review.NAME}")
    if not (asked.write or asked.to):
        sys.stdout.write(text)
        return 0
    try:
        # What somebody has filled in is not written over.
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
    except FileExistsError as error:
        hint = f"remove it, or use another file: {program} {where.name} --to FILE"
        raise UsageError(f"{target} exists already", hint=hint) from error
    shown(str(target))
    return 0
