"""A target and a person in front of it: what `now`, `undo` and others do with both."""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from pytest_rollback.cli.suites import run_suites, stopped
from pytest_rollback.cli.target import TargetCommand
from pytest_rollback.errors import GateClosed, RollbackError, Unreachable, UsageError
from pytest_rollback.evidence import runs, signoffs
from pytest_rollback.evidence.afterwards import UNDONE
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.evidence.events import RunBegan, RunFinished, RunUndone
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.release import LINKS
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.recovery import left_behind, rehearsal, status
from pytest_rollback.recovery.action import AnyAction, Scope
from pytest_rollback.recovery.actions.undo import START_FAILED, undoing
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.report import amend
from pytest_rollback.run.command_line.shared import INTERRUPTED, shown
from pytest_rollback.run.extras import names, outside
from pytest_rollback.run.options import lost
from pytest_rollback.run.run import identity, operator
from pytest_rollback.transport.batch import look
from pytest_rollback.transport.interrupts import INTERRUPTS


def typed(question: str) -> str:
    """Return what is typed as an answer; "" at the end of the input."""
    try:
        with TICKER.paused():
            return input(question).strip()
    except EOFError:
        return ""


class Confirmed(NamedTuple):
    """What was given by options, where nobody can type it: the target's name, and the loss."""

    armed: str | None
    loss: str | None


class RollbackCommand(TargetCommand):
    """One target and a person in front of it."""

    def roll_back(
        self, words: list[str], stated: list[str], more: list[str], given: Confirmed, *, dry: bool
    ) -> int:
        """Look, show the plan, ask, roll back and validate; return the exit code.

        Args:
            words: options for every suite.
            stated: further options for triage.
            more: further options for what rolls back.
            given: what nobody has to type.
            dry: end with the plan.
        """
        try:
            code = self.look(words, stated, more)
            if not (code or dry):
                self.ask(given.armed)
                loss = self.accepted(given.loss, [*words, *more])
        except KeyboardInterrupt:
            code = stopped(self.command)
        if code or dry:
            return code
        only = ("suites/drill",) if "--isolate" in more else ("suites/drill", "suites/validate")
        asked = (*only, "--live", f"--arm={self.target}", *loss, *words, *more)
        return self.pytest(*asked)

    def look(self, words: list[str], stated: list[str], more: list[str]) -> int:
        """Run triage and show the plan; return the exit code, 0 to go on."""
        where = self.system.target.connection
        shown(f"target {self.target} at {where}, system {self.system.about.name}\n")
        looked = self.pytest("suites/triage", *words, *stated) if "triage" in names() else 0
        over = {UsageError.exit_code, Unreachable.exit_code}
        if looked in over:
            shown("nothing was changed")
        if looked in {INTERRUPTED, *over}:
            return looked
        return self.pytest("suites/drill", "--dry-run", *words, *more)

    def pytest(self, *words: str) -> int:
        """Run suites in a process of their own that prints to the same terminal."""
        # A sandbox stays one: what is shown of it says that it is a demonstration.
        target = self.named if self.named in outside().practice else str(self.manifest)
        return run_suites(target, self.reports, self.command, *words)

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
                else f"nothing was changed: {self.target!r} was not typed",
                hint=f"add --arm={self.target} to the same command, or run it on a terminal",
            )

    def accepted(self, given: str | None, words: list[str]) -> list[str]:
        """Return the option that accepts what a restore loses; ask for it, where somebody is there.

        Nobody is asked on a sandbox, or where no database is restored; the drill says so then.

        Raises:
            UsageError: what was typed is no time.
        """
        database = self.system.database
        whole = not any(each.startswith(("--component=", "--isolate")) for each in words)
        asks = whole and self.named not in outside().practice and sys.stdin.isatty()
        if given is None and asks and database is not None and database.restores:
            given = typed("what the restore loses by the plan above, such as 79m: ")
        elif given is None and asks and database is not None and database.migrates:
            given = typed("what the way back loses, such as 412rows; Enter if the plan says none: ")
        lost(given or None)
        return [f"--accept-loss={given}"] if given else []

    def undo(self, run: str, given: Confirmed, without: tuple[str, ...] = ()) -> int:
        """Show what undo would do, ask, and take the run back; return the exit code.

        Files `without` stay as they are.
        """
        found = status.runs(self.connection, run)
        if not found:
            self.no_such_run(run, [each.id for each in status.runs(self.connection)])
        scope, actions = Scope(self.system, frozenset(found[0].only)), undoing(run, without)
        if found[0].progress.undo == "done":
            if not self.are_down(scope, run):
                return 0
            actions = (START_FAILED,)
        mine = identity(dt.datetime.now(dt.UTC))
        timeline = Timeline(self.reports / mine)
        gate = self.gate(scope, timeline, mine, given)
        steps = rehearsal.rehearse(gate, actions)
        changes = [change for step in steps for change in step.changes]
        losses = [each.loses for each in changes if each.loses]
        self.say([f"  {each.what} ({each.why})" for each in changes] or ["nothing to do"])
        self.say(f"  {each.words}" for each in losses)
        if changes and not gate.is_open:
            self.ask(given.armed)
            gate = self.gate(scope, timeline, mine, self.asked_for(losses, given))
        gate.demand_accepted(changes, planned=True)
        began = RunBegan(mine, operator(), self.target, manifest=str(self.manifest))
        timeline.note(replace(began, resume=self.command))
        try:
            down = self.performed(gate, actions)
        except KeyboardInterrupt:
            return self.broken_off(gate)
        timeline.note(RunFinished(UNDONE))
        timeline.close()
        but = f", but for {', '.join(without)}" if without else ""
        shown(f"run {run} is undone: {self.came_back}{but}")
        self.say(f"the database {each.database} is the one from before again" for each in losses)
        self.told(run)
        if down:
            raise down
        return 0

    @staticmethod
    def performed(gate: Gate, actions: Iterable[AnyAction]) -> RollbackError | None:
        """Carry out an undo; return why the failed release does not run, once it is back.

        It may be one that cannot start: then the run is undone all the same.
        """
        for action in actions:
            try:
                gate.perform(action)
            except RollbackError as error:
                if action is not START_FAILED:
                    raise
                return error
        return None

    def are_down(self, scope: Scope, run: str) -> bool:
        """Say of a run that was undone whether its units are down, and return it."""
        down = START_FAILED.plan(scope, look(self.connection, START_FAILED.look(scope)))
        shown(f"run {run} was undone already: {'units are down' if down else 'nothing to do'}")
        return bool(down)

    @staticmethod
    def say(lines: Iterable[str]) -> None:
        """Print lines, if there are any."""
        for each in lines:
            shown(each)

    @property
    def came_back(self) -> str:
        """What an undo brings back: no listing tells of a directory whether it is as it was."""
        if LINKS not in parts.names(self.system):
            return "the failed release is restored"
        links = ", ".join(self.system.release.links)
        led = f"{links} leads to the failed release again, whose files nobody compared"
        return f"{led}; the other parts are restored" if parts.is_mixed(self.system) else led

    def told(self, run: str) -> None:
        """Have the reports of a run say that it was undone; say which do not."""
        if not (folders := runs.of_host(self.reports, run)):
            shown(f"its report is not in {self.reports}: where it is, it does not say so")
        for each in folders:
            try:
                amend.amended(each, RunUndone(signoffs.somebody()))
            except (RollbackError, OSError) as error:
                shown(f"{each} does not say so: {error}")

    def broken_off(self, gate: Gate) -> int:
        """Say what an interrupted undo leaves, and how it goes on; return the exit code."""
        INTERRUPTS.ending()
        shown("\n".join(["interrupted", *left_behind.lines(self.connection, gate.scope)]))
        shown(f"next: {self.command}")
        return INTERRUPTED

    def asked_for(self, losses: list[DataLoss], given: Confirmed) -> Confirmed:
        """Return what was confirmed, once its target was typed; ask for the loss of an undo."""
        loss = given.loss
        if losses and loss is None and sys.stdin.isatty():
            loss = typed(f"to lose {losses[0].time} of what users wrote, type {losses[0].time}: ")
        return Confirmed(self.target, loss or None)

    def gate(self, scope: Scope, timeline: Timeline, run: str, given: Confirmed) -> Gate:
        """Return the command to changes."""
        holder = Holder.here(run, operator())
        return Gate(
            self.connection,
            scope,
            timeline,
            armed=given.armed,
            accepted=math.inf if self.named in outside().practice else lost(given.loss),
            holder=holder,
            journaled=False,
        )
