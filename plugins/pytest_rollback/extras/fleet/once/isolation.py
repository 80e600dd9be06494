"""All hosts are stopped before one is rolled back: the two releases of a fleet never serve at once.

Promise: no host is rolled back unless every one of them was seen to be stopped; a host of which
nothing was touched serves again. One that was stopped stays so, and out of service, until its
rollback or an undo has ended well.
"""

from __future__ import annotations

from collections.abc import Collection

from pytest_rollback.extras.fleet.balancing.service import Steps, now
from pytest_rollback.extras.fleet.coordinator import Coordinator, Errand
from pytest_rollback.extras.fleet.judge import BAD, HostOutcome, named
from pytest_rollback.progress.activity import doing
from pytest_rollback.text.quantities import count


def isolated(at: Coordinator, names: Collection[str], errand: Errand) -> bool:
    """Stop hosts, all that are to be changed; return whether each of them is."""
    if not names or not at.is_obeyed(names):
        return not at.record.stopped and not at.is_interrupted
    at.note(f"all at once: {count(len(names), 'host')} stopped before one is rolled back")
    with doing(f"stops {count(len(names), 'host')}"):
        at.drive(steps(at, each, errand) for each in names)
    bad = [n for n in names if at.hosts[n].outcome is not HostOutcome.NEVER_BEGUN]
    left = bad or [n for n in names if not at.hosts[n].isolated]
    at.record.undo = any(at.hosts[n].isolated for n in names) and bool(left)
    if left and not at.is_interrupted:
        at.record.stopped = f"{named(left)} could not be stopped, so that none is rolled back"
    return not left and not at.is_interrupted


def steps(at: Coordinator, name: str, errand: Errand) -> Steps:
    """Take a host out of service, and stop its units; one that was not touched comes back."""
    host, problem = at.hosts[name], ""
    if at.service.moves:
        problem = yield from at.service.leave(host)
    if problem:
        host.outcome, host.why = HostOutcome.FAILED, f"{problem}; nothing was changed"
    elif not at.is_over:
        host.isolated = now()
        at.note("")  # its guard knows of it before it happens
        folder = at.place(name) / "isolated"
        code = yield at.begun(name, errand, folder)
        found = errand.settle(name, folder, code)
        if found.outcome is not HostOutcome.RECOVERED:
            at.settled(host, found)
            host.isolated = host.isolated if found.outcome in BAD else ""
    if at.service.moves and not host.isolated:
        yield from at.service.back(host, drained=not problem)
