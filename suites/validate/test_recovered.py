"""Success criteria: 'All services start successfully', 'Health checks return OK', and the files."""

from __future__ import annotations

from typing import Any

from fixtures.probes import demand
from rollback.actions.files import pending
from rollback.connection import Connection
from rollback.criteria import criterion, words
from rollback.errors import Refused
from rollback.model import Component, System


@criterion("validate.units.active")
def test_the_unit_is_active(units: dict[str, Any], component: Component) -> None:
    """'All services start successfully': the service manager calls the unit active."""
    unit = units[component.unit]

    if unit["state"] != "active":
        raise Refused(
            f"{component.unit} is {unit['state'] if unit['known'] else 'unknown'}: {unit['detail']}",
            hint=f"see the log of {component.unit}, then run the drill again",
        )


@criterion("validate.health.answers")
def test_every_probe_answers(answers: dict[str, Any], component: Component) -> None:
    """'Health checks return OK', 'User requests processed successfully': each probe answers."""
    demand(answers, component, f"see the log of {component.unit}")


@criterion("validate.files.recorded")
def test_live_files_are_the_recorded_ones(connection: Connection, system: System) -> None:
    """'Verify restoration': every live file has the content and owner that were recorded."""
    left = pending(connection, system)["paths"]

    if left:
        raise Refused(
            f"{len(left)} files are not the previous release's:\n{words(left)}",
            hint=f"pytest suites/drill --arm={system.target.name} restores them",
        )
