"""The pytest plugin: options, collection, outcomes, summary. The only module that configures."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rollback import options
from rollback.errors import RollbackError, UsageError

if TYPE_CHECKING:
    from rollback.criteria import Criterion
    from rollback.gate import Gate
    from rollback.prober import Prober
    from rollback.report import Seal
    from rollback.run import Run
    from rollback.sandbox.target import Sandbox

RUN: pytest.StashKey[Run] = pytest.StashKey()
SANDBOX: pytest.StashKey[Sandbox] = pytest.StashKey()
GATE: pytest.StashKey[Gate] = pytest.StashKey()
PROBER: pytest.StashKey[Prober] = pytest.StashKey()
SEAL: pytest.StashKey[Seal] = pytest.StashKey()
LETTERS = {
    "met": ".",
    "not met": "F",
    "inconclusive": "I",
    "not reached": "-",
    "waived": "w",
    "advisory": "a",
}
ENDING, CHANGING = (signal.SIGTERM, signal.SIGHUP), {"drill", "troubleshooting"}
SANDBOXES = {"sandbox", "machine"}  # targets that are started for a session


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare what a run can be told."""
    options.declare(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Read the manifest before anything else when criteria are asked for: a typo ends it here."""
    if not any("suites" in Path(argument).parts for argument in config.args):
        return
    # The summary says each reason once, with what it stands against; pytest would say it per row.
    config.option.reportchars, config.option.tbstyle = "N", "no"
    for number in ENDING:
        with contextlib.suppress(ValueError):  # not in the main thread: somebody else's business
            signal.signal(number, _interrupt)
    try:
        run = run_of(config)
    except RollbackError as error:
        raise _refused(config, error) from error
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        _keep(config, run)


def _keep(config: pytest.Config, run: Run) -> None:
    """Have the session leave its report in the run's folder; without one it still goes on."""
    from rollback.redaction import Redactor  # noqa: PLC0415 - only criteria pay for it
    from rollback.report import attach, unwritten  # noqa: PLC0415
    from rollback.telling import known_secrets  # noqa: PLC0415

    run.redactor = Redactor(known_secrets(run.system))
    run.timeline.redact = run.redactor.data
    options.tell_machines(config, run)
    try:
        config.stash[SEAL] = attach(config, run.folder, run.record, run.redactor)
    except OSError as error:
        run.notes.append(unwritten(run.folder, error))


def _interrupt(number: int, _frame: object) -> None:
    """End like Ctrl-C: fixtures are torn down, summary and report are written."""
    raise KeyboardInterrupt(signal.Signals(number).name)


def _refused(config: pytest.Config, error: RollbackError) -> BaseException:
    code = options.refused(config, error)
    if isinstance(error, UsageError) and code == error.exit_code:
        return pytest.UsageError(str(error))
    return pytest.exit.Exception(str(error), returncode=code)


def run_of(config: pytest.Config) -> Run:
    """Return the run of this session; the manifest is read when it is first asked for.

    Raises:
        RollbackError: the manifest or an option cannot be used, or the sandbox does not come up.
    """
    if RUN not in config.stash:
        from rollback.manifest import load  # noqa: PLC0415 - only sessions with criteria pay for it
        from rollback.run import Asked, Run  # noqa: PLC0415
        from rollback.told import told  # noqa: PLC0415

        handed = getattr(config, "workerinput", {}).get("rollback", {})
        named = config.getoption("--rollback-target") or config.getini("rollback_target")
        path = config.invocation_params.dir / handed.get("manifest", named)
        said = told(config)
        loaded = load(path) if handed or named not in SANDBOXES else _sandbox(config, named)
        asked = Asked(
            words=tuple(map(str, config.invocation_params.args)),
            armed=config.getoption("--arm"),
            only=frozenset(config.getoption("--component")),
            defaults=config.getoption("--use-defaults"),
            dry=config.getoption("--dry-run"),
            incident=config.getoption("--incident"),
            told=said,
            door=config.getini("rollback_door"),
        )
        run = config.stash[RUN] = Run(
            loaded,
            asked,
            reports=options.reports(config),
            demonstration=handed.get("demonstration", named in SANDBOXES),
            fleeting=SANDBOX in config.stash and config.stash[SANDBOX].owned,
            identity=handed.get("identity", ""),
        )
        config.pluginmanager.register(Conduct(config, run), "rollback-conduct")
    return config.stash[RUN]


def _sandbox(config: pytest.Config, kind: str) -> Any:  # noqa: ANN401 - Loaded, imported later
    """Return the description of the sandbox, which is up afterwards unless only collecting."""
    folder = config.rootpath / config.getini("rollback_sandbox")
    try:
        from rollback.sandbox.target import Sandbox, sketch  # noqa: PLC0415 - needs more packages
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the sandbox needs {error.name}, which is not installed",
            hint="pip install 'pytest-rollback[sandbox]', or name a target of your own",
        ) from error
    if config.option.collectonly:
        return sketch(folder, kind)
    print(f"on the {kind}: a demonstration, not your system", flush=True)  # noqa: T201
    config.stash[SANDBOX] = Sandbox.open(folder, config.getoption("--scenario"), kind)
    config.add_cleanup(config.stash[SANDBOX].close)
    return config.stash[SANDBOX].load()


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


def criterion_of(item: pytest.Item) -> Criterion | None:
    """Return what a test stands for; None for a test that is no criterion."""
    return getattr(getattr(item, "obj", None), "criterion", None)


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a test under `suites/` that has no criterion id: it would be in no report."""
    for item in items:
        if "suites" in item.path.parts and criterion_of(item) is None:
            pytest.exit(f"{item.nodeid} has no criterion id\nHINT: decorate it", returncode=4)


def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """Give every outcome its letter."""
    outcome = getattr(report, "criterion", None)
    if outcome is None or report.when == "teardown":
        return None
    word = outcome["outcome"]
    letter = LETTERS[word] if report.failed or not config.option.live else ""
    return ("failed" if report.failed else word), letter, word.upper()


class Conduct:
    """What a session with criteria does beside running them.

    Args:
        config: pytest's.
        run: what the session is about.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config, self.run = config, run
        self.worker = hasattr(config, "workerinput")
        self.rehearsed: list[str] = []
        self.setup = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put criteria into the procedure's order; a rehearsal runs none of the drill's."""
        found = [(criterion_of(item), item) for item in items]
        ordered = sorted(found, key=lambda each: each[0].place if each[0] else (-1, -1))
        items[:] = [item for _, item in ordered]
        self.run.choose(each for each, _ in found if each)
        if self.run.asked.dry:
            drill = [item for each, item in ordered if each and each.suite in CHANGING]
            self.config.hook.pytest_deselected(items=drill)
            items[:] = [item for item in items if item not in drill]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file of criteria that cannot be read is a reason, not a matter of style."""
        if report.failed and not self.worker:
            last = report.longreprtext.strip().splitlines()[-1].removeprefix("E ").strip()
            error = UsageError(f"{report.nodeid}: {last}", hint="correct this file of criteria")
            self.run.state("readiness.criteria.collected", "All criteria can be read.", error)

    def pytest_report_header(self) -> list[str]:
        """Say which target the run is about."""
        target = self.run.system.target
        note = " (a demonstration, not your system)" if self.run.demonstration else ""
        return [f"rollback target: {target.name} at {target.connection}{note}"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin a suite with facts of its own, and a sandbox of ours in the state it needs."""
        found = criterion_of(item)
        if found:
            from rollback.restore import enter  # noqa: PLC0415 - it imports this module

            enter(self.config, self.run, found.suite)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn what a criterion raised into an outcome; a skip is none of them."""
        report = yield
        found = criterion_of(item)
        if report.when == "setup":
            self.setup = call.duration  # a restore action is done by a fixture
        if found and (report.when == "call" or (report.when == "setup" and not report.passed)):
            from rollback import judging  # noqa: PLC0415 - only criteria pay for it

            error = call.excinfo.value if call.excinfo else None
            seconds = self.setup + (call.duration if report.when == "call" else 0.0)
            outcome = judging.judge(self.run, item, found, error, seconds)
            judging.mark(report, outcome, self.run)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take an outcome into the run, also one that a worker of pytest-xdist sent."""
        if hasattr(report, "criterion") and not self.worker:
            self.run.take(report.criterion, report.measured)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Rehearse where that was asked for, let go of the host, and set the exit code."""
        if self.worker or self.config.option.collectonly:
            return
        from rollback.restore import leave, rehearsed  # noqa: PLC0415 - it imports this module

        uncollected = any(each.code == UsageError.exit_code for each in self.run.outcomes)
        self.run.interrupted = session.exitstatus == pytest.ExitCode.INTERRUPTED and not uncollected
        if self.run.asked.dry and not self.run.interrupted:
            self.rehearsed = list(rehearsed(self.config, self.run))
        leave(self.config, self.run)
        if uncollected or session.exitstatus in {0, 1, pytest.ExitCode.NO_TESTS_COLLECTED}:
            session.exitstatus = self.run.exit_code

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """End with the verdict, the reasons against it, and where the report lies."""
        if self.worker or self.config.option.collectonly:
            return
        from rollback import summary  # noqa: PLC0415 - only sessions with criteria pay for it

        seal = self.config.stash.get(SEAL, None)
        if seal and seal.problem:
            self.run.notes.append(seal.problem)
        if self.rehearsed:
            terminalreporter.section("the plan: nothing was changed")
        for line in self.rehearsed:
            terminalreporter.write_line(line)
        if not (self.run.outcomes or self.run.interrupted):
            terminalreporter.write_line("nothing was checked, and what was not checked is not met")
        else:
            terminalreporter.section(str(self.run.record()["sentence"]))
            for line in summary.lines(self.run, self.run.record()):
                terminalreporter.write_line(self.run.redactor.text(line))
