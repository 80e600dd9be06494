"""Which batch comes next, or why none does: a pure function of the plan and the outcomes so far.

Promise: a share is one of the plan, never of what is left. Nothing is begun after a host that
somebody else holds, after a canary that did not come back, after more failures than `max_failed`,
or where fewer hosts than the quorum would serve meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from pytest_rollback.errors import UsageError
from pytest_rollback.text.quantities import count


class HostOutcome(Enum):
    """How a host ended, in words for people.

    RECOVERED and ALREADY have the previous release; of NEVER_REACHED, HELD and NEVER_BEGUN nothing
    was changed; FAILED was looked at and is not well; LOST may have been changed or not, and of
    INCONCLUSIVE nothing was changed by looking, and nobody can tell. ISOLATED was stopped, and not
    rolled back.
    """

    RECOVERED = "recovered"
    ALREADY = "already"
    FAILED = "failed"
    LOST = "lost"
    INCONCLUSIVE = "inconclusive"
    ISOLATED = "isolated"
    NEVER_REACHED = "never reached"
    HELD = "held"
    NEVER_BEGUN = "never begun"


BACK = frozenset({HostOutcome.RECOVERED, HostOutcome.ALREADY})
"""The host has the previous release."""

BAD = frozenset({HostOutcome.FAILED, HostOutcome.LOST, HostOutcome.INCONCLUSIVE})
"""The host counts against `max_failed`."""

UNSURE = frozenset({HostOutcome.LOST, HostOutcome.INCONCLUSIVE})
"""It is not known how the host is."""

SILENT = BAD | {HostOutcome.NEVER_REACHED, HostOutcome.ISOLATED}
"""Nobody counts on the host to serve."""


class FleetPlan(NamedTuple):
    """The hosts in their order, the canary first, and in which batches they are rolled back.

    `quorum` is how many hosts have to serve at any time, `max_failed` how many may fail or be lost
    of the whole fleet, `skips` whether a host that cannot be reached is left out. `others` are the
    hosts of the fleet that are left alone and serve, `every` is how many it has.
    """

    hosts: tuple[str, ...]
    canary: str
    batches: tuple[tuple[str, ...], ...]
    quorum: int
    max_failed: int = 0
    skips: bool = False
    others: int = 0
    every: int = 0


class Decision(NamedTuple):
    """What comes next: the hosts of a batch with its number, from 1; or why nothing does.

    Without hosts and without a reason everything is done. `undo` advises to take back what was
    rolled back, because the previous release is no better.
    """

    batch: tuple[str, ...] = ()
    number: int = 0
    reason: str = ""
    undo: bool = False


Outcomes = Mapping[str, HostOutcome]


def share(value: int | str, of: int, *, up: bool) -> int:
    """Return how many hosts a number or a share such as "25%" is, of so many."""
    if isinstance(value, int):
        return value
    part = int(value.rstrip("%")) * of
    return -(-part // 100) if up else part // 100


def planned(
    hosts: Sequence[str],
    canary: str,
    sizes: Sequence[int | str],
    quorum: int | str,
    **more: int,
) -> FleetPlan:
    """Return the plan: the canary leads, the last size holds until all hosts are in a batch.

    Args:
        hosts: their names, at least one.
        canary: one of them.
        sizes: of the batches, such as `1` or `"25%"`; a share below one host is one host.
        quorum: how many have to serve meanwhile; a share is rounded up.
        more: `max_failed`, `skips`, and `every`: how many hosts the fleet has where only some of
            them are meant; shares are of these.

    Raises:
        UsageError: a batch is so large that the quorum could not be kept.
    """
    order = (canary, *(each for each in hosts if each != canary))
    every = more.setdefault("every", len(order))
    batches, begun, number = [], 0, 0
    while begun < len(order):
        size = max(1, share(sizes[min(number, len(sizes) - 1)], every, up=False))
        batches.append(order[begun : begun + size])
        begun, number = begun + size, number + 1
    least = share(quorum, every, up=True)
    for number, batch in enumerate(batches, 1):
        if every - len(batch) < least:
            raise UsageError(
                f"batch {number} takes {len(batch)} of {count(every, 'host')}, and "
                f"{least} have to serve: nothing was changed",
                hint="smaller batches, or a lower quorum, in [fleet] of rollback.toml",
            )
    return FleetPlan(order, canary, tuple(batches), least, **more)  # type: ignore[arg-type]


def serving(plan: FleetPlan, outcomes: Outcomes, batch: Sequence[str]) -> frozenset[str]:
    """Return the hosts that serve while a batch is out: all but it, the bad and the silent ones."""
    return frozenset(
        each for each in plan.hosts if each not in batch and outcome(outcomes, each) not in SILENT
    )


def outcome(outcomes: Outcomes, host: str) -> HostOutcome:
    """Return how a host ended; one of which nothing is known was never begun."""
    return outcomes.get(host, HostOutcome.NEVER_BEGUN)


def judged(plan: FleetPlan, outcomes: Outcomes) -> Decision:
    """Return what comes next, by all that is known so far."""
    stop = stopped(plan, outcomes)
    if stop:
        return stop
    for number, batch in enumerate(plan.batches, 1):
        left = [each for each in batch if outcome(outcomes, each) is HostOutcome.NEVER_BEGUN]
        if left:
            return _within_quorum(plan, outcomes, Decision(tuple(left), number))
    return Decision()


def stopped(plan: FleetPlan, outcomes: Outcomes) -> Decision | None:
    """Return why nothing more is begun; None where nothing stands against it."""
    by = {kind: [h for h in plan.hosts if outcome(outcomes, h) is kind] for kind in HostOutcome}
    held, silent = by[HostOutcome.HELD], by[HostOutcome.NEVER_REACHED]
    unsure = by[HostOutcome.INCONCLUSIVE]
    bad = [*by[HostOutcome.FAILED], *by[HostOutcome.LOST], *unsure]
    canary = outcome(outcomes, plan.canary)
    back = any(outcome(outcomes, host) is HostOutcome.RECOVERED for host in plan.hosts)
    if held:
        return Decision(reason=f"somebody else holds {named(held)}")
    if canary in SILENT:
        return Decision(reason=f"canary {plan.canary}: {canary.value}")
    if len(bad) > plan.max_failed:
        most = f", at most {plan.max_failed} may" if plan.max_failed else ""
        words = "failed, lost or inconclusive" if unsure else "failed or lost"
        return Decision(reason=f"{named(bad)} {words}{most}", undo=back)
    if silent and not plan.skips:
        return Decision(reason=f"{named(silent)} cannot be reached")
    return None


def _within_quorum(plan: FleetPlan, outcomes: Outcomes, following: Decision) -> Decision:
    """Return a batch, or that too few hosts would serve meanwhile."""
    left = len(serving(plan, outcomes, following.batch)) + plan.others
    if left < plan.quorum:
        why = f"{left} would serve during batch {following.number}, {plan.quorum} have to"
        return Decision(reason=why)
    return following


def named(hosts: Sequence[str], most: int = 3) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(hosts) - most} more" if len(hosts) > most else ""
    return ", ".join(hosts[:most]) + more
