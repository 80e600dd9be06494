"""Phases 1 and 4: stop every unit, last started first; start every unit, in order."""

from __future__ import annotations

from typing import Any

from rollback.connection import Connection
from rollback.errors import Refused
from rollback.gate import Action, Change
from rollback.model import Component, System

DOWN = {"inactive", "failed"}


def states(connection: Connection, system: System) -> dict[str, dict[str, Any]]:
    """Return every unit's state. A unit nobody knows is an error, not a stopped one."""
    manager = {"manager": system.services.manager, "socket": system.services.socket}
    asked = [{"unit": c.unit, "ports": c.listens} for c in system.components]
    found: dict[str, dict[str, Any]] = connection.ask("units", "look", units=asked, **manager)
    unknown = [unit for unit, state in found.items() if not state["known"]]
    if unknown:
        raise Refused(
            f"nobody knows these units: {', '.join(unknown)}",
            hint="correct them in rollback.toml; a misspelt unit is not a stopped one",
        )
    return found


def change(system: System, component: Component, verb: str, why: str) -> Change:
    """Return the stop or the start of one component's unit."""
    seconds = component.stop if verb == "stop" else component.start
    manager = {"manager": system.services.manager, "socket": system.services.socket}
    arguments = {**manager, "unit": component.unit, "timeout": seconds}
    return Change("units", verb, f"{verb} {component.unit}", why, seconds, arguments)


def stops(system: System, found: dict[str, dict[str, Any]]) -> tuple[Change, ...]:
    """Return one stop per unit that is not down, in reverse start order."""
    return tuple(
        change(system, component, "stop", f"it is {found[component.unit]['state']}")
        for component in reversed(system.components)
        if found[component.unit]["state"] not in DOWN
    )


def starts(system: System, found: dict[str, dict[str, Any]]) -> tuple[Change, ...]:
    """Return one start per unit that is not active, in start order, optional ones last."""
    ordered = sorted(system.components, key=lambda component: not component.required)
    return tuple(
        change(system, component, "start", f"it is {found[component.unit]['state']}")
        for component in ordered
        if found[component.unit]["state"] != "active"
    )


ISOLATE = Action("isolate components", "isolate", look=states, plan=stops)
START = Action("start services", "services", look=states, plan=starts)
