"""Batch after batch, its hosts at once, each by the single tool in a process of its own.

Promise: nothing is begun that the judge has not named. After a signal no host is begun; those under
way come to their end, or to their next safe point after a second one. Whatever ends the run, the
record has the outcome of every host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.errors import RTO_MISSED, Refused
from pytest_rollback.extras.fleet import judge
from pytest_rollback.extras.fleet.balancer import BalancerCommand, served
from pytest_rollback.extras.fleet.child import ChildProcess, ChildResult
from pytest_rollback.extras.fleet.judge import BACK, BAD, FleetPlan, HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord, word
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.progress.activity import doing
from pytest_rollback.transport.interrupts import INTERRUPTS

PACE = 0.1
"""Seconds between two looks at the processes."""

Steps = Generator[ChildProcess, int, None]
"""What is done about one host: each process in turn; it is sent the exit code of each."""


@dataclass(frozen=True)
class Errand:
    """What is done to each host.

    Args:
        command: of a host, by its name and its folder, as words.
        settle: how it ended, by name, folder and exit code.
    """

    command: Callable[[str, Path], list[str]]
    settle: Callable[[str, Path, int], ChildResult]


class Coordinator:
    """One run over a fleet.

    Args:
        fleet: its table of rollback.toml.
        plan: the hosts and batches.
        record: is filled; it has a record of each host of the plan.
        folder: of the run; each host has one below it.
        note: is called with each line for people, after the record was changed.
    """

    def __init__(
        self,
        fleet: Fleet,
        plan: FleetPlan,
        record: FleetRecord,
        folder: Path,
        note: Callable[[str], None],
    ) -> None:
        self.fleet, self.plan, self.record = fleet, plan, record
        self.folder, self.note = folder, note
        self.hosts = {each.name: each for each in record.hosts}
        self._passed_on = 1

    @property
    def outcomes(self) -> dict[str, HostOutcome]:
        """How hosts ended so far."""
        return {name: each.outcome for name, each in self.hosts.items()}

    def place(self, host: str) -> Path:
        """Return the folder of a host."""
        number = self.plan.hosts.index(host) + 1
        name = "".join(c if c.isalnum() or c in ".-_" else "_" for c in host)
        return self.folder / "hosts" / f"{number:03}-{name}"

    def roll(self, errand: Errand, check: Errand | None = None) -> None:
        """Go through the batches until all are done, or the judge stops.

        `check` is asked about each batch after it has soaked.
        """
        while not self.is_interrupted:
            decision = judge.judged(self.plan, self.outcomes)
            self.record.stopped, self.record.undo = decision.reason, decision.undo
            if not decision.batch or not self.enough(decision.batch, decision.number):
                return
            words = f"batch {decision.number} of {len(self.plan.batches)}"
            self.note(f"{words}: {', '.join(decision.batch)}")
            self.record.begun = decision.number
            with doing(words):
                self.drive(self.steps(each, errand) for each in decision.batch)
                if check and decision.number < len(self.plan.batches):
                    self.soak(decision.batch, check)

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal came: nothing more is begun."""
        if INTERRUPTS.heard and not self.record.interrupted:
            self.record.interrupted = True
            self.note(f"{INTERRUPTS.heard[0]}: no host is begun any more; those under way end")
        return self.record.interrupted

    def enough(self, batch: Collection[str], number: int) -> bool:
        """Return whether enough hosts serve without a batch, by what `serving` says."""
        if not self.fleet.serving:
            return True
        try:
            names = served(self.fleet.serving, self.fleet.timeout)
        except Refused as error:
            self.record.stopped = error.message
            return False
        left = len((names & {*self.plan.hosts}) - {*batch})
        if left < self.plan.quorum:
            self.record.stopped = (
                f"{left} would serve during batch {number} by what serving prints, "
                f"{self.plan.quorum} have to"
            )
        return left >= self.plan.quorum

    def drive(self, tasks: Iterable[Steps]) -> None:
        """Carry out tasks, so many at once; none is begun after a signal."""
        waiting, active = [*tasks], dict[Steps, ChildProcess]()
        try:
            while active or (waiting and not self.is_interrupted):
                while waiting and len(active) < self.fleet.parallel and not self.is_interrupted:
                    self._advance(active, waiting.pop(0), None)
                self._pass_on(active.values())
                for task, child in [*active.items()]:
                    code = child.ended()
                    if code is not None:
                        self._advance(active, task, code)
                time.sleep(PACE)
        except BaseException:
            self._end(active)
            raise

    @staticmethod
    def _advance(active: dict[Steps, ChildProcess], task: Steps, code: int | None) -> None:
        """Begin the next process of a task, or be done with it."""
        try:
            active[task] = next(task) if code is None else task.send(code)
        except StopIteration:
            active.pop(task, None)

    def _pass_on(self, active: Iterable[ChildProcess]) -> None:
        """Hand every signal after the first one on to what is under way."""
        heard = len(INTERRUPTS.heard)
        if self.is_interrupted and heard > self._passed_on:
            self._passed_on = heard
            self.note("again: those under way end at their next safe point")
            for child in active:
                child.interrupt(INTERRUPTS.heard[-1])

    def _end(self, active: dict[Steps, ChildProcess]) -> None:
        """Have all end in order, because we cannot go on; what is drained comes back."""
        for child in active.values():
            child.interrupt()
        while active:
            for task, child in [*active.items()]:
                code = child.ended()
                if code is not None:
                    self._advance(active, task, code)
            time.sleep(PACE)

    def steps(self, name: str, errand: Errand) -> Steps:
        """Take a host out of service, do what is to be done, and bring it back."""
        host, folder, problem = self.hosts[name], self.place(name), ""
        if self.fleet.drain:
            problem = yield from self.balanced("drain", name)
            if problem:
                host.outcome, host.why = HostOutcome.FAILED, f"{problem}; nothing was changed"
        if host.outcome is HostOutcome.NEVER_BEGUN and not self.is_interrupted:
            code = yield ChildProcess(errand.command(name, folder), folder)
            self.settled(host, errand.settle(name, folder, code))
        if self.fleet.undrain:
            yield from self.back_in_service(host, drained=not problem)

    def back_in_service(self, host: HostRecord, *, drained: bool = True) -> Steps:
        """Undrain a host, unless it is not well: that would lead users to it."""
        if host.outcome in BAD and drained:
            host.drained = f"left drained: {host.outcome.value}"
            self.note(f"  {host.name}: {host.drained}")
            return
        problem = yield from self.balanced("undrain", host.name)
        if problem:
            host.drained = problem
            self.note(f"  {host.name}: NOT BACK IN SERVICE, {problem}")

    def all_in_service(self) -> None:
        """Undrain hosts that were back already: a killed controller may have left them drained."""
        back = [each for each in self.record.hosts if each.outcome is HostOutcome.ALREADY]
        if self.fleet.undrain:
            self.drive(self.back_in_service(each, drained=False) for each in back)

    def balanced(self, what: str, name: str) -> Generator[ChildProcess, int, str]:
        """Run `drain` or `undrain` for a host; return why it failed, "" where it did not."""
        words = self.fleet.drain if what == "drain" else self.fleet.undrain
        try:
            command = BalancerCommand(words, name, self.place(name), what, self.fleet.timeout)
        except OSError as error:
            return f"{what}: {error}"
        yield command
        return command.problem

    def settled(self, host: HostRecord, found: ChildResult) -> None:
        """Take in how a host ended."""
        host.outcome, host.why, host.code = found.outcome, found.why, found.code
        host.late = found.code == RTO_MISSED
        if found.record:
            host.run = found.record.run
        if found.report:
            host.report = str(found.report.relative_to(self.folder))
        why = f", {host.why}" if host.why else ""
        self.note(f"  {host.name}: {word(self.record, host)}{why}")

    def soak(self, batch: Iterable[str], check: Errand) -> None:
        """Let a batch work for a while, then look whether it is still well."""
        until = time.monotonic() + (self.fleet.soak or 0.0)
        while time.monotonic() < until and not self.is_interrupted:
            time.sleep(PACE)
        if not self.is_interrupted:
            well = [each for each in batch if self.hosts[each].outcome in BACK]
            self.look_again(well, check, "soaked")

    def is_back(self, name: str) -> bool:
        """Return whether a host had the previous release already."""
        return self.hosts[name].outcome is HostOutcome.ALREADY

    def look_again(self, names: Iterable[str], check: Errand, when: str) -> None:
        """Look whether hosts that are back are well now; `when` says why that is asked again."""
        self.drive(self.checked(each, check, when) for each in names)

    def steps_of(self, name: str, errand: Errand) -> Steps:
        """Ask one host, and take in what it is like; nothing is drained for that."""
        folder = self.place(name)
        code = yield ChildProcess(errand.command(name, folder), folder)
        self.settled(self.hosts[name], errand.settle(name, folder, code))

    def planned(self, name: str, errand: Errand) -> Steps:
        """Plan the rollback of one host; why it would be refused is what stands against it."""
        host, folder = self.hosts[name], self.place(name) / "planned"
        code = yield ChildProcess(errand.command(name, folder), folder)
        found = errand.settle(name, folder, code)
        if found.outcome is not HostOutcome.RECOVERED:
            host.why = found.why or found.outcome.value
            self.note(f"  {name}: would refuse, {host.why}")

    def checked(self, name: str, check: Errand, when: str) -> Steps:
        """Look at one host that is back."""
        host, folder = self.hosts[name], self.place(name) / when
        code = yield ChildProcess(check.command(name, folder), folder)
        found = check.settle(name, folder, code)
        if found.outcome is not HostOutcome.RECOVERED:
            self.settled(host, found._replace(why=f"{when}, and now: {found.why}"))
