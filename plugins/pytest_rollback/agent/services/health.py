"""Units started and watched until they are healthy, each alone or all together, or told why not."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Set, Tuple, Union
from urllib.parse import urlsplit

from ..configuration.units import outputs
from ..errors import HostError
from ..messages.location import ChangeTime, Location
from ..messages.services.health import (
    HealthyStartRequest,
    SettleRequest,
    SettlingUnit,
    StartTimes,
)
from ..messages.services.units import UnitRequest, UnitState
from ..observe.logs import offsets
from ..state import journal
from ..state.lock import CHANGES, folder_of, noted
from ..system.processes import started as ticks_of
from . import registry, units
from .lifecycle import CONCURRENT, problem
from .manager import ServiceManager, UnitReport
from .presence.ports import held_by_others

PAUSE = 0.1
RESTARTS = 3
"""New processes of one unit after which it is not going to become healthy."""

LOCAL = {"localhost", "127.0.0.1", "::1"}


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
        said.update(pid=state.pid, restarts=state.restarts, ticks=ticks_of(state.pid))
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
    text = f"{request.unit} {what}: {words}; last answer of its probe: {said}"
    pid, leads = manager.state(request.unit).state.pid, manager.published(request.unit)
    held = held_by_others(ports(request), pid, leads)
    if held:
        lines = [f"port {port} is held by {each}" for port in held for each in held[port]]
        text = "; ".join([*lines, text])
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


Signs = Tuple[int, int]
"""The main process of a unit, and how often its manager has started it again."""


def settle(request: SettleRequest) -> ChangeTime:
    """Watch units for the longest of their times: same process, no restart, healthy at the end.

    The process is the one with which a unit became healthy, where this run started it: one that
    was replaced since has not stayed up.

    Raises:
        HostError: a unit did not stay up, or is not healthy at the end.
    """
    manager, started = registry.of(request.manager), time.monotonic()
    units = {each.unit: each for each in request.units}
    signs = healthy(request.location)
    longest = max((each.settle for each in request.units), default=0.0)
    while True:
        found = manager.states(list(units))
        for unit, each in units.items():
            now = found[unit].state
            same = signs.setdefault(unit, (now.pid, now.restarts)) == (now.pid, now.restarts)
            if now.state != "active" or not same:
                raise failed(
                    manager, each, f"did not stay up for {each.settle:g} s", "it was right"
                )
        left = started + longest - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(PAUSE, left))
    with ThreadPoolExecutor(CONCURRENT) as pool:
        wrong = dict(zip(units, pool.map(problem, (each.probe for each in request.units))))
    for unit, said in wrong.items():
        if said:
            text = f"was not healthy after {units[unit].settle:g} s"
            raise failed(manager, units[unit], text, said)
    return ChangeTime(time.monotonic() - started)


def healthy(location: Location) -> Dict[str, Signs]:
    """Return with which process each unit became healthy that this run started last."""
    folder = folder_of(location) if location.state else None
    entries = journal.entries(os.path.join(folder, CHANGES)) if folder else []
    return {
        entry["unit"]: (entry["pid"], entry["restarts"])
        for entry in entries
        if entry["event"] == "start done" and "pid" in entry
    }
