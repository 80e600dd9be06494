"""Phase 1 reversed: the maintenance page is removed, and users get the system."""

from __future__ import annotations

from collections.abc import Callable

from fixtures.live_state import UsersView
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]


@criterion("validate.maintenance.lifted")
def test_maintenance_is_lifted(
    users_view: UsersView, system: System, record_property: Keep
) -> None:
    """'Verify user experience restored': users get the system, not the maintenance page."""
    page, edge = users_view.page, users_view.edge
    record_property(
        "maintenance", system.maintenance.page if system.maintenance else "none described"
    )
    record_property("edge", system.edge.url if system.edge else "none described")

    if page and page.exists:
        shown = system.maintenance.page if system.maintenance else ""
        raise Refused(
            f"users still get the maintenance page {shown}",
            hint=f"remove it when all is healthy: pytest suites/drill --arm={system.target.name}",
        )
    if edge and edge.wrong:
        raise Refused(
            f"the maintenance page is gone, but the edge answers wrongly: {edge.wrong}",
            hint=f"curl -i {system.edge.url if system.edge else ''}; reload the edge",
        )
