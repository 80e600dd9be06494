"""Units stopped, started and reloaded under the lock, each written down in the run's journal."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Optional, Set, Union
from urllib.parse import urlsplit

from ..configuration.units import outputs
from ..errors import HostError
from ..messages.location import ChangeTime
from ..messages.probes.sample import ProbeRequest, ProbeSpec
from ..messages.services.health import (
    HealthRequest,
    HealthyStartRequest,
    SettlingUnit,
    StartTimes,
    UnitHealth,
    UnitsHealth,
)
from ..messages.services.units import (
    Reloaded,
    ReloadRequest,
    UnitRequest,
    UnitsRequest,
    UnitState,
    UnitStopped,
)
from ..observe.logs import offsets
from ..observe.probes import sample
from ..state.lock import noted
from . import registry, units
from .manager import ServiceManager, UnitReport
from .presence.ports import held_by_others


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


PAUSE = 0.1
RESTARTS = 3
"""New processes of one unit after which it is not going to become healthy."""

CONCURRENT = 8
LOCAL = {"localhost", "127.0.0.1", "::1"}


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


def start_healthy(request: HealthyStartRequest) -> StartTimes:
    """Start a unit, wait until its probe is answered as it should be, and until it has settled.

    Raises:
        HostError: it does not come up, in the manager's words and with the probe's last answer.
    """
    asked = UnitRequest(request.location, request.manager, request.unit, request.timeout)
    manager = registry.of(request.manager)
    with noted(request.location, "start", unit=request.unit) as said:
        started = time.monotonic()
        _marked(request, units.one(manager, request.unit))
        units.start(asked)
        active = time.monotonic() - started
        state = _until_healthy(manager, request, started + request.timeout)
        healthy = time.monotonic() - started
        said.update(pid=state.pid, restarts=state.restarts)
        _settled(manager, request, state)
        return StartTimes(active, healthy, time.monotonic() - started)


def _marked(request: HealthyStartRequest, before: UnitReport) -> None:
    """Keep where the log of a unit that is down ends: all above is of before its start."""
    state = request.location.state
    if state and before.state.state in units.DOWN and not before.state.pid:
        places = outputs.resolved(request.manager, request.directory, {request.unit: request.log})
        for log in places[request.unit]:
            offsets.keep(state, log, offsets.taken(log))


def _until_healthy(
    manager: ServiceManager, request: HealthyStartRequest, until: float
) -> UnitState:
    """Return how the unit is once it is healthy; give it up when there is no hope any more."""
    pids: Set[int] = set()
    said = "not run"
    while True:
        report = units.one(manager, request.unit)
        pids.update({report.state.pid} - {0})
        if report.state.state == "active":
            wrong = problem(request.probe)
            if wrong is None:
                return report.state
            said = wrong
        if report.hopeless or len(pids) > RESTARTS or time.monotonic() > until:
            raise failed(manager, request, "did not become healthy", said)
        time.sleep(PAUSE)


def _settled(manager: ServiceManager, request: HealthyStartRequest, before: UnitState) -> None:
    """Watch a healthy unit for a while: same process, no restart, and healthy at the end."""
    until, settle = time.monotonic() + request.settle, f"{request.settle:g} s"
    while time.monotonic() < until:
        state = units.one(manager, request.unit).state
        same = (state.pid, state.restarts) == (before.pid, before.restarts)
        if state.state != "active" or not same:
            raise failed(manager, request, f"did not stay up for {settle}", "it was right")
        time.sleep(min(PAUSE, max(0.0, until - time.monotonic())))
    wrong = problem(request.probe)
    if wrong:
        raise failed(manager, request, f"was not healthy after {settle}", wrong)


def failed(
    manager: ServiceManager,
    request: Union[HealthyStartRequest, SettlingUnit],
    what: str,
    said: str,
) -> HostError:
    """Return why a unit is not up: the manager's words, the probe's last answer, where to look."""
    words, hint = manager.why(request.unit)
    files = " ".join(log for log in request.log if log.startswith("/"))
    hint = f"tail -n 50 {files}" if files else hint
    text = f"{request.unit} {what}: {words}\nlast answer of its probe: {said}"
    held = held_by_others(ports(request), manager.state(request.unit).state.pid)
    if held:
        lines = [f"port {port} is held by {each}" for port in held for each in held[port]]
        text = "\n".join([*lines, text])
        pids = sorted({each.pid for others in held.values() for each in others})
        hint = ended(",".join(map(str, pids)), " ".join(map(str, pids)))
    return HostError(text, hint, "unfinished")


def ports(request: Union[HealthyStartRequest, SettlingUnit]) -> Set[int]:
    """Return the ports of this host that are meant for a unit: its own, and that of its probe."""
    probe = request.probe
    parts = urlsplit(probe.url or f"//{probe.tcp or ''}")
    usual = {"http": 80, "https": 443}.get(parts.scheme, 0)
    asked = (parts.port or usual) if parts.hostname in LOCAL else 0
    return {*request.ports, asked} - {0}


def ended(listed: str, words: str) -> str:
    """Return how processes are looked at, and ended where they are left of a failed release."""
    see = f"ps -o pid,ppid,user,lstart,args -p {listed}"
    return f"{see}; what is left of a failed release: kill {words}; then the same command again"
