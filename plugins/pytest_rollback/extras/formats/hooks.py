"""Hooks of the output formats: the option, and the files that are written at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.run.extra_types import ExtraOption, Given, ResultText, RunResult
from pytest_rollback.run.hookspecs import hookimpl

if TYPE_CHECKING:
    from pytest_rollback.extras.formats.option import OutputFormat

OPTION = "--rollback-format"


@hookimpl
def pytest_rollback_options() -> Sequence[ExtraOption]:
    """Add the option."""
    about = (
        "also write the result in these formats; nagios prints one line, exit code 0 to 3; github "
        "annotates a job of GitHub Actions"
    )
    return (ExtraOption(OPTION, about, "json:PATH,prometheus:PATH,nagios,github", setting=True),)


@hookimpl
def pytest_rollback_check(given: Given) -> None:
    """Refuse an unknown format; before anything is printed, GitHub's runner is made deaf to it."""
    if given.get(OPTION) is not None:
        _wanted(given)
    if _asked(given, "github"):
        from pytest_rollback.extras.formats import github  # noqa: PLC0415 - only who asked pays

        sys.stdout.write(f"{github.deaf()}\n")


@hookimpl
def pytest_rollback_quiet(given: Given) -> bool | None:
    """Print the only line that Nagios reads."""
    return True if _asked(given, "nagios") else None


@hookimpl
def pytest_rollback_result(result: RunResult) -> ResultText | None:
    """Write every format; with Nagios the line and the exit code are Nagios'."""
    if result.given.get(OPTION) is None:
        return None
    from pytest_rollback.extras.formats import files, github, nagios  # noqa: PLC0415 - who asked pays

    problems = tuple(files.write_all(_wanted(result.given), result))
    if _asked(result.given, "nagios"):
        return nagios.result(result.record, result.code, problems)
    if not _asked(result.given, "github"):
        return ResultText(problems=problems)
    page = os.environ.get(github.SUMMARY)
    unwritten = github.add(Path(page), result.record) if page else ""
    return ResultText(
        "\n".join(github.lines(result.record, result.code)),
        problems=(*problems, *filter(None, [unwritten])),
    )


@hookimpl
def pytest_rollback_refused(given: Given, message: str) -> ResultText | None:
    """Print the lines for Nagios or GitHub, if one was asked for, even wrongly."""
    from pytest_rollback.extras.formats import github, nagios  # noqa: PLC0415 - only a refusal pays

    if _asked(given, "nagios"):
        return ResultText(nagios.unknown(message), code=nagios.UNKNOWN)
    return ResultText(github.refused(message)) if _asked(given, "github") else None


def _wanted(given: Given) -> Sequence[OutputFormat]:
    from pytest_rollback.extras.formats.option import wanted  # noqa: PLC0415 - only who asked pays

    return wanted(str(given[OPTION]))


def _asked(given: Given, kind: str) -> bool:
    return kind in {each.strip() for each in str(given.get(OPTION) or "").split(",")}
