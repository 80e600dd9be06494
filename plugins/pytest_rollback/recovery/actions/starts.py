"""Units that are started again, in order, until each is healthy; and watched all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pytest_rollback.agent.messages.services.health import SETTLE as WATCH
from pytest_rollback.agent.messages.services.health import (
    START_HEALTHY,
    HealthyStartRequest,
    SettleRequest,
    SettlingUnit,
    UnitHealth,
)
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import location
from pytest_rollback.recovery.actions.services import MARGIN, Health, health, stop
from pytest_rollback.transport.call import Call

STARTS = 2.0


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
        location=location(scope),
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
        location=location(scope),
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
