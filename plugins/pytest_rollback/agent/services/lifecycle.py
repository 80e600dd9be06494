"""Units stopped, started and reloaded under the lock, each written down in the run's journal.

What waits until a unit is healthy is in `health`: it brings much more to a host.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Optional

from ..messages.location import ChangeTime
from ..messages.probes.sample import ProbeRequest, ProbeSpec
from ..messages.services.health import HealthRequest, UnitHealth, UnitsHealth
from ..messages.services.units import (
    Reloaded,
    ReloadRequest,
    UnitRequest,
    UnitsRequest,
    UnitStopped,
)
from ..observe.probes import sample
from ..state.lock import noted
from . import registry, units

CONCURRENT = 8


def stop(request: UnitRequest) -> UnitStopped:
    """Answer `units.stop`: see `units.stop`."""
    with noted(request.location, "stop", unit=request.unit):
        return units.stop(request)


def start(request: UnitRequest) -> ChangeTime:
    """Answer `units.start`: see `units.start`."""
    with noted(request.location, "start", unit=request.unit):
        return units.start(request)


def reload(request: ReloadRequest) -> Reloaded:
    """Answer `units.reload`: see `units.reload`."""
    with noted(request.location, "reload"):
        return units.reload(registry.of(request.manager))


def look(request: HealthRequest) -> UnitsHealth:
    """Return how each unit is, how long it has been up, and what is wrong with its health.

    A probe is asked only while its unit is active.
    """
    states = units.look(UnitsRequest(request.location, request.manager, request.units)).units
    active = [unit for unit, state in states.items() if state.state == "active"]
    with ThreadPoolExecutor(CONCURRENT) as pool:
        wrong = dict(zip(active, pool.map(problem, (request.probes[unit] for unit in active))))
    now = time.time()
    return UnitsHealth(
        {
            unit: UnitHealth(
                state,
                now - state.since if state.since else 0.0,
                wrong.get(unit, f"the unit is {state.state}"),
            )
            for unit, state in states.items()
        }
    )


def problem(probe: ProbeSpec) -> Optional[str]:
    """Return what is wrong with one answer of a probe, None when nothing is."""
    return sample.ask(ProbeRequest(probe)).wrong
