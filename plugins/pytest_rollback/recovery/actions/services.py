"""Every unit that is rolled back: stopped, last started first; later started again, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from pytest_rollback.agent.messages.services.health import (
    HEALTH,
    START_HEALTHY,
    HealthRequest,
    HealthyStartRequest,
    SettleRequest,
    SettlingUnit,
    UnitHealth,
    UnitsHealth,
)
from pytest_rollback.agent.messages.services.health import SETTLE as WATCH
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
from pytest_rollback.recovery.actions.requests import PATIENT
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.call import Call

DOWN = {"inactive", "failed"}
MARGIN = 5.0
"""Seconds that a kill, or the manager's own words, may take beyond a unit's deadline."""

STOPS = 2.0
STARTS = 2.0

States = Mapping[str, UnitState]
Health = Mapping[str, UnitHealth]


def states(scope: Scope) -> Look[States]:
    """Return every unit's state; who would be left when all of them are down is an error.

    Raises:
        Refused: the manager does not know a unit; or a process of the system is of no unit, or
            another's listens on a port, so that stopping the units does not end the release.
    """
    found, running = yield from beheld(scope)
    refuse_strangers(scope.system.about.root, running)
    refuse_holders(scope, found, running)
    return found


def beheld(scope: Scope) -> Look[tuple[States, Running]]:
    """Return every unit's state and its processes, from one round trip.

    Raises:
        Refused: the manager does not know a unit.
    """
    units = tuple(UnitPorts(c.unit) for c in scope.components)
    where, manager = requests.location(scope.system, scope.run), requests.manager(scope.system)
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
    location = requests.location(scope.system, scope.run)
    return UnitRequest(location, requests.manager(scope.system), component.unit, timeout)


def starting(*, required: bool) -> Callable[[Scope, Health], tuple[Change, ...]]:
    """Return the plan to start the required components, or the optional ones.

    It has one change per component that is not active and healthy, in start order. One that
    somebody started while files were restored is stopped before.
    """

    def starts(scope: Scope, found: Health) -> tuple[Change, ...]:
        return tuple(
            change
            for component, why in short(scope, found, required=required)
            if not is_healthy(found[component.unit])
            for change in _anew(scope, component, found[component.unit], why)
        )

    return starts


def _anew(scope: Scope, component: Component, found: UnitHealth, why: str) -> Iterator[Change]:
    """Yield the start of a component, and before it the stop of what runs a mix of releases."""
    if found.stale:
        yield stop(scope, component, f"it is {found.state.state}, and {found.stale}")
    yield _start(scope, component, why)


def settling(*, required: bool) -> Callable[[Scope, Health], tuple[Change, ...]]:
    """Return the plan to watch the required components, or the optional ones, all at once.

    Those that have been up for their time while others were started are not watched again.
    """

    def settles(scope: Scope, found: Health) -> tuple[Change, ...]:
        lacks = [component for component, _ in short(scope, found, required=required)]
        return (_settle(scope, lacks),) if lacks else ()

    return settles


def short(scope: Scope, found: Health, *, required: bool) -> Iterator[tuple[Component, str]]:
    """Yield the components that are not up for their time, each with the reason."""
    for component in scope.components:
        if component.required == required:
            yield from ((component, why) for why in lacking(component, found[component.unit]))


def lacking(component: Component, found: UnitHealth) -> tuple[str, ...]:
    """Return why a component is not up yet; nothing when it is."""
    if found.state.state != "active":
        return (f"it is {found.state.state}",)
    if found.problem:
        return (f"it is not healthy: {found.problem}",)
    if found.uptime < component.settle:
        return (f"it is up for only {found.uptime:.1f} s",)
    return ()


def is_healthy(found: UnitHealth) -> bool:
    """Return whether a component is up, for however short a time."""
    return found.state.state == "active" and not found.problem


def _settle(scope: Scope, components: Sequence[Component]) -> Change:
    system, longest = scope.system, max(each.settle for each in components)
    request = SettleRequest(
        location=requests.location(system, scope.run),
        manager=requests.manager(system),
        units=tuple(
            SettlingUnit(
                each.unit,
                each.log,
                requests.probe(system.probes[each.health]),
                each.settle,
                each.listens,
            )
            for each in components
        ),
    )
    names = ", ".join(each.unit for each in components)
    return Change(
        Call(WATCH, request, longest + MARGIN),
        f"wait until {names} settled",
        f"each has to stay up for {longest:g} s",
        longest,
    )


def _start(scope: Scope, component: Component, why: str) -> Change:
    system = scope.system
    request = HealthyStartRequest(
        location=requests.location(system, scope.run),
        manager=requests.manager(system),
        unit=component.unit,
        timeout=component.start,
        settle=0.0,
        log=component.log,
        probe=requests.probe(system.probes[component.health]),
        ports=component.listens,
        directory=system.services.directory,
    )
    seconds = component.start + MARGIN
    what = f"start {component.unit} and wait until it is healthy"
    return Change(Call(START_HEALTHY, request, seconds), what, why, STARTS)


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
SETTLE = Action(
    "watch services", "services", look=health, plan=settling(required=True), assuming=isolated
)
SETTLE_OPTIONAL = Action(
    "watch optional services",
    "services",
    look=health,
    plan=settling(required=False),
    assuming=isolated,
)
