"""Surveys of hosts for tests: units with a few of their facts."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.services.survey import GitCheckout, Survey, SurveyedUnit


def unit(name: str, place: str, **more: Any) -> SurveyedUnit:  # noqa: ANN401 - any field
    """Return a unit of systemd that lives somewhere."""
    places = ((place, f"systemctl show {name}: WorkingDirectory"),)
    return SurveyedUnit(name=name, manager="systemd", state="active", **{"places": places, **more})


def survey(*units: SurveyedUnit, tops: tuple[str, ...] = (), **more: Any) -> Survey:  # noqa: ANN401
    """Return a host with some units, whose working trees are `tops`."""
    checkouts = tuple(GitCheckout(top, "a" * 40, "v1.0", ("v1.1", "v1.0")) for top in tops)
    return Survey("shop-1", root=True, units=units, checkouts=checkouts, **more)
