"""What every service manager has to do, tried with each that is registered.

A manager that is added gets a class here with units of its own: one that runs until it is stopped,
one that ignores SIGTERM, and one that ends at once. CONTRIBUTING.md shows it with runit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from pytest_rollback.agent import main
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.services.units import (
    LOOK,
    ManagerAddress,
    UnitPorts,
    UnitRequest,
    UnitsRequest,
    UnitStates,
)
from pytest_rollback.agent.protocol import decode
from pytest_rollback.agent.services import registry, units
from pytest_rollback.agent.services.manager import ServiceManager
from pytest_rollback.agent.services.registry import MANAGERS
from tests.containers import conftest
from tests.unit.agent.services import test_supervisord, test_systemd
from tests.unit.agent.services.compose import ComposeHouse

NOWHERE = Location("/", "", "")
WORDS = {"active", "inactive", "failed", "starting", "stopping", "backoff"}
KNOWN = ("steady", "stubborn", "crashing")


class ManagerHouse(Protocol):
    """A service manager with the three units; `gone` is the address of one that does not answer."""

    address: ManagerAddress
    gone: ManagerAddress

    def __init__(self, request: pytest.FixtureRequest) -> None:
        """Set it up."""

    def leave(self) -> None:
        """Have the manager answer no more."""

    def end(self) -> None:
        """Kill what still runs."""


class SystemdHouse:
    """The fake systemctl."""

    address = gone = ManagerAddress("systemd")

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.manager: test_systemd.Systemd = request.getfixturevalue("systemd")
        self.manager.has("steady")
        self.manager.has("stubborn", test_systemd.STUBBORN)
        self.manager.has("crashing", ["false"])

    def leave(self) -> None:
        """Have it say that the host was not booted with systemd."""
        (self.manager.units / "offline").touch()

    def end(self) -> None:
        """Nothing: its fixture does."""


class SupervisordHouse:
    """A real supervisord."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.manager: test_supervisord.Supervisord = request.getfixturevalue("supervisord")
        self.address = self.manager.address
        self.gone = ManagerAddress("supervisord", f"{self.manager.home}/nobody")

    def leave(self) -> None:
        """Nothing: at another socket nobody answers."""

    def end(self) -> None:
        """Nothing: its fixture does."""


HOUSES: dict[str, type[ManagerHouse]] = {
    "systemd": SystemdHouse,
    "supervisord": SupervisordHouse,
    "compose": ComposeHouse,
}
systemd, supervisord = test_systemd.systemd, test_supervisord.supervisord
podman = conftest.podman
NEEDS = {"compose": pytest.mark.long}
"""Managers whose tests need an engine of containers for themselves: make machine-test."""


@pytest.fixture(params=[pytest.param(name, marks=NEEDS.get(name, ())) for name in sorted(MANAGERS)])
def house(request: pytest.FixtureRequest) -> Iterator[ManagerHouse]:
    """A manager of each kind."""
    house = HOUSES[request.param](request)
    yield house
    house.end()


@pytest.fixture
def manager(house: ManagerHouse) -> ServiceManager:
    """The manager itself."""
    return registry.of(house.address)


def asked(house: ManagerHouse, unit: str, timeout: float = 15.0) -> UnitRequest:
    """Return the request to stop or start a unit."""
    return UnitRequest(NOWHERE, house.address, unit, timeout)


def test_each_registered_manager_is_tried_here() -> None:
    """One that is added needs a class in this file."""
    assert set(MANAGERS) == set(HOUSES)


def test_it_has_the_name_under_which_it_is_registered(
    house: ManagerHouse, manager: ServiceManager
) -> None:
    """Messages say it."""
    assert manager.name == house.address.name


def test_a_unit_that_it_does_not_know_is_no_stopped_one(
    house: ManagerHouse, manager: ServiceManager
) -> None:
    """It is not known, by either way to ask, and neither starts nor stops."""
    found = manager.states([*KNOWN, "typo"])

    assert {unit: each.state.known for unit, each in found.items()} == {
        **dict.fromkeys(KNOWN, True),
        "typo": False,
    }
    assert not manager.state("typo").state.known
    for change in (units.start, units.stop):
        with pytest.raises(HostError, match=f"{manager.name} does not know the unit 'typo'"):
            change(asked(house, "typo"))


def test_a_unit_starts_runs_and_stops(house: ManagerHouse, manager: ServiceManager) -> None:
    """Twice changes nothing; its process and the time of its start are told while it runs."""
    before = manager.state("steady").state
    units.start(asked(house, "steady"))
    running = manager.state("steady").state
    units.start(asked(house, "steady"))
    again = manager.states(["steady"])["steady"].state
    stopped = units.stop(asked(house, "steady"))
    after = manager.state("steady").state
    units.stop(asked(house, "steady"))

    assert (before.state, before.pid, before.since) == ("inactive", 0, None)
    assert running.state == "active"
    assert running.pid
    assert abs((running.since or 0) - time.time()) < 30
    assert (again.state, again.pid) == ("active", running.pid)
    assert not stopped.killed
    assert (after.state in units.DOWN, after.pid, after.since) == (True, 0, None)


def test_a_unit_that_ignores_its_stop_is_killed(
    house: ManagerHouse, manager: ServiceManager
) -> None:
    """At the deadline; then nothing of it is left."""
    units.start(asked(house, "stubborn"))
    time.sleep(0.5)  # until it ignores the signal
    before = manager.state("stubborn")
    stopped = units.stop(asked(house, "stubborn", timeout=1.0))

    assert stopped.killed
    assert units.is_down(manager, manager.state("stubborn"), before)
    manager.kill("stubborn", manager.state("stubborn"))


def test_a_unit_that_does_not_start_is_told_with_a_way_on(
    house: ManagerHouse, manager: ServiceManager
) -> None:
    """In the manager's words, before the deadline; it is not active."""
    began = time.monotonic()
    with pytest.raises(HostError, match="crashing does not start: ") as caught:
        units.start(asked(house, "crashing", timeout=60.0))

    assert time.monotonic() - began < 50
    assert caught.value.hint
    assert manager.state("crashing").state.state != "active"


def test_a_reload_starts_nothing(manager: ServiceManager) -> None:
    """It may be asked for at any time."""
    units.reload(manager)
    found = manager.states(KNOWN)

    assert {each.state.state for each in found.values()} <= set(units.DOWN)
    assert not any(each.state.needs_reload for each in found.values())


def test_states_are_said_in_the_same_words(house: ManagerHouse) -> None:
    """What travels is what was said."""
    request = UnitsRequest(NOWHERE, house.address, tuple(UnitPorts(name, (1,)) for name in KNOWN))
    answer = main.answer({"route": LOOK.name, "request": json.loads(json.dumps(request))})
    found = decode(UnitStates, json.loads(json.dumps(answer["value"]))).units

    assert list(found) == list(KNOWN)
    assert {each.state for each in found.values()} <= WORDS
    assert all(each.listening == {"1": False} for each in found.values())


def test_a_manager_that_is_gone_is_no_source_of_states(house: ManagerHouse) -> None:
    """Nobody takes its silence for stopped units."""
    house.leave()
    manager = registry.of(house.gone)
    for task in (lambda: manager.state("steady"), lambda: manager.states(KNOWN)):
        with pytest.raises(HostError) as caught:
            task()
        assert caught.value.hint


def test_each_unit_is_guarded_or_named(manager: ServiceManager, tmp_path: Path) -> None:
    """By files below the directory, the same ones each time; unit files lie there as well."""
    (tmp_path / manager.file_name("steady")).parent.mkdir(exist_ok=True)
    (tmp_path / manager.file_name("steady")).write_text("[program:steady]\ncommand=true\n")
    guard = manager.guard(str(tmp_path), KNOWN, str(tmp_path / "marker"))
    manager.read_guard()

    assert guard == manager.guard(str(tmp_path), KNOWN, str(tmp_path / "marker"))
    assert guard.files or guard.unguarded
    assert len(guard.files) + len(guard.unguarded) == len(KNOWN)
    names = [each.path for each in guard.files] + [manager.file_name(name) for name in KNOWN]
    assert not [name for name in names if name.startswith("/") or ".." in name.split("/")]


def test_a_name_that_is_not_registered_is_refused() -> None:
    """With those there are."""
    with pytest.raises(HostError, match="no service manager 'upstart'") as caught:
        registry.of(ManagerAddress("upstart"))

    assert "supervisord" in caught.value.hint
