"""`rollback status`: the runs that the host knows, or one of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pytest_rollback.cli.target import TargetCommand, parser
from pytest_rollback.recovery import status
from pytest_rollback.run.command_line.shared import shown

STATUS = "List the runs that are recorded on the host; of one, how far it came and what is next."
STATUS_STORY = """
examples:
  {me}
  {me} --watch --target=shop/rollback.toml

exit codes: 0 shown; 4 usage, or no such run; 7 the host cannot be used
"""


def show(asked: argparse.Namespace, at: TargetCommand) -> int:
    """Print the runs that the host knows, or one of them; return the exit code."""
    found = status.runs(at.connection, asked.run or "")
    if asked.run and not found:
        at.no_such_run(asked.run, [each.id for each in status.runs(at.connection)])
    if asked.watch and found:
        from pytest_rollback.cli.standing.status_watch import Watched, watch  # noqa: PLC0415 - it imports more

        return watch(Watched(at.connection, at.system, at.reports), found[-1])
    back = status.ways(at.connection, at.system, found[-1]) if found else status.FREE
    told = status.detail(found[0], back) if asked.run else None
    lines = told or status.table(found, back)
    shown("\n".join(lines) or f"no rollback has been started on {at.system.target.name}")
    return 0


def main(arguments: Sequence[str], program: str) -> int:
    """Show the runs that the host knows; return the exit code."""
    made = parser(program, STATUS, STATUS_STORY)
    made.add_argument("run", nargs="?", metavar="RUN", help="only this run, with its steps")
    made.add_argument("--watch", action="store_true", help="look every 2 s until the run is over")
    asked = made.parse_args(arguments)
    with TargetCommand.opened(asked, arguments, program) as at:
        return show(asked, at)
