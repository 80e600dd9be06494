"""Batch after batch, its hosts at once, each by the single tool in a process of its own.

Promise: nothing is begun that the judge has not named. After a signal no host is begun; those under
way come to their end, or to their next safe point after a second one. Whatever ends the run, the
record has the outcome of every host.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.errors import RTO_MISSED, Refused
from pytest_rollback.extras.fleet import judge, run_files
from pytest_rollback.extras.fleet.balancing.balancer import balancer_of
from pytest_rollback.extras.fleet.balancing.service import Service, Steps, now
from pytest_rollback.extras.fleet.child import ChildProcess, ChildResult, UnderWay
from pytest_rollback.extras.fleet.judge import BACK, FleetPlan, HostOutcome
from pytest_rollback.extras.fleet.record import UNSEEN, FleetRecord, HostRecord, word
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.progress.activity import doing
from pytest_rollback.transport.interrupts import INTERRUPTS

PACE = 0.1
"""Seconds between two looks at the processes."""


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
        self.service = Service(balancer_of(fleet, plan.hosts), self.place, note)
        self.folder, self.note = folder, note
        self.hosts = {each.name: each for each in record.hosts}
        self.loan: Callable[[str], Mapping[str, str]] = lambda _: {}
        self._passed_on = 1
        self._cannot_go_on = False

    @property
    def outcomes(self) -> dict[str, HostOutcome]:
        """How hosts ended so far."""
        return {name: each.outcome for name, each in self.hosts.items()}

    def place(self, host: str) -> Path:
        """Return the folder of a host."""
        return self.folder / run_files.place(self.record, host)

    def roll(self, errand: Errand, check: Errand | None = None) -> None:
        """Go through the batches until all are done, or the judge stops.

        `check` is asked about each batch after it has soaked.
        """
        while not self.is_interrupted:
            decision = judge.judged(self.plan, self.outcomes)
            self.record.stopped, self.record.undo = decision.reason, decision.undo
            if not decision.batch or not self.may_leave(decision):
                return
            words = f"batch {decision.number} of {len(self.plan.batches)}"
            self.note(f"{words}: {', '.join(decision.batch)}")
            self.record.begun = decision.number
            with doing(words):
                self.drive(self.steps(each, errand) for each in decision.batch)
                if not self.is_seen(decision.batch):
                    return
                if check and decision.number < len(self.plan.batches):
                    self.soak(decision.batch, check)

    def may_leave(self, decision: judge.Decision) -> bool:
        """Return whether a batch may leave service, by what the balancer says, and is tried for."""
        try:
            few = self.service.too_few(decision.batch, decision.number, self.plan.quorum)
            self.record.stopped = few
            return not few and self.is_obeyed(decision.batch)
        except Refused as error:
            self.record.stopped = error.message
            return False

    @property
    def is_interrupted(self) -> bool:
        """Whether a signal came: nothing more is begun."""
        if INTERRUPTS.heard and not self.record.interrupted:
            self.record.interrupted = True
            self.note(f"{INTERRUPTS.heard[0]}: no host is begun any more; those under way end")
        return self.record.interrupted

    @property
    def is_over(self) -> bool:
        """Whether nothing may be begun that changes a host."""
        return self._cannot_go_on or self.is_interrupted

    def drive(self, tasks: Iterable[Steps]) -> None:
        """Carry out tasks, so many at once; none is begun after a signal."""
        waiting, active = [*tasks], dict[Steps, UnderWay]()
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
    def _advance(active: dict[Steps, UnderWay], task: Steps, code: int | None) -> None:
        """Begin the next process of a task, or be done with it."""
        try:
            active[task] = next(task) if code is None else task.send(code)
        except StopIteration:
            active.pop(task, None)

    def _pass_on(self, active: Iterable[UnderWay]) -> None:
        """Hand every signal after the first one on to what is under way."""
        heard = len(INTERRUPTS.heard)
        if self.is_interrupted and heard > self._passed_on:
            self._passed_on = heard
            self.note("again: those under way end at their next safe point")
            for child in active:
                child.interrupt(INTERRUPTS.heard[-1])

    def _end(self, active: dict[Steps, UnderWay]) -> None:
        """Have all end in order, because we cannot go on; what is drained comes back."""
        self._cannot_go_on = True
        for child in active.values():
            child.interrupt()
        while active:
            for task, child in [*active.items()]:
                code = child.ended()
                if code is not None:
                    self._advance(active, task, code)
            time.sleep(PACE)

    def begun(self, name: str, errand: Errand, folder: Path) -> ChildProcess:
        """Begin an errand; it may use the connection to its host that was opened already."""
        return ChildProcess(errand.command(name, folder), folder, more=self.loan(name))

    def steps(self, name: str, errand: Errand) -> Steps:
        """Take a host out of service, do what is to be done, and bring it back."""
        host, folder, problem = self.hosts[name], self.place(name), ""
        if self.service.moves and not host.isolated:
            problem = yield from self.service.leave(host)
            if problem:
                host.outcome, host.why = HostOutcome.FAILED, f"{problem}; nothing was changed"
        if host.outcome is HostOutcome.NEVER_BEGUN and not self.is_over:
            host.begun = now()
            self.note("")  # its guard knows of it before it happens
            code = yield self.begun(name, errand, folder)
            self.settled(host, errand.settle(name, folder, code))
        if self.service.moves:
            yield from self.service.back(host, drained=not problem)

    def all_in_service(self, left: Collection[str] = ()) -> None:
        """Bring back hosts that were back already, and those that a run which ended has left.

        Args:
            left: their names; of each nothing is half done.
        """
        mine = [h for h in self.record.hosts if h.outcome is HostOutcome.ALREADY or h.name in left]
        if self.service.balancer:
            self.drive(self.service.back(each, drained=False) for each in mine)

    def is_obeyed(self, batch: Collection[str]) -> bool:
        """Return whether the balancer takes a host out and back: tried before the first change."""
        tried = self.service.for_trial(batch)
        if tried and not self.record.begun and not self.is_interrupted:
            self.note(f"the balancer is tried with {tried}")
            self.drive([self.service.trial(self.hosts[tried])])
            problem = self.hosts[tried].why or self.hosts[tried].drained
            if problem:
                self.record.stopped = f"the balancer was tried with {tried}: {problem}"
        return not self.record.stopped and not self.is_interrupted

    def is_seen(self, batch: Iterable[str]) -> bool:
        """Return whether all of a batch that is well is in service again."""
        unseen = [
            each for each in batch if self.hosts[each].outcome in BACK and self.hosts[each].drained
        ]
        if unseen:
            self.record.stopped = f"{judge.named(unseen)} {UNSEEN}"
        return not unseen

    def settled(self, host: HostRecord, found: ChildResult) -> None:
        """Take in how a host ended."""
        host.outcome, host.why, host.code = found.outcome, found.why, found.code
        host.late = found.code == RTO_MISSED
        if found.record:
            host.run = found.record.run
            reached = [each for each in found.record.phases if each.seconds is not None]
            host.phases = {each.name: each.seconds or 0.0 for each in reached}
            host.failed_in = next((each.name for each in reached if each.state == "failed"), "")
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
        code = yield self.begun(name, errand, folder)
        self.settled(self.hosts[name], errand.settle(name, folder, code))

    def planned(self, name: str, errand: Errand) -> Steps:
        """Plan the rollback of one host; why it would be refused is what stands against it."""
        host, folder = self.hosts[name], self.place(name) / "planned"
        code = yield self.begun(name, errand, folder)
        found = errand.settle(name, folder, code)
        if found.outcome is not HostOutcome.RECOVERED:
            said = found.record.reasons if found.record else ()
            host.why = next(iter(said), found.why) or found.outcome.value
            self.note(f"  {name}: would refuse, {host.why}")

    def checked(self, name: str, check: Errand, when: str) -> Steps:
        """Look at one host that is back."""
        host, folder = self.hosts[name], self.place(name) / when
        code = yield self.begun(name, check, folder)
        found = check.settle(name, folder, code)
        if found.outcome is not HostOutcome.RECOVERED:
            self.settled(host, found._replace(why=f"{when}, and now: {found.why}"))
