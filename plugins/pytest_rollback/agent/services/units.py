"""Units of the system: how they are, and stopping, starting and reloading them in bounded time."""

from __future__ import annotations

import time
from typing import Iterator, Optional

from ..errors import HostError
from ..messages.location import ChangeTime
from ..messages.services.units import Reloaded, UnitRequest, UnitsRequest, UnitStates, UnitStopped
from ..system import sockets
from . import registry
from .manager import ServiceManager, UnitReport

LAST = 4.0
"""Seconds that a killed unit gets to be down."""

DOWN = ("inactive", "failed")


def look(request: UnitsRequest) -> UnitStates:
    """Return how each unit is; one that the manager does not know has `known` false.

    Raises:
        HostError: the manager does not answer.
    """
    asked = {each.unit: each.ports for each in request.units}
    found = registry.of(request.manager).states(list(asked))
    opened = sockets.listening()
    return UnitStates(
        {
            unit: found[unit].state._replace(
                listening={str(port): port in opened for port in ports}
            )
            for unit, ports in asked.items()
        }
    )


def stop(request: UnitRequest) -> UnitStopped:
    """Stop a unit; at the deadline kill it.

    Raises:
        HostError: the manager does not know the unit, or the unit survives SIGKILL.
    """
    manager, unit, started = registry.of(request.manager), request.unit, time.monotonic()
    before = one(manager, unit)
    asked: Optional[int] = None
    for report in polled(manager, unit, started + request.timeout):
        if is_down(manager, report, before):
            return UnitStopped(time.monotonic() - started, killed=False)
        pid = report.state.pid
        if report.state.state not in DOWN and (asked is None or pid not in (0, asked)):
            asked = pid
            manager.ask_stop(unit)  # again where it had exited, and its manager started it anew
    kill(manager, unit, before)
    return UnitStopped(time.monotonic() - started, killed=True)


def kill(manager: ServiceManager, unit: str, before: UnitReport) -> None:
    """Kill a unit's processes and wait until it is down."""
    until = time.monotonic() + LAST
    manager.kill(unit, before)
    for report in polled(manager, unit, until):
        if is_down(manager, report, before):
            return
    raise HostError(
        f"{unit} still runs after SIGKILL (pid {before.state.pid})",
        f"it may wait for the kernel: cat /proc/{before.state.pid}/wchan",
        "unfinished",
    )


def start(request: UnitRequest) -> ChangeTime:
    """Start a unit and wait until its manager calls it running.

    Raises:
        HostError: the manager does not know the unit, or it does not start; in the manager's words.
    """
    manager, unit, started = registry.of(request.manager), request.unit, time.monotonic()
    before = one(manager, unit)
    if before.state.state == "active":
        return ChangeTime(time.monotonic() - started)
    if before.state.masked:
        raise HostError(f"{unit} is masked: it cannot start", before.unmask)
    until = started + request.timeout
    for report in polled(manager, unit, until):
        if report.state.state != "stopping":
            break
    manager.ask_start(unit)
    for report in polled(manager, unit, until):
        if report.state.state == "active":
            return ChangeTime(time.monotonic() - started)
        if report.hopeless:
            break
    words, hint = manager.why(unit)
    raise HostError(f"{unit} does not start: {words}", hint, "unfinished")


def reload(manager: ServiceManager) -> Reloaded:
    """Make a manager read its unit files again; starts and stops nothing."""
    started = time.monotonic()
    changed = manager.reload()
    return changed._replace(seconds=time.monotonic() - started)


def one(manager: ServiceManager, unit: str) -> UnitReport:
    """Return how a unit is.

    Raises:
        HostError: the manager does not know it.
    """
    report = manager.state(unit)
    if not report.state.known:
        raise HostError(
            f"{manager.name} does not know the unit {unit!r}: {report.state.detail}",
            "correct the unit's name in rollback.toml, or install its unit file",
        )
    return report


def is_down(manager: ServiceManager, now: UnitReport, before: UnitReport) -> bool:
    """Return whether a unit is down for good: by its state, and by having no process left."""
    return now.state.state in DOWN and not manager.remains(now, before)


def polled(manager: ServiceManager, unit: str, until: float) -> Iterator[UnitReport]:
    """Yield how the unit is until the deadline: first often, then ten times a second."""
    pause = 0.01
    while True:
        yield one(manager, unit)
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)
