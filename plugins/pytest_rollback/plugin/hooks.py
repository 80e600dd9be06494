"""The hooks that pytest calls: options, collection, parameters, letters of outcomes."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.plugin import collection, options
from pytest_rollback.plugin.collecting.unknown import refuse_unknown
from pytest_rollback.plugin.output import ticking
from pytest_rollback.plugin.session import run_of
from pytest_rollback.plugin.stash import RUN, SEAL, criterion_of
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.run import extras, hookspecs
from pytest_rollback.run.shipped import is_ours, root_of
from pytest_rollback.text.next_steps import next_steps
from pytest_rollback.transport.interrupts import CODE, INTERRUPTS

if TYPE_CHECKING:
    from pytest_rollback.run.run import Run

PROGRAMS = {"pytest", "py.test", "__main__.py"}
"""Programs that end with their session."""

LETTERS = {
    "met": ".",
    "not met": "F",
    "inconclusive": "I",
    "not reached": "-",
    "waived": "w",
    "advisory": "a",
}


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Have the parts of `extras/` join, and whoever else implements one of our hooks."""
    pluginmanager.add_hookspecs(hookspecs)
    for name, module in extras.joining():
        pluginmanager.register(module, f"rollback-{name}")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare options and settings."""
    try:
        options.declare(parser, extras.Extras(pluginmanager.hook))
    except RollbackError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """Give options their short names in a session of ours, once every conftest has its own.

    Then all options are known, and one that is none is refused in our words.
    """
    known = early_config.known_args_namespace
    ours = collection.is_ours(early_config, known.file_or_dir)
    if ours:
        INTERRUPTS.heed(starting=True)
        ticking.begin_early(early_config)
    else:
        parser.extra_info.pop("HINT", None)  # an option of somebody else is no business of ours
    result = yield
    if ours or known.help:
        options.shorten(parser, extras.Extras(early_config.hook))
    if ours and not (known.help or known.version):
        refuse_unknown(early_config, parser, args)
    return result


ISOLATE = "criteria of the drill that only stop what fails; --isolate evaluates them as a whole"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the manifest before anything else when criteria are asked for: a typo ends it here."""
    if not collection.is_ours(config, config.args):
        return
    config.addinivalue_line("markers", f"isolate: {ISOLATE}")
    if collection.alone(config):
        # The summary says each reason once, with what it stands against; pytest would per row.
        config.option.reportchars, config.option.tbstyle = "N", "no"
    heed(config)
    from pytest_rollback.plugin.collecting.selection import end_as_typed  # noqa: PLC0415 - criteria pay

    ticking.begin(config)
    try:
        end_as_typed(config)
        run = run_of(config)
        if not hasattr(config, "workerinput") and not config.option.collectonly:
            _keep(config, run)
    except RollbackError as error:
        raise _refused(config, error) from error
    except KeyboardInterrupt as error:  # a sandbox was to come up: nothing is left of it
        raise pytest.exit.Exception(_stopped(config), returncode=CODE) from error


def _keep(config: pytest.Config, run: Run) -> None:
    """Have the session leave its report in the run's folder; without one it still goes on."""
    from pytest_rollback.evidence.redaction import Redactor, of_environment  # noqa: PLC0415 - criteria pay
    from pytest_rollback.plugin.html_report import attach, unwritten  # noqa: PLC0415
    from pytest_rollback.plugin.output.session_progress import SessionProgress  # noqa: PLC0415
    from pytest_rollback.plugin.results import JunitMarks, ResultWriter  # noqa: PLC0415

    def told(folder: Path) -> None:
        from pytest_rollback.plugin.lifecycle import keep_seal  # noqa: PLC0415 - it imports this module

        keep_seal(run, folder)

    run.redactor = Redactor(of_environment(os.environ) | run.extras.secrets(run.system))
    run.timeline.redact = run.redactor.data
    writer = ResultWriter(config, run)
    config.pluginmanager.register(writer)
    config.pluginmanager.register(JunitMarks(config))
    if writer.quiet:
        TICKER.stop()
    config.pluginmanager.register(SessionProgress(run))
    try:
        config.stash[SEAL] = attach(
            config, run.folder, run.record, run.redactor, told=told, steps=run.next_steps
        )
    except OSError as error:
        run.notes.append(unwritten(run.folder, error, run.next_steps))


def heed(config: pytest.Config) -> None:
    """Have SIGINT, SIGTERM and SIGHUP end the session in order, until the process ends.

    Only a program that goes on after the session gets back what it did about them before.
    """
    before = INTERRUPTS.heed()
    if Path(sys.argv[0]).name not in PROGRAMS:
        config.add_cleanup(before)


def _stopped(config: pytest.Config) -> str:
    words = config.invocation_params.args
    again = next_steps(words, config.getini("rollback_door")).again(words)
    return f"interrupted: nothing was changed\nHINT: {again}"


def _refused(config: pytest.Config, error: RollbackError) -> BaseException:
    from pytest_rollback.agent.system.masking.shapes import masked  # noqa: PLC0415 - who is refused pays

    steps = next_steps(config.invocation_params.args, config.getini("rollback_door"))
    code, words = options.refused(config, error), masked(steps.completed(str(error)))
    if isinstance(error, UsageError) and code == error.exit_code:
        return pytest.UsageError(words)
    return pytest.exit.Exception(words, returncode=code)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - pytest-xdist ships no types
    """Tell a worker of pytest-xdist which run it works for."""
    run = node.config.stash.get(RUN, None)
    if run is not None:
        node.workerinput["rollback"] = {
            "manifest": str(run.loaded.path.absolute()),
            "identity": run.identity,
            "demonstration": run.demonstration,
        }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask a criterion once for each `component`, or for each `owner`: a component, or `shared`."""
    if not hasattr(metafunc.function, "criterion"):
        return
    components = run_of(metafunc.config).components
    names = [each.name for each in components]
    if "component" in metafunc.fixturenames:
        metafunc.parametrize("component", components, ids=names)
    if "owner" in metafunc.fixturenames:
        metafunc.parametrize("owner", [*names, "shared"])


def pytest_itemcollected(item: pytest.Item) -> None:
    """Have `-k` take the id of a criterion, as reports and hints name it; settle its limits."""
    found = criterion_of(item)
    if found is not None:
        from pytest_rollback.plugin.collecting.selection import settle  # noqa: PLC0415 - criteria pay

        item.extra_keyword_matches.add(found.identity)
        settle(item)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test under `suites/` that has no criterion id: it would be in no report."""
    bare = [each for each in items if root_of(each.path) and criterion_of(each) is None]
    for item in bare:
        if is_ours(item.path):
            pytest.exit(f"{item.nodeid} has no criterion id\nHINT: add the decorator", returncode=4)


def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """Give every outcome its letter."""
    outcome = getattr(report, "criterion", None)
    if outcome is None or report.when == "teardown":
        return None
    word = outcome["outcome"]
    letter = LETTERS[word] if report.failed or not options.value(config, "--live") else ""
    said = "failed" if word == "not met" else "could not run"
    return (said if report.failed else word), letter, word.upper()
