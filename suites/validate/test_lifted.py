"""Phase 1 reversed: the maintenance page is removed, and users get the system."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.probes.sample import ProbeResult
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Refused
from pytest_rollback.fixtures.live_state import UsersView
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]


def is_page(answer: ProbeResult | None) -> bool:
    """Return whether an answer was the maintenance page."""
    return answer is not None and "(reject)" in (answer.wrong or "")


@criterion("validate.maintenance.lifted", needs=("maintenance", "edge"))
def test_maintenance_is_lifted(
    users_view: UsersView, system: System, record_property: Keep
) -> None:
    """'Verify user experience restored': users get the system, not the maintenance page."""
    page, edge = users_view.page, users_view.edge
    record_property(
        "maintenance", system.maintenance.words if system.maintenance else "none described"
    )
    record_property("edge", system.edge.url if system.edge else "none described")

    if page and page.exists:
        shown = system.maintenance.words if system.maintenance else ""
        raise Refused(
            f"users still get the maintenance page: {shown}",
            hint="remove it when all is healthy: rollback now",
        )
    past = users_view.uncached
    if system.maintenance and (is_page(edge) or is_page(past)):
        where = "" if is_page(edge) else ", past what a cache still has of the system"
        raise Refused(
            f"the file of the maintenance page is gone, but users get its text{where}",
            hint=f"curl -i {system.edge.url if system.edge else ''}; reload each node of the edge "
            "and purge the page from its caches",
        )
    if edge and edge.wrong:
        raise Refused(
            f"the maintenance page is gone, but the edge answers wrongly: {edge.wrong}",
            hint=f"curl -i {system.edge.url if system.edge else ''}; reload the edge",
        )
    served = users_view.served
    record_property("release compared with", list(served.compared) if served else "none")
    if served and served.findings:
        raise Refused(
            "users get something else than the restored system",
            findings=served.findings,
            hint=f"curl -i {system.edge.url if system.edge else ''}; lead the edge to this system, "
            "and purge its caches",
        )
