"""Every unit that is rolled back: stopped, last started first; later started again, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pytest_rollback.agent.messages.services.health import (
    HEALTH,
    START_HEALTHY,
    HealthRequest,
    HealthyStartRequest,
    UnitHealth,
    UnitsHealth,
)
from pytest_rollback.agent.messages.services.units import (
    LOOK,
    STOP,
    UnitPorts,
    UnitRequest,
    UnitsRequest,
    UnitState,
)
from pytest_rollback.errors import Refused
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import PATIENT
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once
from pytest_rollback.transport.call import Call

DOWN = {"inactive", "failed"}
MARGIN = 5.0
"""Seconds that a kill, or the manager's own words, may take beyond a unit's deadline."""

STOPS = 2.0
STARTS = 2.0

States = Mapping[str, UnitState]
Health = Mapping[str, UnitHealth]


def states(scope: Scope) -> Look[States]:
    """Return every unit's state; a unit that the manager does not know is an error."""
    units = tuple(UnitPorts(c.unit, c.listens) for c in scope.components)
    request = UnitsRequest(
        requests.location(scope.system, scope.run), requests.manager(scope.system), units
    )
    found = yield from asked_once(Call(LOOK, request, PATIENT))
    refuse_unknown(found.units)
    return found.units


def health(scope: Scope) -> Look[Health]:
    """Return how every unit is, and what is wrong with its health."""
    found = yield from asked_once(health_of(scope, scope.components, PATIENT))
    refuse_unknown({unit: each.state for unit, each in found.units.items()})
    return found.units


def health_of(
    scope: Scope, components: Iterable[Component], seconds: float
) -> Call[HealthRequest, UnitsHealth]:
    """Return the call that asks for the health of components."""
    system, mine = scope.system, tuple(components)
    request = HealthRequest(
        location=requests.location(system, scope.run),
        manager=requests.manager(system),
        units=tuple(UnitPorts(each.unit, each.listens) for each in mine),
        probes={each.unit: requests.probe(system.probes[each.health]) for each in mine},
    )
    return Call(HEALTH, request, seconds)


def refuse_unknown(found: States) -> None:
    """Refuse to go on unless the manager knows every unit.

    Raises:
        Refused: it does not know one.
    """
    unknown = [f"{unit}: {state.detail}" for unit, state in found.items() if not state.known]
    if unknown:
        raise Refused(
            f"the service manager does not know {count(len(unknown), 'unit')}",
            findings=unknown,
            hint="correct unit in [[components]] of rollback.toml, or install the unit file",
        )


def stops(scope: Scope, found: States) -> tuple[Change, ...]:
    """Return one stop per unit that is not down, in reverse start order."""
    return tuple(
        _stop(scope, component, found[component.unit].state)
        for component in reversed(scope.components)
        if found[component.unit].state not in DOWN
    )


def _stop(scope: Scope, component: Component, state: str) -> Change:
    return Change(
        Call(STOP, unit_request(scope, component, component.stop), component.stop + MARGIN),
        f"stop {component.unit}",
        f"it is {state}",
        min(component.stop, STOPS),
    )


def unit_request(scope: Scope, component: Component, timeout: float) -> UnitRequest:
    """Return the request to stop or start the unit of a component, within so many seconds."""
    location = requests.location(scope.system, scope.run)
    return UnitRequest(location, requests.manager(scope.system), component.unit, timeout)


def starting(*, required: bool) -> Callable[[Scope, Health], tuple[Change, ...]]:
    """Return the plan of the required components, or of the optional ones.

    It has one change per component that is not active, healthy and settled, in start order.
    """

    def starts(scope: Scope, found: Health) -> tuple[Change, ...]:
        return tuple(
            _start(scope, component, why)
            for component in scope.components
            if component.required == required
            for why in lacking(component, found[component.unit])
        )

    return starts


def lacking(component: Component, found: UnitHealth) -> tuple[str, ...]:
    """Return why a component is not up yet; nothing when it is."""
    if found.state.state != "active":
        return (f"it is {found.state.state}",)
    if found.problem:
        return (f"it is not healthy: {found.problem}",)
    if found.uptime < component.settle:
        return (f"it is up for only {found.uptime:.1f} s",)
    return ()


def _start(scope: Scope, component: Component, why: str) -> Change:
    system = scope.system
    request = HealthyStartRequest(
        location=requests.location(system, scope.run),
        manager=requests.manager(system),
        unit=component.unit,
        timeout=component.start,
        settle=component.settle,
        log=component.log,
        probe=requests.probe(system.probes[component.health]),
    )
    seconds = component.start + component.settle + MARGIN
    what = f"start {component.unit} and wait until it is healthy"
    return Change(Call(START_HEALTHY, request, seconds), what, why, component.settle + STARTS)


def isolated(_scope: Scope, found: Health) -> Health:
    """Return what is found once every unit was stopped."""
    return {
        unit: UnitHealth(each.state._replace(state="inactive"), 0.0, "the unit is inactive")
        for unit, each in found.items()
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
