"""Units of the system: how they are, and stopping, starting and reloading them in bounded time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Iterator

from ..errors import HostError
from ..system import processes
from . import supervisord, systemd

if TYPE_CHECKING:
    from types import ModuleType

MANAGERS = {"systemd": systemd, "supervisord": supervisord}

LAST = 4.0
"""Seconds that a killed unit gets to be down."""

DOWN = ("inactive", "failed")


def look(question: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return how each asked unit is, by its name; one nobody knows is `known: false`.

    Raises:
        HostError: the manager does not answer.
    """
    manager = of(question)
    asked = {entry["unit"]: entry.get("ports", ()) for entry in question["units"]}
    found = manager.states(question, list(asked))
    opened = processes.listening()
    return {
        unit: {
            **{key: value for key, value in found[unit].items() if not key.startswith("_")},
            "listening": {str(port): port in opened for port in wanted},
        }
        for unit, wanted in asked.items()
    }


def stop(question: dict[str, Any]) -> dict[str, Any]:
    """Stop a unit; at the deadline kill it. Returns the seconds and whether it was killed.

    Raises:
        HostError: nobody knows the unit, or it does not even die of SIGKILL.
    """
    manager, unit, started = of(question), question["unit"], time.monotonic()
    before = one(manager, question)
    until = started + question["timeout"]
    if not is_down(manager, before, before):
        manager.ask_stop(question, unit)
    for state in polled(manager, question, until):
        if is_down(manager, state, before):
            return {"seconds": time.monotonic() - started, "killed": False}
    kill(manager, question, before)
    return {"seconds": time.monotonic() - started, "killed": True}


def kill(manager: ModuleType, question: dict[str, Any], before: dict[str, Any]) -> None:
    """Kill a unit's processes and wait until it is down."""
    until = time.monotonic() + LAST
    manager.kill(question, question["unit"], before)
    for state in polled(manager, question, until):
        if is_down(manager, state, before):
            return
    unit = question["unit"]
    raise HostError(
        f"{unit} still runs after SIGKILL (pid {before['pid']})",
        f"see what it waits for: cat /proc/{before['pid']}/wchan",
        "unfinished",
    )


def start(question: dict[str, Any]) -> dict[str, Any]:
    """Start a unit and wait until its manager calls it running. Returns the seconds.

    Raises:
        HostError: nobody knows the unit, or it does not start; in the manager's own words.
    """
    manager, unit, started = of(question), question["unit"], time.monotonic()
    before = one(manager, question)
    if before["state"] == "active":
        return {"seconds": time.monotonic() - started}
    if before["masked"]:
        raise HostError(f"{unit} is masked: it cannot start", f"systemctl unmask {unit}")
    until = started + question["timeout"]
    for state in polled(manager, question, until):
        if state["state"] != "stopping":
            break
    manager.ask_start(question, unit, before)
    for state in polled(manager, question, until):
        if state["state"] == "active":
            return {"seconds": time.monotonic() - started}
        if state["_hopeless"]:
            break
    words, hint = manager.why(question, unit)
    raise HostError(f"{unit} does not start: {words}", hint, "unfinished")


def reload(question: dict[str, Any]) -> dict[str, Any]:
    """Make the manager read its unit files again; starts and stops nothing."""
    started = time.monotonic()
    changed: dict[str, Any] = of(question).reload(question)
    return {"seconds": time.monotonic() - started, **changed}


def of(question: dict[str, Any]) -> ModuleType:
    """Return the manager that the question names."""
    return MANAGERS[question["manager"]]


def one(manager: ModuleType, question: dict[str, Any]) -> dict[str, Any]:
    """Return how the question's unit is; a unit nobody knows is a problem."""
    unit = question["unit"]
    state: dict[str, Any] = manager.states(question, [unit])[unit]
    if not state["known"]:
        raise HostError(
            f"{question['manager']} knows no unit {unit!r}: {state['detail']}",
            "correct the unit's name in rollback.toml, or install its unit file",
        )
    return state


def is_down(manager: ModuleType, state: dict[str, Any], before: dict[str, Any]) -> bool:
    """Tell whether a unit is down for good: by its state, and by having no process left."""
    return state["state"] in DOWN and not manager.remains(state, before)


def polled(manager: ModuleType, question: dict[str, Any], until: float) -> Iterator[dict[str, Any]]:
    """Yield how the unit is until the deadline: first often, then ten times a second."""
    pause = 0.01
    while True:
        yield one(manager, question)
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)
