"""What differs between a `rollback.toml` and its host, which went on since it was written."""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from typing import NamedTuple

from pytest_rollback.agent.messages import location
from pytest_rollback.agent.messages.services.survey import (
    SURVEY,
    Survey,
    SurveyedUnit,
    SurveyRequest,
)
from pytest_rollback.cli.init.candidates import is_below
from pytest_rollback.cli.init.host import SECONDS, answers
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection


class Now(NamedTuple):
    """What a host shows now: the units of components by name, and all that is below the root."""

    units: dict[str, SurveyedUnit]
    below: Survey
    problems: dict[str, str]


def differences(system: System) -> Iterator[str]:
    """Yield what differs, a line each; nothing where the file is as the host is."""
    connection = Connection(system)
    try:
        now = looked(connection, system)
    finally:
        connection.close()
    for each in system.components:
        yield from of_component(system, each, now)
    yield from of_root(system, now)
    yield from of_checkout(system, now)


def looked(connection: Connection, system: System) -> Now:
    """Return what the host shows; two round trips."""
    named = Call(SURVEY, SurveyRequest(tuple(map(plain, units(system)))), SECONDS)
    below = Call(SURVEY, SurveyRequest(roots=system.about.places), SECONDS)
    said = connection.ask_all([named, below], deadline=2 * SECONDS)
    probes = {name: requests.probe(each) for name, each in system.probes.items()}
    health = {each.health: probes[each.health] for each in system.components}
    told = answers(connection, health)
    problems = {name: each.problem or "" for name, each in told.items()}
    mine = [each for each in said.of(named).units if is_managed(system, each)]
    return Now({each.name: each for each in mine}, said.of(below), problems)


def is_managed(system: System, unit: SurveyedUnit) -> bool:
    """Return whether a unit is of the manager that is described: others may have its name."""
    about = system.services
    return unit.manager == about.manager and unit.socket in ("", about.reached)


def units(system: System) -> list[str]:
    """Return the units of all components."""
    return [each.unit for each in system.components]


def plain(unit: str) -> str:
    """Return the name of a unit as a survey has it."""
    return unit.removesuffix(".service")


def of_component(system: System, component: Component, now: Now) -> Iterator[str]:
    """Yield what differs about one component."""
    unit, about = now.units.get(plain(component.unit)), f"component {component.name}"
    if unit is None:
        yield f"{about}: the unit {component.unit} is gone"
        return
    if unit.state != "active":
        yield f"{about}: the unit {component.unit} is {unit.state}"
    places = [place for place, _ in unit.places]
    if places and not any(location.is_below(place, system.about.places) for place in places):
        yield f"{about}: {component.unit} lives in {places[0]}, not below {system.about.where}"
    yield from of_ports(system, component, unit)
    if now.problems[component.health]:
        yield f"{about}: the probe {component.health}: {now.problems[component.health]}"
    if system.services.manager == "supervisord" and unit.directory != system.services.directory:
        yield f"{about}: its unit file lies in {unit.directory}, not {system.services.directory}"


def of_ports(system: System, component: Component, unit: SurveyedUnit) -> Iterator[str]:
    """Yield ports that a component should listen on, and does not."""
    probe = system.probes[component.health]
    asked = requests.address(probe.url or f"//{probe.tcp or ''}")
    wanted = {*component.listens, *([asked[1]] if asked else [])} if not unit.unseen else set()
    for port in sorted(wanted - set(unit.ports)):
        held = ", ".join(map(str, unit.ports)) or "no port"
        yield f"component {component.name}: {component.unit} listens on {held}, not on {port}"


def of_root(system: System, now: Now) -> Iterator[str]:
    """Yield units below the root that no component names, and a root that nothing lives in."""
    known = {plain(name).removesuffix(":*") for name in units(system)}
    groups = {name.partition(":")[0] for name in known}
    new = [each for each in now.below.units if each.name.removesuffix(":*") not in known]
    yield from (
        f"new: {each.name} is {each.state} and lives in {each.places[0][0]}: no component names it"
        for each in new
        if not (each.name.endswith(":*") and each.name[:-2] in groups)
    )
    if not now.below.units:
        yield f"system.root: no unit lives below {system.about.where}"


def of_checkout(system: System, now: Now) -> Iterator[str]:
    """Yield what is wrong with the repository."""
    git = system.fallback.git
    tops = [each.top for each in now.below.checkouts]
    if git and is_below(os.path.normpath(git), system.about.root) and git not in tops:
        yield f"fallback.git: {git} is no working tree that a unit lives in"
