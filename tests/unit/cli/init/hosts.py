"""What tests of `init` begin with: surveys of hosts, and probes as they were found."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.messages.services.survey import GitCheckout, Survey, SurveyedUnit
from pytest_rollback.cli.init.health import Health

URL = "http://localhost:80/health"


def unit(name: str, place: str, **more: Any) -> SurveyedUnit:  # noqa: ANN401 - any field
    """Return a unit of systemd that lives somewhere.

    Args:
        name: of the unit.
        place: its working directory.
        more: other fields of it.
    """
    places = ((place, f"systemctl show {name}: WorkingDirectory"),)
    return SurveyedUnit(name=name, manager="systemd", state="active", **{"places": places, **more})


def survey(*units: SurveyedUnit, tops: tuple[str, ...] = (), **more: Any) -> Survey:  # noqa: ANN401
    """Return a host with some units.

    Args:
        units: what runs there.
        tops: the working trees of git, each at release v1.0 with v1.1 before it.
        more: other fields of the survey.
    """
    checkouts = tuple(GitCheckout(top, "a" * 40, "v1.0", ("v1.1", "v1.0")) for top in tops)
    return Survey("shop-1", root=True, units=units, checkouts=checkouts, **more)


def health(asks: str = "") -> Health:
    """Return what is asked of a component, as it was found at an address."""
    return Health(ProbeSpec(url=URL), (("url", URL, "answered 200 now"),), asks)


def silent(asks: str) -> Health:
    """Return what is asked of a component that listens nowhere."""
    spec = ProbeSpec(command=("true",))
    return Health(spec, (("command", ("true",), "nothing listens"),), asks)
