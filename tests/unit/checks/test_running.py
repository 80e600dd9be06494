"""Who runs beside a system's units: refused, not known, or only worth saying."""

from __future__ import annotations

import pytest

from fixtures.units import demand_alone
from pytest_rollback.agent.messages.services.running import NamedProcess, Running, UnitProcesses
from pytest_rollback.errors import Advisory, Inconclusive, Refused

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
