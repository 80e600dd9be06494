"""What `scripts/rollback` does: one target, looked at, rolled back or brought forward again."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tomllib
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from pytest_rollback.cli.common import INTERRUPTED, shown
from pytest_rollback.errors import GateClosed, UsageError
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.manifest.load import load
from pytest_rollback.recovery import rehearsal, status
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions.undo import undoing
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.run.run import identity, operator
from pytest_rollback.sandbox.common.layout import Layout
from pytest_rollback.sandbox.target import KINDS
from pytest_rollback.sandbox.target import NAME as SANDBOX
from pytest_rollback.sandbox.target import usual as sandbox
from pytest_rollback.transport.connection import Connection


def usual(repository: Path) -> str:
    """Return the target that is meant when none is named: `rollback_target` of pytest."""
    settings = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    return str(settings["tool"]["pytest"]["ini_options"].get("rollback_target", "rollback.toml"))


def described(named: str) -> Path:
    """Return the rollback.toml that a target's name means.

    Raises:
        UsageError: the sandbox is meant, and none is kept running.
    """
    if named not in KINDS:
        return Path(named)
    layout = Layout(sandbox(named))
    if not layout.note.exists():
        flag = "" if named == SANDBOX else f" --{named}"
        hint = f"scripts/sandbox up{flag}; scripts/sandbox break NAME{flag}"
        raise UsageError(f"no {named} is up", hint=hint)
    return layout.manifest


def typed(question: str) -> str:
    """Return what somebody types as an answer; the end of the input is none."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


class RollbackCommand:
    """One target and a person in front of it.

    Args:
        repository: where the suites are.
        named: the target as it was named.
        reports: where the folders of runs are made.
        door: the command that was given, for whoever has to give it again.
    """

    def __init__(self, repository: Path, named: str, reports: Path, door: str = "") -> None:
        self.repository, self.named, self.reports, self.door = repository, named, reports, door
        self.manifest = described(named).absolute()
        self.system = load(self.manifest).system
        self.connection = Connection(self.system)

    @property
    def target(self) -> str:
        """The name that has to be typed."""
        return self.system.target.name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def roll_back(
        self, words: list[str], stated: list[str], armed: str | None, *, dry: bool
    ) -> int:
        """Look, show the plan, ask, roll back and validate; return the exit code.

        Args:
            words: what every suite is told.
            stated: what triage is told beside it.
            armed: the target's name, where nobody can type it.
            dry: end with the plan.
        """
        where = self.system.target.connection
        shown(f"target {self.target} at {where}, system {self.system.about.name}\n")
        looked = self.pytest("suites/triage", *words, *stated)
        if looked in {INTERRUPTED, UsageError.exit_code}:
            shown("nothing was changed")
            return looked
        code = self.pytest("suites/drill", "--dry-run", *words)
        if code or dry:
            return code
        self.ask(armed)
        asked = ("suites/drill", "suites/validate", "--live", f"--arm={self.target}", *words)
        return self.pytest(*asked)

    def pytest(self, *words: str) -> int:
        """Run suites in a process of their own, before everybody's eyes."""
        # A sandbox stays one: what is shown of it says that it is a demonstration.
        target = self.named if self.named in KINDS else self.manifest
        where = f"--rollback-target={target}"
        settings = ("-o", f"rollback_reports={self.reports}", "-o", f"rollback_door={self.door}")
        command = [sys.executable, "-m", "pytest", "-q", "--no-header", where, *settings]
        process = subprocess.Popen([*command, *words], cwd=self.repository)
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # it was sent to the suites as well: they end by themselves
                continue

    def ask(self, armed: str | None) -> None:
        """Ask for the target's name, where it was not given.

        Raises:
            GateClosed: another name was given, or none, and nobody is there to type it.
        """
        if armed is None and sys.stdin.isatty():
            armed = typed(f"\nto change {self.target}, type its name: ")
        if armed != self.target:
            raise GateClosed(
                f"nothing was changed: {armed!r} is not {self.target!r}"
                if armed
                else f"nothing was changed: nobody typed {self.target!r}",
                hint=f"the same command with --arm={self.target}, or on a terminal",
            )

    def no_such_run(self, run: str) -> NoReturn:
        """Refuse a run that the host does not know."""
        known = ", ".join(each.id for each in status.runs(self.connection)[-3:]) or "none"
        raise UsageError(f"{self.target} knows no run {run!r}", hint=f"the latest there: {known}")

    def undo(self, run: str, armed: str | None) -> int:
        """Show what undo would do, ask, and take the run back; return the exit code."""
        found = status.runs(self.connection, run)
        if not found:
            self.no_such_run(run)
        if found[0].progress.undo == "done":
            shown(f"run {run} was undone already: nothing to do")
            return 0
        only = frozenset(found[0].only)
        mine = identity(dt.datetime.now(dt.UTC))
        timeline = Timeline(self.reports / mine)
        gate = self.gate(Scope(self.system, only), timeline, mine, armed)
        steps = rehearsal.rehearse(gate, undoing(run))
        changes = [change for step in steps for change in step.changes]
        shown("\n".join(f"  {each.what} ({each.why})" for each in changes) or "nothing to do")
        if changes and not gate.is_open:
            self.ask(armed)
            gate = self.gate(Scope(self.system, only), timeline, mine, self.target)
        for action in undoing(run):
            gate.perform(action)
        timeline.close()
        shown(f"run {run} is undone: the failed release is back as it was")
        return 0

    def gate(self, scope: Scope, timeline: Timeline, run: str, armed: str | None) -> Gate:
        """Return the door to changes."""
        holder = Holder.here(run, operator())
        return Gate(self.connection, scope, timeline, armed=armed, holder=holder, journaled=False)
