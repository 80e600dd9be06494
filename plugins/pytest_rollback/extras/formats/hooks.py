"""Hooks of the output formats: the option, and the files that are written at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_rollback.run.extra_types import ExtraOption, Given, ResultText, RunResult
from pytest_rollback.run.hookspecs import hookimpl

if TYPE_CHECKING:
    from pytest_rollback.extras.formats.option import OutputFormat

OPTION = "--rollback-format"


@hookimpl
def pytest_rollback_options() -> Sequence[ExtraOption]:
    """Add the option."""
    about = "also write the result in these formats; nagios prints one line, exit code 0 to 3"
    return (ExtraOption(OPTION, about, "json:PATH,prometheus:PATH,nagios", setting=True),)


@hookimpl
def pytest_rollback_check(given: Given) -> None:
    """Refuse an unknown format."""
    if given.get(OPTION) is not None:
        _wanted(given)


@hookimpl
def pytest_rollback_quiet(given: Given) -> bool | None:
    """Print the only line that Nagios reads."""
    return True if _nagios(given) else None


@hookimpl
def pytest_rollback_result(result: RunResult) -> ResultText | None:
    """Write every format; with Nagios the line and the exit code are Nagios'."""
    if result.given.get(OPTION) is None:
        return None
    from pytest_rollback.extras.formats import files, nagios  # noqa: PLC0415 - only who asked pays

    wanted = _wanted(result.given)
    problems = tuple(files.write_all(wanted, result))
    if not _nagios(result.given):
        return ResultText(problems=problems)
    return nagios.result(result.record, result.code, problems)


@hookimpl
def pytest_rollback_refused(given: Given, message: str) -> ResultText | None:
    """Print the line for Nagios, if the format nagios was asked for, even wrongly."""
    if not _nagios(given):
        return None
    from pytest_rollback.extras.formats import nagios  # noqa: PLC0415 - only a refusal pays for it

    return ResultText(nagios.unknown(message), code=nagios.UNKNOWN)


def _wanted(given: Given) -> Sequence[OutputFormat]:
    from pytest_rollback.extras.formats.option import wanted  # noqa: PLC0415 - only who asked pays

    return wanted(str(given[OPTION]))


def _nagios(given: Given) -> bool:
    return "nagios" in {each.strip() for each in str(given.get(OPTION) or "").split(",")}
