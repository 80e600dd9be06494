"""A fleet's run for a terminal of 80 columns: each host, what it has, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pytest_rollback.extras.fleet.judge import BACK, FleetPlan
from pytest_rollback.extras.fleet.record import FleetRecord, failures_first, word
from pytest_rollback.extras.fleet.survey import HostState
from pytest_rollback.recovery.rehearsal import folded

WIDE, NARROW = 26, 16
"""Characters of a host's name, and of everything beside it."""


def cut(text: str, wide: int) -> str:
    """Return a text that fits into a column, with what tells it apart at both ends."""
    if len(text) <= wide:
        return f"{text:<{wide}}"
    half = (wide - 2) // 2
    return f"{text[: wide - 2 - half]}..{text[-half:]}"


def row(*cells: str) -> str:
    """Return one line: the first cell is a name."""
    first, *others = cells
    return " ".join([cut(first, WIDE), *(cut(each, NARROW) for each in others)]).rstrip()


def outcome_lines(record: FleetRecord) -> Iterator[str]:
    """Yield the hosts of a run, failures first, and below each what stands against it."""
    yield row("host", "outcome", "release before", "after")
    for host in failures_first(record):
        yield row(host.name, word(record, host), host.before, host.after)
        told = [] if host.outcome in BACK else [host.why]
        for why in filter(None, [host.drained, *told]):
            yield from folded(f"    {why}", 4)


def state_lines(plan: FleetPlan, states: Mapping[str, HostState]) -> Iterator[str]:
    """Yield what each host says of itself, in the order of the plan."""
    yield row("host", "release", "last rollback", "at work")
    for name in plan.hosts:
        state = states[name]
        holder = state.holder.partition(",")[0]
        yield row(name, state.shown, state.outcome or "none", holder or "nobody")
        if state.why:
            yield from folded(f"    {state.why}", 4)


def plan_lines(plan: FleetPlan, parallel: int) -> Iterator[str]:
    """Yield the batches."""
    for number, batch in enumerate(plan.batches, 1):
        about = "  (canary first)" if number == 1 else ""
        yield from folded(f"batch {number}: {', '.join(batch)}{about}", 9)
    stops = "are left out" if plan.skips else "stop it"
    yield from folded(
        f"at least {plan.quorum} of {len(plan.hosts)} serve meanwhile; at most "
        f"{plan.max_failed} may fail; hosts that cannot be reached {stops}; "
        f"{parallel} hosts at once",
        0,
    )


def summary(states: Iterable[HostState]) -> str:
    """Return how many hosts have which release, in one line."""
    found: dict[str, int] = {}
    for each in states:
        found[each.shown] = found.get(each.shown, 0) + 1
    return ", ".join(f"{number} {name}" for name, number in sorted(found.items()))
