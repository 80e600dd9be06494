"""Pre-rollback checklist: 'Check rollback dependencies available'."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_rollback.agent.messages.services.units import UnitState
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest.model import Component


@criterion("readiness.units.startable", phase="services")
def test_the_unit_could_be_started(units: Mapping[str, UnitState], component: Component) -> None:
    """The service manager knows the unit, which is neither masked nor failed."""
    unit = units[component.unit]

    if not unit.known:
        raise Refused(
            f"the service manager does not know {component.unit}: {unit.detail}",
            hint=f"correct the unit of component {component.name} in rollback.toml",
        )
    if unit.masked or unit.state in {"failed", "backoff"}:
        word = "masked" if unit.masked else unit.state
        raise Refused(
            f"{component.unit} is {word}: {unit.detail}",
            hint=f"unmask or repair {component.unit}: a rollback has to start it",
        )


@criterion("readiness.units.listening", phase="services")
def test_the_unit_listens(units: Mapping[str, UnitState], component: Component) -> None:
    """Every port of the component is open while the system is healthy."""
    closed = [port for port, is_open in units[component.unit].listening.items() if not is_open]

    if closed:
        raise Refused(
            f"{component.unit} does not listen on {', '.join(closed)}",
            hint=f"correct listens of component {component.name}, or start {component.unit}",
        )
    if not component.listens:
        raise Inconclusive(
            f"component {component.name} has no ports in rollback.toml",
            hint="list its ports in listens",
        )
