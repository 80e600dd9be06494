"""The record of a fleet's run: what `fleet.json` holds, and its pages are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.errors import RTO_MISSED, Inconclusive, LockHeld, Unreachable
from pytest_rollback.extras.fleet.judge import BACK, BAD, HostOutcome
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
    sentence: str = ""
    code: int = 0
    hosts: list[HostRecord] = field(default_factory=list)


def word(record: FleetRecord, host: HostRecord) -> str:
    """Return how a host ended, for people: recovered, ready or undone where all is well."""
    recovered = host.outcome is HostOutcome.RECOVERED
    return record.good.lower() if recovered else host.outcome.value


def conclude(record: FleetRecord) -> None:
    """Put the verdict into a record: a sentence and an exit code, by how its hosts ended."""
    good = record.good
    kinds = [each.outcome for each in record.hosts]
    every, back = len(kinds), sum(each in BACK for each in kinds)
    record.code = _code(record, kinds)
    told = [
        f"{kinds.count(kind)} {kind.value}"
        for kind in HostOutcome
        if kind not in BACK and kind in kinds
    ]
    drained = [each.name for each in record.hosts if each.drained]
    if back == every and not record.stopped:
        late, already = sum(each.late for each in record.hosts), kinds.count(HostOutcome.ALREADY)
        more = (f"{already} already" if already else "", f"{late} too late" if late else "")
        record.sentence = ", ".join(filter(None, [f"{good} {back} of {every}", *more]))
    elif back == every:
        record.sentence = f"NOT {good}: {record.stopped}"
    else:
        verdict = "INCONCLUSIVE" if record.code == Inconclusive.exit_code else f"NOT {good}"
        after = f"stopped after batch {record.begun}" if record.begun else "nothing was begun"
        whole = record.begun == record.batches and not record.stopped
        ended = "" if whole else f", {'interrupted' if record.interrupted else after}"
        record.sentence = f"{verdict}: {', '.join(told)} of {every}{ended}"
    if record.mixed:
        said = record.sentence.partition(": ")[2] or record.sentence
        record.sentence = f"NOT {good}: {record.mixed}; {said}"
    if record.limit:
        others = count(record.others, "other host")
        record.sentence += f"; {others} left alone by --limit={record.limit}"
    if drained:
        record.sentence += f"; {len(drained)} not back in service"


def _code(record: FleetRecord, kinds: list[HostOutcome]) -> int:
    """Return the exit code: of what is proven to be bad, before what is not known."""
    silent = 1 if record.begun else Unreachable.exit_code
    first = (
        (HostOutcome.FAILED in kinds, 1),
        (HostOutcome.LOST in kinds, Inconclusive.exit_code),
        (record.interrupted and HostOutcome.NEVER_BEGUN in kinds, CODE),
        (HostOutcome.HELD in kinds, LockHeld.exit_code),
        (HostOutcome.NEVER_REACHED in kinds, silent),
        (HostOutcome.NEVER_BEGUN in kinds or any(each.drained for each in record.hosts), 1),
        (bool(record.stopped or record.mixed), 1),
        (any(each.late for each in record.hosts), RTO_MISSED),
    )
    return next((code for holds, code in first if holds), 0)


def failures_first(record: FleetRecord) -> list[HostRecord]:
    """Return the hosts: those whose undrain failed, the bad ones, the others in their order."""
    rank = {kind: 1 if kind in BAD else 3 if kind in BACK else 2 for kind in HostOutcome}
    return sorted(record.hosts, key=lambda each: 0 if each.drained else rank[each.outcome])
