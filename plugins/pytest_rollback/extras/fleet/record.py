"""The record of a fleet's run: what `fleet.json` holds, and its pages are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.errors import RTO_MISSED, Inconclusive, LockHeld, Unreachable
from pytest_rollback.extras.fleet.judge import BACK, BAD, UNSURE, FleetPlan, HostOutcome
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.interrupts import CODE


@dataclass
class HostRecord:
    """How one host of the plan ended.

    Args:
        name, where: its name, and how it is reached.
        batch: in which batch of the plan it is, from 1.
        outcome, why: how it ended, and why that is no good one.
        before, after: the release that it said to have; "" where it was not asked.
        run: the id of its rollback on the host.
        report: the page of its run, relative to the folder of the fleet's run.
        code: the exit code of its rollback.
        late: whether its rollback took longer than the objective.
        drained: why it may still be out of service; "" where it is not.
        begun: when its rollback was begun, ISO 8601 in UTC; "" where it was not.
        out, back: when this run took it out of service, and when it was seen to be back, ISO 8601
            in UTC; "" where neither was.
        phases: seconds of each phase of its rollback that was reached, by name.
        failed_in: the phase in which it failed; "" where in none.
        isolated: when its units were stopped before any host was rolled back; "" where not.
    """

    name: str
    where: str = ""
    batch: int = 0
    outcome: HostOutcome = HostOutcome.NEVER_BEGUN
    why: str = ""
    before: str = ""
    after: str = ""
    run: str = ""
    report: str = ""
    code: int | None = None
    late: bool = False
    drained: str = ""
    begun: str = ""
    out: str = ""
    back: str = ""
    phases: dict[str, float] = field(default_factory=dict)
    failed_in: str = ""
    isolated: str = ""

    @property
    def is_stopped(self) -> bool:
        """Whether its units were stopped for a rollback that has not ended well."""
        return bool(self.isolated) and self.outcome not in BACK

    @property
    def is_out(self) -> bool:
        """Whether this run has it out of service."""
        return bool(self.out) and not self.back

    @property
    def is_under_way(self) -> bool:
        """Whether its rollback was begun, and nobody has seen how it ended."""
        return bool(self.begun) and self.outcome is HostOutcome.NEVER_BEGUN


@dataclass
class FleetRecord:
    """How a run over a fleet ended.

    Args:
        run, operator, system, target: which run, who ran it, of what.
        command: what was typed.
        started, finished: times of day, ISO 8601 in UTC.
        canary, quorum: of the plan.
        batches: how many the plan has.
        begun: how many of them were begun.
        limit: which hosts were meant, as typed; "" for all.
        others: how many of the fleet's hosts were not.
        mixed: that hosts have several releases, where that is no good sign; "" where it is none.
        stopped: why no further batch was begun; "" where all were.
        undo: whether what was rolled back should be taken back.
        interrupted: whether a signal ended it.
        good: the verdict of hosts that ended well, such as RECOVERED.
        process: who carries it out, and where.
        guard: what was done after the controller was killed, a line each.
        at_once: whether all hosts were to be stopped before one is rolled back.
        accepted: what both releases accept while they serve at once, a line each.
        page: what became of the maintenance page of the fleet; "" where it was not shown.
        untold: messages that were not accepted, a line each.
        sentence, code: the verdict, and the exit code.
        hosts: every host of the plan, in its order.
    """

    run: str = ""
    operator: str = ""
    system: str = ""
    target: str = ""
    command: str = ""
    started: str = ""
    finished: str = ""
    canary: str = ""
    quorum: int = 0
    batches: int = 0
    begun: int = 0
    limit: str = ""
    others: int = 0
    mixed: str = ""
    stopped: str = ""
    undo: bool = False
    interrupted: bool = False
    good: str = "RECOVERED"
    process: HolderProcess | None = None
    guard: list[str] = field(default_factory=list)
    at_once: bool = False
    accepted: list[str] = field(default_factory=list)
    page: str = ""
    untold: list[str] = field(default_factory=list)
    sentence: str = ""
    code: int = 0
    hosts: list[HostRecord] = field(default_factory=list)


def new_record(plan: FleetPlan, run: str, where: Mapping[str, str]) -> FleetRecord:
    """Return the record of a run that begins.

    Args:
        plan: what is to be done.
        run: its id.
        where: how each host of the fleet is reached, by its name, without a password.
    """
    batches = {name: i for i, each in enumerate(plan.batches, 1) for name in each}
    return FleetRecord(
        run=run,
        others=len(where) - len(plan.hosts),
        canary=plan.canary,
        quorum=plan.quorum,
        batches=len(plan.batches),
        hosts=[HostRecord(name, where[name], batches[name]) for name in plan.hosts],
    )


def word(record: FleetRecord, host: HostRecord) -> str:
    """Return how a host ended, for people: recovered, ready or undone where all is well."""
    recovered = host.outcome is HostOutcome.RECOVERED
    return record.good.lower() if recovered else host.outcome.value


KEPT = "the maintenance page is still shown"
"""What becomes of a page that nobody may take away yet."""

STOPPED = "its units were stopped, and its rollback was not begun"
"""Why a host is no better off than before."""


UNSEEN = "not back in service"
"""What a host is that was rolled back, and that the balancer was not seen to take."""


def conclude(record: FleetRecord) -> None:
    """Put the verdict into a record: a sentence and an exit code, by how its hosts ended."""
    good = record.good
    for each in record.hosts:
        if each.is_stopped and each.outcome is HostOutcome.NEVER_BEGUN:
            each.outcome, each.why = HostOutcome.ISOLATED, STOPPED
        if each.outcome is HostOutcome.ISOLATED and each.is_out:
            each.drained = each.drained or "left drained: isolated"
    record.undo = record.undo or any(each.is_stopped for each in record.hosts)
    record.code = _code(record, [each.outcome for each in record.hosts])
    record.sentence = _ended(record)
    if record.mixed:
        said = record.sentence.partition(": ")[2] or record.sentence
        record.sentence = f"NOT {good}: {record.mixed}; {said}"
    if record.limit:
        others = count(record.others, "other host")
        record.sentence += f"; {others} left alone by --limit={record.limit}"
    drained = sum(bool(each.drained) for each in record.hosts)
    if drained and UNSEEN not in record.stopped:
        record.sentence += f"; {drained} {UNSEEN}"
    if record.page == KEPT:
        record.sentence += f"; {KEPT}"


def _ended(record: FleetRecord) -> str:
    """Return how many hosts ended how, and where the run was stopped."""
    good, kinds = record.good, [each.outcome for each in record.hosts]
    every, back = len(kinds), sum(each in BACK for each in kinds)
    if back == every and record.stopped:
        return f"NOT {good}: {record.stopped}"
    if back == every:
        late, already = sum(each.late for each in record.hosts), kinds.count(HostOutcome.ALREADY)
        more = (f"{already} already" if already else "", f"{late} too late" if late else "")
        return ", ".join(filter(None, [f"{good} {back} of {every}", *more]))
    told = [
        f"{kinds.count(kind)} {kind.value}"
        for kind in HostOutcome
        if kind not in BACK and kind in kinds
    ]
    verdict = "INCONCLUSIVE" if record.code == Inconclusive.exit_code else f"NOT {good}"
    isolated = any(each.isolated for each in record.hosts)
    nothing = "stopped after the isolation" if isolated else "nothing was begun"
    after = f"stopped after batch {record.begun}" if record.begun else nothing
    whole = record.begun == record.batches and not record.stopped
    ended = "" if whole else f", {'interrupted' if record.interrupted else after}"
    return f"{verdict}: {', '.join(told)} of {every}{ended}"


def _code(record: FleetRecord, kinds: list[HostOutcome]) -> int:
    """Return the exit code: of what is proven to be bad, before what is not known."""
    begun = record.begun or any(each.isolated for each in record.hosts)
    silent = 1 if begun else Unreachable.exit_code
    left = not {HostOutcome.NEVER_BEGUN, HostOutcome.ISOLATED}.isdisjoint(kinds)
    first = (
        (HostOutcome.FAILED in kinds or bool(record.mixed), 1),
        (not UNSURE.isdisjoint(kinds), Inconclusive.exit_code),
        (record.interrupted and left, CODE),
        (HostOutcome.HELD in kinds, LockHeld.exit_code),
        (HostOutcome.NEVER_REACHED in kinds, silent),
        (left or any(each.drained for each in record.hosts), 1),
        (bool(record.stopped), 1),
        (any(each.late for each in record.hosts), RTO_MISSED),
    )
    return next((code for holds, code in first if holds), 0)


def failures_first(record: FleetRecord) -> list[HostRecord]:
    """Return the hosts: those whose undrain failed, the bad ones, the others in their order."""
    rank = {kind: 1 if kind in BAD else 3 if kind in BACK else 2 for kind in HostOutcome}
    return sorted(record.hosts, key=lambda each: 0 if each.drained else rank[each.outcome])
