"""Every unit that is rolled back, and how it is: stopped, last started first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pytest_rollback.agent.messages.services.health import (
    HEALTH,
    HealthRequest,
    UnitHealth,
    UnitsHealth,
)
from pytest_rollback.agent.messages.services.running import (
    RUNNING,
    Running,
    RunningRequest,
    UnitProcesses,
)
from pytest_rollback.agent.messages.services.units import (
    LOOK,
    STOP,
    UnitPorts,
    UnitRequest,
    UnitsRequest,
    UnitState,
)
from pytest_rollback.checks.running import answering, hidden, others, refuse_strangers, stale
from pytest_rollback.errors import Refused
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import PATIENT, location
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.call import Call

DOWN = {"inactive", "failed"}
MARGIN = 5.0
"""Seconds that a kill, or the manager's own words, may take beyond a unit's deadline."""

STOPS = 2.0

States = Mapping[str, UnitState]
Health = Mapping[str, UnitHealth]


def states(scope: Scope) -> Look[States]:
    """Return every unit's state; who would be left when all of them are down is an error.

    Raises:
        Refused: the manager does not know a unit; or a process of the system is of no unit, or
            another's listens on a port, so that stopping the units does not end the release.
    """
    found, running = yield from beheld(scope)
    refuse_strangers(scope.system.about.where, running)
    refuse_holders(scope, found, running)
    return found


def beheld(scope: Scope) -> Look[tuple[States, Running]]:
    """Return every unit's state and its processes, from one round trip.

    Raises:
        Refused: the manager does not know a unit.
    """
    units = tuple(UnitPorts(c.unit) for c in scope.components)
    where, manager = location(scope), requests.manager(scope.system)
    asked, running = Call(LOOK, UnitsRequest(where, manager, units), PATIENT), running_of(scope)
    answers = yield [asked, running]
    found = answers.of(asked).units
    refuse_unknown(found)
    return found, answers.of(running)


def running_of(scope: Scope) -> Call[RunningRequest, Running]:
    """Return the call that asks for the processes of all units."""
    asked = requests.running(scope.system, lambda component: component.listens, scope.owners)
    return Call(RUNNING, asked, PATIENT)


def refuse_holders(scope: Scope, found: States, running: Running) -> None:
    """Refuse to go on where others than a unit's own processes hold its ports.

    Raises:
        Refused: somebody does.
    """
    for component in scope.components:
        unit, by = component.unit, running.units[component.unit]
        down = found[unit].state in DOWN
        left = [f"port {port}: nobody that can be seen" for port in hidden(by) if down]
        left += [by.kept_open] if by.kept_open else []
        if others(by) or left:
            raise Refused(
                f"{unit} is not isolated: another process than its own listens on its port",
                findings=[*others(by), *left],
                hint="see whose it is, and end what is left of the release by hand: "
                f"ss -ltnp 'sport = :{component.listens[0]}'",
            )


def health(scope: Scope) -> Look[Health]:
    """Return how every unit is, and what is wrong with its health.

    A process that is older than what was restored is wrong, and a port that another one holds.
    """
    asked, running = health_of(scope, scope.components, PATIENT), running_of(scope)
    answers = yield [asked, running]
    found = answers.of(asked).units
    refuse_unknown({unit: each.state for unit, each in found.items()})
    units = answers.of(running).units
    return {
        unit: each._replace(
            problem=each.problem or old(units[unit]),
            stale=stale(units[unit]) if each.state.state not in DOWN else "",
        )
        for unit, each in found.items()
    }


def old(found: UnitProcesses) -> str | None:
    """Return why what answers is not what was restored; None where it is."""
    return stale(found) or "; ".join([*others(found), *answering(found)]) or None


def health_of(
    scope: Scope, components: Iterable[Component], seconds: float
) -> Call[HealthRequest, UnitsHealth]:
    """Return the call that asks for the health of components."""
    system, mine = scope.system, tuple(components)
    request = HealthRequest(
        location=location(scope),
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
            hint="correct unit in [[components]] of rollback.toml, or install the unit file; a "
            "unit that only one of the two releases has is no component, see readiness.units.owned",
        )


def stops(scope: Scope, found: States) -> tuple[Change, ...]:
    """Return one stop per unit that is not down, in reverse start order."""
    return tuple(
        stop(scope, component, f"it is {found[component.unit].state}")
        for component in reversed(scope.components)
        if found[component.unit].state not in DOWN
    )


def stop(scope: Scope, component: Component, why: str) -> Change:
    """Return the change that stops a component's unit."""
    return Change(
        Call(STOP, unit_request(scope, component, component.stop), component.stop + MARGIN),
        f"stop {component.unit}",
        why,
        min(component.stop, STOPS),
    )


def unit_request(scope: Scope, component: Component, timeout: float) -> UnitRequest:
    """Return the request to stop or start the unit of a component, within so many seconds."""
    manager = requests.manager(scope.system)
    return UnitRequest(location(scope), manager, component.unit, timeout)


ISOLATE = Action("isolate components", "isolate", look=states, plan=stops)
