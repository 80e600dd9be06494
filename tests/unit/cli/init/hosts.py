"""Hosts for tests: units with a few of their facts, and an address that answered."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.messages.services.survey import GitCheckout, Survey, SurveyedUnit
from pytest_rollback.cli.init.health import Health
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import System

URL = "http://localhost:80/health"


def unit(name: str, place: str, **more: Any) -> SurveyedUnit:  # noqa: ANN401 - any field
    """Return a unit of systemd that lives somewhere."""
    places = ((place, f"systemctl show {name}: WorkingDirectory"),)
    return SurveyedUnit(name=name, manager="systemd", state="active", **{"places": places, **more})


def survey(*units: SurveyedUnit, tops: tuple[str, ...] = (), **more: Any) -> Survey:  # noqa: ANN401
    """Return a host with some units, whose working trees are `tops`."""
    checkouts = tuple(GitCheckout(top, "a" * 40, "v1.0", ("v1.1", "v1.0")) for top in tops)
    return Survey("shop-1", root=True, units=units, checkouts=checkouts, **more)


def health(asks: str = "") -> Health:
    """Return what is asked of a component, as it was found at an address."""
    return Health(ProbeSpec(url=URL), (("url", URL, "answered 200 now"),), asks)


def described(**more: object) -> System:
    """Return a system of one component, as `rollback.toml` describes it."""
    web = {"name": "web", "unit": "shop-web.service", "health": "web", **more}
    return parse(
        {
            "system": {"name": "shop", "root": "/srv/shop", "state": "/var/lib/rollback/shop"},
            "target": {"name": "here", "connection": "local://"},
            "components": [web],
            "probes": {"web": {"url": "http://localhost:8080/health"}},
            "fallback": {"git": "/srv/shop"},
        },
        "a test",
    )
