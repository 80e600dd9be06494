"""One command over a fleet, from the first question to the verdict."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.extras.fleet import run_files, survey
from pytest_rollback.extras.fleet.balancing import earlier
from pytest_rollback.extras.fleet.balancing.balancer import balancer_of
from pytest_rollback.extras.fleet.balancing.guard import FleetGuard
from pytest_rollback.extras.fleet.coordinator import Coordinator
from pytest_rollback.extras.fleet.errands import READY, HostErrands
from pytest_rollback.extras.fleet.judge import HostOutcome, judged, named, planned
from pytest_rollback.extras.fleet.members.inventory import limited, members
from pytest_rollback.extras.fleet.members.lines import FleetLines
from pytest_rollback.extras.fleet.once.isolation import isolated
from pytest_rollback.extras.fleet.once.per_fleet import ALL_BUT_ONE, OncePerFleet
from pytest_rollback.extras.fleet.record import conclude, new_record
from pytest_rollback.extras.fleet.survey import (
    CURRENT,
    HALF,
    ISOLATED,
    PREVIOUS,
    HostState,
)
from pytest_rollback.extras.fleet.views.table import outcome_lines, plan_lines
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.values import shown_connection
from pytest_rollback.progress.activity import doing
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import reports_of
from pytest_rollback.run.run import identity, operator
from pytest_rollback.transport.interrupts import INTERRUPTS

States = Mapping[str, HostState]


class Typed(NamedTuple):
    """A command as it was typed, its `--limit`, "" for all hosts, and more of its options."""

    command: str
    limit: str = ""
    at_once: bool = False
    incident: str = ""


class FleetRun:
    """A fleet, and what a command does with it.

    Args:
        source: its rollback.toml.
        system: what that describes, with the table `fleet`.
        about: what was typed, and which hosts were meant.

    Raises:
        UsageError: its hosts cannot be found, or its batches break the quorum.
    """

    def __init__(self, source: Path, system: System, fleet: Fleet, about: Typed) -> None:
        self.source, self.system, self.fleet, self.about = source, system, fleet, about
        found = members(fleet, source.parent, system.target.connection)
        self.members = {each.name: each for each in found}
        self.once = OncePerFleet(system, fleet, source, at_once=about.at_once)
        meant = [each.name for each in (limited(found, about.limit) if about.limit else found)]
        self.plan = planned(
            meant,
            fleet.canary if fleet.canary in meant else meant[0],
            ALL_BUT_ONE if about.at_once else fleet.batches,
            0 if about.at_once else fleet.quorum,
            max_failed=fleet.max_failed,
            skips=fleet.unreachable == "skip" and not about.at_once,
            every=len(found),
        )
        self.errands = HostErrands(source, self.members, fleet.once, self.plan.canary)
        self.states: States = {}
        self.lines = FleetLines()

    def survey(
        self, only: Iterable[str] = (), heard: Callable[[HostState], None] = lambda _: None
    ) -> States:
        """Return what each host says of itself, or only some of them; see `surveyed`."""
        names = [*only] or [*self.members]
        asked = [self.members[each] for each in names]
        with doing(f"asks {len(names)} hosts"):
            found = survey.surveyed(self.system, asked, self.lines, self.fleet.parallel, heard)
        survey.refuse_one_host(found.values())
        return found

    def refuse_stale(self) -> None:
        """Refuse a balancer that knows other hosts than the fleet has."""
        if balancer := balancer_of(self.fleet, [*self.members]):
            balancer.refuse_stale()

    def out_of_service(self) -> list[str]:
        """Return, for people, who is out of service by runs that ended, and what is under way."""
        balancer = balancer_of(self.fleet, [*self.members])
        reports = reports_of(str(self.source))
        return [*earlier.still_out(reports, self.system.target.name, balancer)]

    def ready(self) -> int:
        """Ask whether every host could be rolled back; return the exit code."""
        at = self.begin(READY)

        def work() -> None:
            self.refuse_stale()
            asked = self.asked(at, wanted="")  # what is rolled back already is not ready
            self.once.refuse_page()
            at.drive(at.steps_of(each, self.errands.ready()) for each in asked)
            at.record.begun = at.record.batches
            at.record.mixed = at.record.mixed or self.once.mixed(at, len(self.members))

        return self.carried_out(at, work)

    def roll(self, armed: str, *words: str) -> int:
        """Roll back; return the exit code."""
        at = self.begin("RECOVERED")

        def work() -> None:
            self.refuse_stale()
            asked = self.asked(at)
            if self.may_begin(at, asked) and self.rehearsed(at, asked, words):
                check = self.errands.validate() if self.fleet.soak else None
                back = [n for n, each in self.states.items() if at.is_back(n) and each.run]
                at.look_again(back, self.errands.validate(), "already")
                self.into_service(at)
                self.once.begin(at, self.about.incident if asked else None)
                if self.apart(at, asked, armed):
                    at.roll(self.errands.roll(armed, *words), check)

        return self.carried_out(at, work)

    def undo(self, armed: str, *words: str) -> int:
        """Take the last rollback of each host back; return the exit code."""
        at = self.begin("UNDONE")

        def work() -> None:
            self.refuse_stale()
            asked = self.asked(at, wanted=CURRENT)
            runs = {name: each.run for name, each in self.states.items()}
            for name, state in self.states.items():
                host = at.hosts[name]
                if host.outcome is HostOutcome.NEVER_BEGUN and not state.run:
                    host.outcome, host.why = HostOutcome.ALREADY, "no rollback to undo"
            asked = [name for name in asked if runs[name]]
            if self.may_begin(at, asked):
                self.into_service(at)
                if self.apart(at, asked, armed):
                    ask = lambda name: self.survey([name])[name]  # noqa: E731 - as it is then
                    at.roll(self.errands.undo(armed, runs, ask, *words))

        return self.carried_out(at, work, CURRENT)

    def apart(self, at: Coordinator, asked: list[str], armed: str) -> bool:
        """Stop all hosts behind the maintenance page, where that was asked for.

        One that lies half done was stopped when it was begun. Returns whether any may be changed.
        """
        if not (self.about.at_once and asked):
            return True
        self.once.show(at)
        fresh = [name for name in asked if self.states[name].position != HALF]
        return isolated(at, fresh, self.errands.isolate(armed))

    def into_service(self, at: Coordinator) -> None:
        """Bring back what runs that ended left out; what somebody else took out is left so."""
        left = earlier.left_out(at.folder.parent, at.record.target)
        told = at.service.balancer.out() if at.service.balancer else {}
        at.service.kept_out = {name: word for name, word in told.items() if name not in left}
        up = {n for n, each in self.states.items() if each.outcome != ISOLATED}
        at.all_in_service([n for n in left if n in up and self.states[n].position == CURRENT])

    def carried_out(
        self, at: Coordinator, work: Callable[[], None], position: str = PREVIOUS
    ) -> int:
        """Do the work of a run; whatever ends it, write and print how hosts ended.

        `position` is what a host is to have then.
        """
        with INTERRUPTS.deferred(), self.guarded(at):
            try:
                work()
            except Exception as error:
                said = str(getattr(error, "message", f"{type(error).__name__}: {error}"))
                at.record.stopped = said.partition("\n")[0]
                self.end(at, position)
                raise
            return self.end(at, position)

    @contextlib.contextmanager
    def guarded(self, at: Coordinator) -> Iterator[None]:
        """Have somebody at hand who brings hosts back where this process is killed."""
        if at.record.good == READY:  # takes nobody out
            yield
            return
        guard = FleetGuard(at.folder, self.source)
        at.service.guarded = guard.ensure
        try:
            yield
        finally:
            guard.over()

    def begin(self, good: str) -> Coordinator:
        """Begin a run of which the good verdict is given: its folder, a record of every host."""
        reports = reports_of(str(self.source))
        earlier.refuse_others(reports, self.system.target.name)
        now = dt.datetime.now(dt.UTC)
        where = {name: shown_connection(each.connection) for name, each in self.members.items()}
        record = new_record(self.plan, identity(now), where)
        record.operator, record.system = operator(), self.system.about.name
        record.target, record.good = self.system.target.name, good
        record.command, record.limit = self.about.command, self.about.limit
        record.at_once = self.about.at_once
        record.started = now.isoformat(timespec="seconds")
        record.process = Holder.here(record.run, record.operator).process
        folder = reports / record.run
        folder.mkdir(mode=0o700, parents=True)
        shown("\n".join(plan_lines(self.plan, self.fleet.parallel)))

        def note(line: str) -> None:
            if line:
                run_files.write(folder, record)
                shown(line)
            else:
                run_files.keep(folder, record)

        at = Coordinator(self.fleet, self.plan, record, folder, note)
        at.loan = self.lines.loan
        return at

    def asked(self, at: Coordinator, wanted: str = PREVIOUS) -> list[str]:
        """Ask every host, and take in what it says; return those that are to be changed.

        Args:
            at: the run.
            wanted: the release that all are to have.
        """
        for name in self.plan.hosts:  # what cannot be described is told before anything is begun
            self.errands.manifest(name, at.place(name))
        found = self.survey(heard=lambda each: at.note(each.at_once))
        self.states = {name: found[name] for name in self.plan.hosts}
        others = [each for name, each in found.items() if name not in self.states]
        at.plan = at.plan._replace(others=sum(each.reached for each in others))
        at.record.mixed = survey.mixed(found.values()) if not wanted else ""
        if at.record.mixed:
            at.note(
                f"{at.record.mixed}: rollback fleet roll goes on, rollback fleet undo goes back"
            )
        survey.taken_in(self.states, at.hosts, wanted)
        return [name for name, each in at.hosts.items() if each.outcome is HostOutcome.NEVER_BEGUN]

    def may_begin(self, at: Coordinator, asked: list[str]) -> bool:
        """Return whether the judge lets anything begin, by what the hosts have said.

        Raises:
            Refused: nobody has shown that both releases may serve at once.
        """
        at.record.stopped = judged(self.plan, at.outcomes).reason
        if asked and not (at.record.stopped or at.is_interrupted):
            self.once.refuse_mixed(at, self.errands, len(self.members))
        return not (at.record.stopped or at.is_interrupted)

    def rehearsed(self, at: Coordinator, asked: list[str], words: Iterable[str]) -> bool:
        """Return whether a rollback would begin on every host that is to be changed.

        One that lies half done was asked when it was begun: its drill goes on, or says why not.
        """
        fresh = [each for each in asked if self.states[each].position != HALF]
        with doing(f"plans the rollback of {len(fresh)} hosts"):
            at.drive(at.planned(each, self.errands.go(*words)) for each in fresh)
        refused = [name for name in asked if at.hosts[name].why]
        if refused:
            at.record.stopped = f"{named(refused)} would refuse the rollback"
        return not (refused or at.is_interrupted)

    def end(self, at: Coordinator, position: str) -> int:
        """Ask once more, write and print how it ended; return the exit code."""
        record = at.record
        if record.good != READY:  # which has changed nothing
            reached = [name for name, state in self.states.items() if state.reached]
            survey.compared(self.survey(reached) if reached else {}, at.hosts, position)
        conclude(record)
        self.once.end(at)
        record.finished = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        at.note("\n".join(["", *outcome_lines(record)]))
        if record.stopped:
            shown(f"stopped: {record.stopped}")
        for each in record.untold:
            shown(each)
        shown(f"report: {at.folder / run_files.PAGE}\n{record.sentence}")
        if record.code:
            also = " --at-once" if record.at_once else ""
            undo = f", or rollback fleet undo --arm={record.target}{also}"
            shown(f"next: {record.command}{undo if record.undo else ''}")
        return record.code
