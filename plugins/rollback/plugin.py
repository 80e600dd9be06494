"""The pytest plugin: options, collection, outcomes, summary. The only module that configures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rollback.errors import RollbackError, UsageError

if TYPE_CHECKING:
    from rollback.criteria import Outcome
    from rollback.run import Run

RUN: pytest.StashKey[Run] = pytest.StashKey()
LETTERS = {"met": ".", "not met": "F", "inconclusive": "I", "waived": "w"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare what a run can be told."""
    group = parser.getgroup("rollback")
    group.addoption("--rollback-target", metavar="PATH", help="the rollback.toml to use")
    group.addoption("--incident", metavar="ID", help="the incident that the report belongs to")
    group.addoption("--arm", metavar="TARGET", help="allow changes on the target of this name")
    parser.addini("rollback_target", "the rollback.toml to use", default="rollback.toml")
    parser.addini("rollback_sandbox", "the folder of the sandbox's system", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Read the manifest before anything else when criteria are asked for: a typo ends it here."""
    if any("suites" in Path(argument).parts for argument in config.args):
        # The summary says each reason once, with what it stands against; pytest would say it per row.
        config.option.reportchars, config.option.tbstyle = "N", "no"
        try:
            run_of(config)
        except UsageError as error:
            raise pytest.UsageError(str(error)) from error


def run_of(config: pytest.Config) -> Run:
    """Return the run of this session; the manifest is read when it is first asked for."""
    if RUN not in config.stash:
        from rollback.manifest import load  # noqa: PLC0415 - only sessions with criteria pay for it
        from rollback.run import Run  # noqa: PLC0415

        named = config.getoption("--rollback-target") or config.getini("rollback_target")
        config.stash[RUN] = Run(load(_path(config, named)), config.getoption("--incident"))
    return config.stash[RUN]


def _path(config: pytest.Config, named: str) -> Path:
    if named == "sandbox":
        raise UsageError(
            "the sandbox is not part of this version",
            hint="name your system's description: --rollback-target=PATH",
        )
    return config.invocation_params.dir / named


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask a criterion once for each `component`, or for each `owner`: a component, or `shared`."""
    if not hasattr(metafunc.function, "criterion"):
        return
    components = run_of(metafunc.config).system.components
    names = [each.name for each in components]
    if "component" in metafunc.fixturenames:
        metafunc.parametrize("component", components, ids=names)
    if "owner" in metafunc.fixturenames:
        metafunc.parametrize("owner", [*names, "shared"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test under `suites/` that has no criterion id: it would be in no report."""
    for item in items:
        if "suites" in item.path.parts and not hasattr(getattr(item, "obj", None), "criterion"):
            pytest.exit(f"{item.nodeid} has no criterion id\nHINT: decorate it", returncode=4)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn what a criterion raised into an outcome; a skip is none of them."""
    report = yield
    if not hasattr(getattr(item, "obj", None), "criterion"):
        return report
    if report.when == "call" or (report.when == "setup" and not report.passed):
        _settle(item, call, report)
    return report


def _settle(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    outcome = _outcome(item, call)
    run_of(item.config).outcomes.append(outcome)
    report.outcome = "passed" if outcome.outcome in {"met", "waived"} else "failed"
    report.criterion_outcome = outcome.outcome  # type: ignore[attr-defined]
    if report.failed:
        where = f"[{outcome.component}] " if outcome.component else ""
        report.longrepr = f"{outcome.identity} {where}{outcome.outcome}: {outcome.message}" + (
            f"\nHINT: {outcome.hint}" if outcome.hint else ""
        )


def _outcome(item: pytest.Item, call: pytest.CallInfo[None]) -> Outcome:
    from rollback import criteria  # noqa: PLC0415 - only sessions with criteria pay for it

    run, error = run_of(item.config), call.excinfo.value if call.excinfo else None
    identity = item.obj.criterion  # type: ignore[attr-defined]
    params = getattr(getattr(item, "callspec", None), "params", {})
    name = params["component"].name if "component" in params else params.get("owner")
    outcome, message = criteria.judged(error), _message(error)
    excuse = criteria.waiver(run.system.waivers, identity, name) if error else None
    if excuse:
        held = criteria.holds(excuse, dt.datetime.now(dt.UTC))
        outcome = "waived" if held else outcome
        message += f"\nwaiver of {excuse.owner} {'until' if held else 'EXPIRED'} {excuse.until}"
    title = (item.obj.__doc__ or "").split("\n")[0]  # type: ignore[attr-defined]
    hint = error.hint if isinstance(error, RollbackError) else ""
    code = error.exit_code if isinstance(error, RollbackError) else int(error is not None)
    return criteria.Outcome(identity, name, outcome, title, call.duration, message, hint, code)


def _message(error: BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, RollbackError):
        return error.message
    if isinstance(error, pytest.skip.Exception):
        return "it was skipped, and what was not checked is not met"
    return str(error) or type(error).__name__


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Give every outcome its letter."""
    outcome = getattr(report, "criterion_outcome", None)
    if outcome is None or report.when == "teardown":
        return None
    category = "failed" if report.failed else outcome
    return category, LETTERS[outcome], outcome.upper()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Set the exit code that the criteria ask for; an interrupt keeps its own."""
    run = session.config.stash.get(RUN, None)
    if run is not None and run.outcomes and session.exitstatus in {0, 1}:
        session.exitstatus = run.exit_code


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which target a run with criteria is about."""
    named = config.getoption("--rollback-target")
    return [f"rollback target: {named}"] if named else []


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """End with the verdict, the reasons against it, and where the report lies."""
    run = config.stash.get(RUN, None)
    if run is None or not run.outcomes:
        return
    terminalreporter.section(f"{run.verdict} ({run.system.target.name})")
    for lines in run.grouped():
        terminalreporter.write_line(lines)
    try:
        terminalreporter.write_line(f"report: {run.write(config.rootpath / 'reports')}")
    except OSError as error:
        terminalreporter.write_line(f"no report could be written: {error}")
