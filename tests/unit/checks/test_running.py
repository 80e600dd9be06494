"""Who runs beside a system's units: refused, not known, or only worth saying."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.services.running import (
    NamedProcess,
    PortHolders,
    Running,
    UnitProcesses,
)
from pytest_rollback.checks.running import refuse_survivors
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.fixtures.units import demand_alone, demand_ports
from pytest_rollback.manifest.load import parse

JOB = NamedProcess(7, "python3 /srv/job.py", "/srv", 0.0, "it runs /srv/job.py")
LEFT = UnitProcesses(1, {}, left="web@2.service of the same template is no component's")


def running(unit: UnitProcesses | None = None, **more: object) -> Running:
    """Return one unit and what is beside it."""
    quiet = Running({"web@1": unit or UnitProcesses(1, {})}, (), 0, 0.0)
    return quiet._replace(**more)


def test_units_alone_are_fine() -> None:
    """Nothing is raised."""
    demand_alone("/srv", running())


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        (running(LEFT), Refused, "web@1: web@2.service of the same template"),
        (running(strangers=(JOB,)), Refused, "1 process of /srv of no unit"),
        (running(strangers=(JOB,), unread=2), Refused, "1 process of /srv of no unit"),
        (running(unread=2), Inconclusive, "2 processes of the units' users could not"),
        (running(former=(JOB,)), Advisory, "1 process may be of an older release"),
        (running(former=(JOB, JOB)), Advisory, "2 processes may be of an older release"),
        (running(former=(JOB,), unread=1), Inconclusive, "1 process of the units' users"),
    ],
)
def test_who_is_beside_them_is_told(found: Running, kind: type[Exception], words: str) -> None:
    """What is certain comes before what is not known, and that before what may be."""
    with pytest.raises(kind) as caught:
        demand_alone("/srv", found)

    assert words in "\n".join([str(caught.value), *getattr(caught.value, "findings", ())])


def test_a_unit_that_its_stop_leaves_is_refused() -> None:
    """Before anything is stopped; one whose stop ends all of it is fine."""
    document = tomllib.loads((Path(__file__).parents[3] / "rollback.toml").read_text())
    web = parse(document, "rollback.toml").components[0]
    whole = Running({web.unit: UnitProcesses(2, {})}, (), 0, 0.0)
    left = UnitProcesses(2, {}, outlives="its stop leaves pid 7")
    refuse_survivors(whole, web)

    with pytest.raises(Refused, match="is not handled: its stop leaves pid 7"):
        refuse_survivors(whole._replace(units={web.unit: left}), web)


@pytest.mark.parametrize(
    ("holders", "kind", "words"),
    [
        (PortHolders(1), None, ""),
        (PortHolders(0), None, ""),
        (PortHolders(1, (JOB,)), None, ""),
        (PortHolders(0, (JOB,)), Refused, "probe health: pid 7"),
        (PortHolders(0, hidden=1, unread=3), Inconclusive, "of probe health: 3 processes"),
    ],
)
def test_who_answers_a_probe_is_of_the_unit(
    holders: PortHolders, kind: type[Exception] | None, words: str
) -> None:
    """Somebody else is refused, nobody that can be seen is not known; a closed port is none."""
    found = running(UnitProcesses(1, {}, answering={"health": holders}))
    if kind is None:
        demand_ports("web@1", found)
        return
    with pytest.raises(kind) as caught:
        demand_ports("web@1", found)

    assert words in "\n".join([str(caught.value), *getattr(caught.value, "findings", ())])
