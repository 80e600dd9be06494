"""Write reports/index.html: all runs with verdict and times, trends, and which drill is due."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.cli.common import REPOSITORY, Parser, reports, shown
from pytest_rollback.errors import UsageError
from pytest_rollback.report import all_runs

CODES = "exit codes: 0 written; 1 it could not be written; 4 usage, or no such folder"


def main(arguments: Sequence[str], program: str) -> int:
    """Write the page of all runs; return the exit code."""
    parser = Parser(
        prog=program,
        description=__doc__,
        epilog=CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "reports", nargs="?", type=Path, default=reports(REPOSITORY), metavar="FOLDER"
    )
    home = parser.parse_args(arguments).reports
    if not home.is_dir():
        raise UsageError(f"{home} is no folder", hint="name the folder that holds the runs")
    shown(str(all_runs.write(home)))
    return 0
