"""The commands about reports: open that of a run, list all runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence.run_folder import REPORT
from pytest_rollback.evidence.runs import folder
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.report import all_runs
from pytest_rollback.report.run_summary import RunSummary
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import add_runs, runs_of
from pytest_rollback.text.quantities import clock

OPEN = "Open the report of a run in a browser; without one, print where it is."
OPEN_STORY = """
examples:
  {me}
  {me} 20261124-061200 --target=sandbox

exit codes: 0 shown; 4 usage, no such run, or one that has no report
"""
LIST = "List the latest runs, and write the page of all runs: verdicts, times, trends, due drills."
LIST_STORY = """
examples:
  {me}
  {me} --target=sandbox

exit codes: 0 written; 1 it could not be written; 4 usage, or no such folder
"""
MOST = 20
"""Runs that are listed; the page has all of them."""


def parser(program: str, about: str, story: str) -> Parser:
    """Return the parser of a command about reports."""
    made = Parser(
        prog=program,
        description=about,
        epilog=story.format(me=program),
    )
    add_runs(made)
    return made


def open_(arguments: Sequence[str], program: str) -> int:
    """Show the report of a run; return the exit code."""
    made = parser(program, OPEN, OPEN_STORY)
    made.add_argument("run", nargs="?", metavar="RUN", help="run id or folder; default: the latest")
    asked = made.parse_args(arguments)
    where = folder(runs_of(asked), asked.run)
    page = where / REPORT
    if not page.is_file():
        raise UsageError(
            f"{where.name} has no report: the run has not ended, or was killed",
            hint=f"rollback report rebuild {where.name}",
        )
    shown(str(page))
    browser = shutil.which("xdg-open")
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if browser and screen and sys.stdout.isatty():
        with TICKER.paused():  # it may be one of the terminal
            subprocess.run([browser, str(page)], check=False)
    return 0


def list_(arguments: Sequence[str], program: str) -> int:
    """Write the page of all runs, and print the latest; return the exit code."""
    home = runs_of(parser(program, LIST, LIST_STORY).parse_args(arguments))
    if not home.is_dir():
        raise UsageError(
            f"{home} is not a folder: no run has left a report there",
            hint="rollback ready leaves one",
        )
    page = all_runs.write(home)
    shown("\n".join([*map(line, all_runs.runs(home)[-MOST:]), str(page)]))
    return 0


def line(run: RunSummary) -> str:
    """Return one run for people: its id, target, suites, verdict and time."""
    return "  ".join(words(run)).rstrip()


def words(run: RunSummary) -> Iterator[str]:
    """Yield what the line of a run says."""
    yield run.run
    yield f"{run.target or '?':<12}"
    yield f"{run.verdict or 'NOT FINISHED':<14}"
    yield f"{clock(run.elapsed):>7}"
    yield ", ".join(run.told)
