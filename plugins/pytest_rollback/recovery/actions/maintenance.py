"""The maintenance page: shown while services are down, lifted when they are proven healthy."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.probes import ASK, ProbeRequest
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import Edge, Maintenance
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import call
from pytest_rollback.recovery.actions.services import health_of
from pytest_rollback.transport import requests
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once
from pytest_rollback.transport.call import Call

SECONDS = 75.0
"""The edge's check, its reload and its effect, each in its own bounded time."""

NOTHING: dict[str, Any] = {"described": False}


def asked(scope: Scope, maintenance: Maintenance, *, shown: bool) -> dict[str, Any]:
    """Return what a question about the page states; its probe wants the page, or the system."""
    edge = scope.system.edge
    return {
        "page": maintenance.page,
        "text": maintenance.text,
        "probe": edge and _probe(edge, maintenance if shown else None),
    }


def _probe(edge: Edge, maintenance: Maintenance | None) -> dict[str, Any]:
    asked = requests.edge_probe(edge)
    if maintenance:
        asked = asked._replace(status=maintenance.status, body=maintenance.body)
    return asked._asdict()


def shown(scope: Scope) -> Look[dict[str, Any]]:
    """Return whether the page is there and ours, and whether users get it."""
    maintenance = scope.system.maintenance
    if maintenance is None:
        return NOTHING
    about = asked(scope, maintenance, shown=True)
    found = yield from asked_once(call(scope, "page.look", **about))
    return {"described": True, **found}


def shows(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the change that puts the page on, unless users get it already.

    Raises:
        Refused: at the page's place there is a link, or something else that is no page.
    """
    maintenance = scope.system.maintenance
    if maintenance is None:
        return ()
    if found["kind"] not in {"file", "absent"}:
        raise Refused(
            f"the maintenance page {maintenance.page} is a {found['kind']}",
            hint=f"see who made it, on the host: ls -ld {maintenance.page}; then take it away",
        )
    why = _unshown(scope, maintenance, found)
    if not why:
        return ()
    arguments = {**asked(scope, maintenance, shown=True), **_commands(maintenance)}
    shown_now = call(scope, "page.on", SECONDS, **arguments)
    return (Change(shown_now, "show the maintenance page", why),)


def _commands(maintenance: Maintenance) -> dict[str, Any]:
    return {"check": list(maintenance.check), "reload": list(maintenance.reload)}


def _unshown(scope: Scope, maintenance: Maintenance, found: dict[str, Any]) -> str:
    """Return why users do not get the page, "" when they do."""
    if not found["ours"]:
        return "another page is there" if found["exists"] else "there is no page"
    if found["edge"]:
        return f"the edge: {found['edge']}"
    if scope.system.edge is None and maintenance.reload and not found["reloaded"]:
        return "the edge was not reloaded since"
    return ""


def lifted(scope: Scope) -> Look[dict[str, Any]]:
    """Return whether the page is there, what users get, and which components are unwell."""
    maintenance = scope.system.maintenance
    if maintenance is None:
        return NOTHING
    system, required = scope.system, [c for c in scope.system.components if c.required]
    page = call(scope, "page.look", 30.0, **asked(scope, maintenance, shown=False))
    health = health_of(scope, required, 30.0)
    named = [(c.unit, name, system.probes[name]) for c in required for name in c.requests]
    probes = [Call(ASK, ProbeRequest(requests.probe(each)), each.timeout) for _, _, each in named]
    answers = yield [page, health, *probes]
    unwell = {u: each.problem for u, each in answers.of(health).units.items() if each.problem}
    for (unit, name, _), one in zip(named, probes, strict=True):
        if problem := answers.of(one).problem:
            unwell.setdefault(unit, f"{name}: {problem}")
    return {"described": True, **answers.of(page), "unwell": unwell}


def lifts(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return the change that takes the page away, unless it is gone and users get the system.

    Raises:
        Refused: a required component is not healthy; maintenance stays on until it is.
    """
    maintenance = scope.system.maintenance
    if maintenance is None or not (found["exists"] or found["edge"] or _unread(scope, found)):
        return ()
    if found["unwell"]:
        raise Refused(
            "maintenance stays on: the services are not proven healthy",
            findings=[f"{unit}: {why}" for unit, why in found["unwell"].items()],
            hint="bring these components up, then run the same command again",
        )
    arguments = {**asked(scope, maintenance, shown=False), **_commands(maintenance)}
    why = "the page is there" if found["exists"] else f"the edge: {found['edge'] or 'not reloaded'}"
    lifted_now = call(scope, "page.off", SECONDS, **arguments)
    return (Change(lifted_now, "take the maintenance page away", why),)


def _unread(scope: Scope, found: dict[str, Any]) -> bool:
    """Tell whether an edge that cannot be asked has not been reloaded since the page went."""
    maintenance = scope.system.maintenance
    unasked = scope.system.edge is None and maintenance is not None and bool(maintenance.reload)
    return unasked and bool(scope.run) and not found["reloaded"]


def healthy(_scope: Scope, found: dict[str, Any]) -> dict[str, Any]:
    """Return what is found once the page was shown and the services were started."""
    return {**found, "exists": True, "unwell": {}}


MAINTENANCE_ON = Action("show the maintenance page", "isolate", look=shown, plan=shows)
MAINTENANCE_OFF = Action(
    "take the maintenance page away", "services", look=lifted, plan=lifts, assuming=healthy
)
