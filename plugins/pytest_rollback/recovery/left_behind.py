"""What a rollback that was broken off leaves: which units are stopped or up, and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_rollback.agent.messages.rollback.maintenance import PAGE, PageState
from pytest_rollback.agent.messages.services.units import LOOK, UnitPorts, UnitsRequest, UnitState
from pytest_rollback.errors import RollbackError
from pytest_rollback.manifest import requests
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions import maintenance
from pytest_rollback.recovery.actions.services import DOWN
from pytest_rollback.transport.batch import Look, look
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.interrupts import INTERRUPTS

SECONDS = 10.0
"""How long the host may take: somebody waits for the prompt."""


def lines(connection: Connection, scope: Scope) -> list[str]:
    """Return what a broken-off rollback leaves, a sentence each; also where nobody can tell."""
    try:
        with INTERRUPTS.patient():
            return look(connection, left(scope))
    except RollbackError as error:
        why = error.message.splitlines()[0]
        return [
            f"which units are up, and whether the maintenance page is shown, is not known: {why}"
        ]


def left(scope: Scope) -> Look[list[str]]:
    """Return which units are stopped, which are up, and whether the maintenance page is shown."""
    units = Call(
        LOOK,
        UnitsRequest(
            requests.location(scope.system, scope.run),
            requests.manager(scope.system),
            tuple(UnitPorts(component.unit) for component in scope.components),
        ),
        SECONDS,
    )
    described = scope.system.maintenance
    if described is None:
        answers = yield [units]
        return [*unit_lines(answers.of(units).units), "no maintenance page is described"]
    page = Call(PAGE, maintenance.request(scope, described, shown=True), SECONDS)
    answers = yield [units, page]
    return [*unit_lines(answers.of(units).units), page_line(answers.of(page))]


def unit_lines(units: Mapping[str, UnitState]) -> Iterator[str]:
    """Yield which units are stopped, up, or something else by its name."""
    said: dict[str, list[str]] = {}
    for unit, each in units.items():
        word = "stopped" if each.state in DOWN else "up" if each.state == "active" else each.state
        said.setdefault(word if each.known else "unknown to the service manager", []).append(unit)
    if said:
        yield "; ".join(f"{word}: {', '.join(said[word])}" for word in sorted(said))


def page_line(found: PageState) -> str:
    """Return whether users get the maintenance page, as far as the host can tell."""
    if not found.exists:
        return "the maintenance page is not shown"
    if found.edge:
        return f"the maintenance page is in its place, but users do not get it: {found.edge}"
    return "the maintenance page is shown"
