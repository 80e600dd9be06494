"""What a session with criteria does beside running them: order, outcomes, verdict, summary."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import pytest

from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.plugin import collection
from pytest_rollback.plugin.collecting.hooks import once
from pytest_rollback.plugin.collecting.nodes import chosen
from pytest_rollback.plugin.collecting.selection import select
from pytest_rollback.plugin.collection import instance
from pytest_rollback.plugin.stash import EXIT_CODE, SEAL, UNREAD, criterion_of
from pytest_rollback.run.run import Run
from pytest_rollback.transport.interrupts import CODE, INTERRUPTS, Interrupted

ENDED = {0, 1, pytest.ExitCode.NO_TESTS_COLLECTED}
"""Exit codes of pytest that say no more than the outcomes do."""

MISSING_PART = re.compile(r"No module named 'pytest_rollback\.extras\.(\w+)")
"""What Python says of a file of criteria whose part is not installed."""


class CriteriaHooks:
    """What a session with criteria does beside running them.

    Args:
        config: pytest's.
        run: what the session is about.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config, self.run = config, run
        self.worker = hasattr(config, "workerinput")
        self.rehearsed: list[str] = []
        self.selected: list[pytest.Item] = []
        self.setup = 0.0
        self.interrupted = self.beside = False

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Take in what was collected; select and order criteria apart from everybody's tests.

        Whoever marks, shuffles or leaves out tests does not see them.
        """
        items[:] = chosen(collection.claimed(self.config), items)
        criteria = [each for each in items if criterion_of(each)]
        collection.keep(self.config, self.run, criteria)
        items[:] = [each for each in items if not criterion_of(each)]
        result = yield
        select(self.config, criteria)
        self._order(criteria)
        items += criteria
        self.selected = criteria
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take criteria in again that somebody has taken away since they were selected."""
        session.items += [each for each in self.selected if each not in session.items]

    def _order(self, items: list[pytest.Item]) -> None:
        """Put criteria into the procedure's order; a scope leaves some of the drill's out."""
        found = [(criterion_of(item), item) for item in items]
        ordered = sorted(found, key=lambda each: each[0].place if each[0] else (-1, -1))
        items[:] = [item for _, item in ordered]
        self.run.choose(each for each, _ in found if each)
        scope = self.run.declared
        beyond = [
            item
            for each, item in ordered
            if each
            and (
                not scope.has(instance(item, each))
                or collection.not_applicable(self.run, item, each)
            )
        ]
        if beyond:
            self.config.hook.pytest_deselected(items=beyond)
            items[:] = [item for item in items if item not in beyond]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist ships no types
        """Take in what a worker of pytest-xdist has collected."""
        collection.receive(self.run, getattr(node, "workeroutput", {}))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file of criteria that cannot be read is a reason, not a matter of style."""
        if report.failed and not self.worker:
            last = report.longreprtext.strip().splitlines()[-1].removeprefix("E ").strip()
            part = MISSING_PART.search(last)
            hint = f"install the part {part[1]!r}" if part else "correct this file"
            error = UsageError(f"{report.nodeid}: {last}", hint=hint)
            self.run.state("readiness.criteria.collected", "All criteria can be read.", error)

    def pytest_report_header(self) -> list[str]:
        """Say which target the run is about."""
        target = self.run.system.target
        note = " (a demonstration, not your system)" if self.run.demonstration else ""
        return [f"rollback target: {target.name} at {target.connection}{note}"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Run a criterion once, also beside what repeats tests: the first outcome counts."""
        return once(item, nextitem) if criterion_of(item) else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin a suite with facts of its own, and a sandbox of ours in the state it needs."""
        INTERRUPTS.stop_here()
        found = criterion_of(item)
        if found:
            from pytest_rollback.plugin.lifecycle import enter  # noqa: PLC0415 - it imports this module

            enter(self.config, self.run, found.suite)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn what a criterion raised into an outcome; a skip is none of them.

        No report shows its traceback: pytest is spared making one for each criterion.
        """
        found = criterion_of(item)
        if found and call.excinfo and isinstance(call.excinfo.value, RollbackError):
            call.excinfo.traceback = call.excinfo.traceback[-1:]
        report = yield
        if report.when == "setup":
            self.setup = call.duration  # a restore action is done by a fixture
        if found and (report.when == "call" or (report.when == "setup" and not report.passed)):
            from pytest_rollback.plugin import outcomes  # noqa: PLC0415 - only criteria pay

            error = call.excinfo.value if call.excinfo else None
            seconds = self.setup + (call.duration if report.when == "call" else 0.0)
            outcome = outcomes.judge(self.run, item, found, error, seconds)
            outcomes.mark(report, outcome, self.run)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take an outcome into the run, also one that a worker of pytest-xdist sent."""
        self.beside |= report.failed and not hasattr(report, "criterion")
        if hasattr(report, "criterion") and not self.worker:
            from pytest_rollback.plugin import outcomes  # noqa: PLC0415 - only criteria pay for it

            self.run.take(*outcomes.marked(report))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Rehearse where that was asked for; whatever comes after it is written to its end."""
        try:
            result = yield
            if self.run.asked.dry and not (self.worker or self.config.option.collectonly):
                from pytest_rollback.plugin.lifecycle import rehearsed  # noqa: PLC0415 - it imports this module

                self.rehearsed = list(rehearsed(self.config, self.run))
            return result
        finally:
            INTERRUPTS.ending()

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell Ctrl-C from a session that -x or an error of collection ends early."""
        kind = excinfo.type  # -x with several processes ends by a kind of KeyboardInterrupt as well
        ours = issubclass(kind, (Interrupted, pytest.exit.Exception))
        self.interrupted = ours or kind is KeyboardInterrupt

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let go of the host, and set the exit code."""
        INTERRUPTS.ending()
        if self.worker or self.config.option.collectonly:
            return
        from pytest_rollback.plugin.lifecycle import leave  # noqa: PLC0415 - it imports this module

        self.run.broken_off = self._broken_off(session)
        leave(self.config, self.run)
        # Somebody else's test, or what a fixture does at its end, failed: no criterion tells.
        self.config.stash[EXIT_CODE] = session.exitstatus = self.run.exit_code or int(self.beside)

        def stay() -> None:  # whatever a conftest or a plugin makes of it after us
            bad = session.exitstatus or int(UNREAD in self.config.stash)
            session.exitstatus = self.config.stash[EXIT_CODE] or bad

        self.config.add_cleanup(stay)

    def _broken_off(self, session: pytest.Session) -> int:
        """Return the exit code of a session that did not end by itself, 0 for all others."""
        if INTERRUPTS.raised:
            return CODE
        if any(each.code == UsageError.exit_code for each in self.run.outcomes):
            return 0
        early = session.exitstatus == CODE and not self.interrupted
        return 0 if early or session.exitstatus in ENDED else int(session.exitstatus)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """End with the verdict, the reasons against it, and where the report lies."""
        if self.worker or self.config.option.collectonly:
            return
        from pytest_rollback.plugin import terminal  # noqa: PLC0415 - only criteria pay for it

        seal = self.config.stash.get(SEAL, None)
        if seal and seal.problem:
            self.run.notes.append(seal.problem)
        later = (each for each in self.run.extras.problems if each not in self.run.notes)
        self.run.notes.extend(later)
        if self.rehearsed:
            terminalreporter.section("the plan: nothing was changed")
        for line in self.rehearsed:
            terminalreporter.write_line(line)
        record = self.run.record()
        terminalreporter.section(record.sentence, **terminal.colour(record.verdict))
        for line in terminal.lines(self.run, record):
            terminalreporter.write_line(self.run.redactor.text(line))
