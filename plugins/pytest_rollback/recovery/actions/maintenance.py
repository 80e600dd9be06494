"""The maintenance page: shown while services are down, lifted when they are proven healthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest, ProbeSpec
from pytest_rollback.agent.messages.rollback.maintenance import (
    PAGE,
    PAGE_OFF,
    PAGE_ON,
    PageRequest,
    PageState,
)
from pytest_rollback.errors import Refused
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Edge, System
from pytest_rollback.manifest.probes import Maintenance
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import PATIENT, location
from pytest_rollback.recovery.actions.services import health_of
from pytest_rollback.transport.batch import Look, asked, without_asking
from pytest_rollback.transport.call import Call

SECONDS = 75.0
"""The edge's check, its reload and its effect, each in its own bounded time."""

NO_PAGE = PageState(exists=False, kind="absent", ours=False, edge=None, reloaded=False)
"""What is found of a system that describes none."""


@dataclass(frozen=True)
class Lifted:
    """The page, and why it may not be taken away yet.

    Args:
        page: the page and what users get.
        unwell: by unit, what its required component lacks.
    """

    page: PageState
    unwell: Mapping[str, str] = field(default_factory=dict)


def request(scope: Scope, maintenance: Maintenance, *, shown: bool) -> PageRequest:
    """Return what a request about the page states; its probe wants the page, or the system."""
    edge = scope.system.edge
    return PageRequest(
        location=location(scope),
        page=maintenance.page or "",
        text=maintenance.text,
        probe=_probe(scope.system, edge, shown=shown) if edge else None,
        check=tuple(maintenance.check),
        reload=tuple(maintenance.reload),
        commands=requests.page_commands(maintenance),
    )


def _probe(system: System, edge: Edge, *, shown: bool) -> ProbeSpec:
    wanted, page = requests.edge_probe(system, edge), system.maintenance
    if page is None or not shown:
        return wanted
    return wanted._replace(status=page.status, body=page.body, reject="")


def shown(scope: Scope) -> Look[PageState]:
    """Return whether the page is there and ours, and whether users get it."""
    maintenance = scope.system.maintenance
    if maintenance is None:
        return without_asking(NO_PAGE)
    return asked(Call(PAGE, request(scope, maintenance, shown=True), PATIENT))


def shows(scope: Scope, found: PageState) -> tuple[Change, ...]:
    """Return the change that puts the page on, unless users get it already.

    Raises:
        Refused: at the page's place there is a link, or something else that is no page.
    """
    maintenance = scope.system.maintenance
    if maintenance is None:
        return ()
    if found.kind not in {"file", "absent"}:
        raise Refused(
            f"the maintenance page {maintenance.page} is a {found.kind}",
            hint=f"on the host: ls -ld {maintenance.page}; then remove it",
        )
    why = _unshown(scope, maintenance, found)
    if not why:
        return ()
    shown_now = Call(PAGE_ON, request(scope, maintenance, shown=True), SECONDS)
    return (Change(shown_now, "show the maintenance page", why),)


def _unshown(scope: Scope, maintenance: Maintenance, found: PageState) -> str:
    """Return why users do not get the page, "" when they do."""
    if not found.ours:
        return "there is another page" if found.exists else "there is no page"
    if found.edge:
        return f"the edge: {found.edge}"
    if scope.system.edge is None and maintenance.reload and not found.reloaded:
        return "the edge was not reloaded"
    return ""


def lifted(scope: Scope) -> Look[Lifted]:
    """Return whether the page is there, what users get, and which components are unwell."""
    maintenance = scope.system.maintenance
    if maintenance is None:
        return Lifted(NO_PAGE)
    system, required = scope.system, [c for c in scope.system.components if c.required]
    page = Call(PAGE, request(scope, maintenance, shown=False), 30.0)
    health = health_of(scope, required, 30.0)
    named = [
        (c.unit, name, system.probes[name])
        for c in required
        for name in requests.repeated(system, c.requests)
    ]
    probes = [Call(ASK, ProbeRequest(requests.probe(each)), each.timeout) for _, _, each in named]
    answers = yield [page, health, *probes]
    unwell = {u: each.problem for u, each in answers.of(health).units.items() if each.problem}
    for (unit, name, _), one in zip(named, probes, strict=True):
        if problem := answers.of(one).problem:
            unwell.setdefault(unit, f"{name}: {problem}")
    return Lifted(answers.of(page), unwell)


def lifts(scope: Scope, found: Lifted) -> tuple[Change, ...]:
    """Return the change that takes the page away, unless it is gone and users get the system.

    Raises:
        Refused: a required component is not healthy; maintenance stays on until it is.
    """
    maintenance, page = scope.system.maintenance, found.page
    if maintenance is None or not (page.exists or page.edge or _unread(scope, page)):
        return ()
    if found.unwell:
        raise Refused(
            "the maintenance page is kept: not all services are healthy",
            findings=[f"{unit}: {why}" for unit, why in found.unwell.items()],
            hint="repair these components, then run the same command again",
        )
    why = "there is a page" if page.exists else f"the edge: {page.edge or 'not reloaded'}"
    lifted_now = Call(PAGE_OFF, request(scope, maintenance, shown=False), SECONDS)
    return (Change(lifted_now, "remove the maintenance page", why),)


def _unread(scope: Scope, found: PageState) -> bool:
    """Return whether an edge that cannot be asked has not been reloaded since the page went."""
    maintenance = scope.system.maintenance
    unasked = scope.system.edge is None and maintenance is not None and bool(maintenance.reload)
    return unasked and bool(scope.run) and not found.reloaded


def healthy(_scope: Scope, found: Lifted) -> Lifted:
    """Return what is found once the page was shown and the services were started."""
    return replace(found, page=found.page._replace(exists=True), unwell={})


MAINTENANCE_ON = Action("show the maintenance page", "isolate", look=shown, plan=shows)
MAINTENANCE_OFF = Action(
    "remove the maintenance page", "services", look=lifted, plan=lifts, assuming=healthy
)
