"""Every unit that is rolled back: stopped, last started first; later started again, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import Component
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import call, manager, probe
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once

DOWN = {"inactive", "failed"}
MARGIN = 5.0
"""Seconds that a kill, or the manager's own words, may take beyond a unit's deadline."""

STOPS = 2.0
STARTS = 2.0

States = dict[str, dict[str, Any]]


def states(scope: Scope) -> Look[States]:
    """Return every unit's state. A unit nobody knows is an error, not a stopped one."""
    units = [{"unit": c.unit, "ports": list(c.listens)} for c in scope.components]
    found = yield from asked_once(call(scope, "units.look", units=units, **manager(scope.system)))
    return known(found)


def health(scope: Scope) -> Look[States]:
    """Return how every unit is, and what its health probe has against it."""
    units = [
        {"unit": c.unit, "ports": list(c.listens), "probe": probe(scope.system, c.health)}
        for c in scope.components
    ]
    found = yield from asked_once(call(scope, "health.look", units=units, **manager(scope.system)))
    return known(found)


def known(found: States) -> States:
    """Return the states, if every unit is known.

    Raises:
        Refused: nobody knows one.
    """
    unknown = [f"{unit}: {state['detail']}" for unit, state in found.items() if not state["known"]]
    if unknown:
        raise Refused(
            f"the service manager does not know {len(unknown)} of the units",
            findings=unknown,
            hint="correct [[components]] unit in rollback.toml, or install the unit file; a "
            "misspelt unit is not a stopped one",
        )
    return found


def stops(scope: Scope, found: States) -> tuple[Change, ...]:
    """Return one stop per unit that is not down, in reverse start order."""
    return tuple(
        _stop(scope, component, found[component.unit]["state"])
        for component in reversed(scope.components)
        if found[component.unit]["state"] not in DOWN
    )


def _stop(scope: Scope, component: Component, state: str) -> Change:
    arguments = {**manager(scope.system), "unit": component.unit, "timeout": component.stop}
    return Change(
        call(scope, "units.stop", component.stop + MARGIN, **arguments),
        f"stop {component.unit}",
        f"it is {state}",
        min(component.stop, STOPS),
    )


def starting(*, required: bool) -> Callable[[Scope, States], tuple[Change, ...]]:
    """Return the plan of the required components, or of the optional ones.

    It has one change per component that is not active, healthy and settled, in start order.
    """

    def starts(scope: Scope, found: States) -> tuple[Change, ...]:
        return tuple(
            _start(scope, component, why)
            for component in scope.components
            if component.required == required
            for why in lacking(component, found[component.unit])
        )

    return starts


def lacking(component: Component, state: dict[str, Any]) -> tuple[str, ...]:
    """Return why a component is not up yet; nothing when it is."""
    if state["state"] != "active":
        return (f"it is {state['state']}",)
    if state["problem"]:
        return (f"it is not healthy: {state['problem']}",)
    if state["uptime"] < component.settle:
        return (f"it is up for {state['uptime']:.1f} s only",)
    return ()


def _start(scope: Scope, component: Component, why: str) -> Change:
    arguments = {
        **manager(scope.system),
        "unit": component.unit,
        "timeout": component.start,
        "settle": component.settle,
        "log": component.log,
        "probe": probe(scope.system, component.health),
    }
    seconds = component.start + component.settle + MARGIN
    what = f"start {component.unit} and see it healthy"
    started = call(scope, "health.start", seconds, **arguments)
    return Change(started, what, why, component.settle + STARTS)


def isolated(_scope: Scope, found: States) -> States:
    """Return what is found once every unit was stopped."""
    return {
        unit: {**state, "state": "inactive", "problem": "the unit is inactive", "uptime": 0.0}
        for unit, state in found.items()
    }


ISOLATE = Action("isolate components", "isolate", look=states, plan=stops)
START = Action(
    "start services", "services", look=health, plan=starting(required=True), assuming=isolated
)
START_OPTIONAL = Action(
    "start optional services",
    "services",
    look=health,
    plan=starting(required=False),
    assuming=isolated,
)
