"""The start guard: nothing starts while a restore is unfinished, not even after a reboot."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.rollback.start_guard import GuardRequest
from pytest_rollback.agent.messages.services.units import (
    ManagerAddress,
    UnitPorts,
    UnitRequest,
    UnitsRequest,
)
from pytest_rollback.agent.rollback import start_guard
from pytest_rollback.agent.services import units
from pytest_rollback.agent.services.manager import marked
from pytest_rollback.errors import Refused, Unfinished
from pytest_rollback.recovery import actions
from tests.unit.recovery.site import FILES, NAMES, Site, Systemd
from tests.unit.support.requests import located

NOWHERE = Location("/", "", "")


def assertion(site: Site, unit: str) -> str:
    """Return the assertion in a unit's drop-in, "" where there is none."""
    name = f"00-rollback-guard{marked(str(site.state / 'in-progress'))}.conf"
    path = site.units / f"{unit}.service.d" / name
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line for line in lines if line.startswith("Assert")), "")


def starts(said: str) -> bool:
    """Have systemd itself judge an assertion."""
    argv = ["systemd-analyze", "condition", said]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert "AssertPathExists" in done.stdout + done.stderr
    return done.returncode == 0


def test_no_unit_starts_until_all_is_restored(site: Site, systemd: Systemd) -> None:
    """Every unit asserts that there is no marker; systemd says no, and yes once it is lifted."""
    assert site.perform(actions.GUARD_ON) == 1
    said = [assertion(site, "gate"), assertion(site, "mesh")]
    assert [starts(each) for each in said] == [False, False]
    assert "daemon-reload" in systemd.told()
    for action in FILES[:-1]:
        site.perform(action)
    assert site.perform(actions.GUARD_OFF) == 1

    assert starts(said[0])
    assert list(site.units.glob("*.d")) == []
    assert not (site.state / "in-progress").exists()


@pytest.mark.usefixtures("systemd")
def test_a_restored_system_gets_no_guard(site: Site) -> None:
    """With nothing to restore there is nothing to guard, and nothing to lift."""
    for action in FILES:
        site.perform(action)

    assert site.perform(actions.GUARD_ON) == 0
    assert site.perform(actions.GUARD_OFF) == 0


@pytest.mark.usefixtures("systemd")
def test_an_unfinished_restore_keeps_the_guard(site: Site) -> None:
    """Between plan and verification nobody lifts it; the same command again restores the rest."""
    site.perform(actions.GUARD_ON)
    site.path("gate").joinpath("serve.py.backup").chmod(0o644)
    held = site.path("gate/serve.py")
    subprocess.run(["chattr", "+i", held], check=True)
    try:
        with pytest.raises((Refused, Unfinished)):
            site.perform(actions.RESTORE_FILES)
        (change,) = site.plan(actions.GUARD_OFF)
        if begun(site):
            with pytest.raises(Refused, match="not completely restored"):
                site.apply(change)
        assert not starts(assertion(site, "gate"))
    finally:
        subprocess.run(["chattr", "-i", held], check=True)
    site.perform(actions.RESTORE_FILES)

    site.perform(actions.GUARD_OFF)


def begun(site: Site) -> bool:
    """Tell whether a restore was begun."""
    path = site.state / "runs" / "r1" / "journal"
    return path.exists() and b'"plan"' in path.read_bytes()


@pytest.mark.usefixtures("systemd")
def test_the_guard_of_another_unfinished_run_stays(site: Site) -> None:
    """Two runs of other scopes: the marker goes with the last of them."""
    first, second = site.scope("r1"), site.scope("r2", ["gate"])
    for scope in (first, second):
        site.begin(scope.run, only=(scope.run,))
        site.perform(actions.GUARD_ON, scope)
    site.perform(actions.GUARD_OFF, second)
    assert (site.state / "in-progress").exists()
    assert assertion(site, "gate") == ""
    assert assertion(site, "mesh")
    site.perform(actions.GUARD_OFF, first)

    assert not (site.state / "in-progress").exists()


@pytest.mark.usefixtures("systemd")
def test_the_guard_of_another_system_stays(site: Site) -> None:
    """Two systems share a unit: each has an assertion of its own, and lifts no other."""
    site.begin()
    site.perform(actions.GUARD_ON)
    other = Location(str(site.root), str(site.state.with_name("other")), ".backup", "r1")
    request = GuardRequest(other, "systemd", None, str(site.units), ("gate.service",))
    start_guard.on(request)
    assert len(list((site.units / "gate.service.d").iterdir())) == len(("ours", "theirs"))
    assert assertion(site, "gate")
    start_guard.off(request)

    assert assertion(site, "gate")
    assert (site.state / "in-progress").exists()


@pytest.mark.usefixtures("systemd")
def test_undo_guards_while_it_works_and_lifts_it_at_the_end(site: Site) -> None:
    """The failed release comes back behind the guard; every file is as before."""
    before = site.everything()
    site.perform(actions.GUARD_ON)
    for action in FILES:
        site.perform(action)
    site.undo()

    assert site.everything() == before
    assert not (site.state / "in-progress").exists()


def test_what_was_started_since_the_isolation_is_stopped_behind_the_guard(
    site: Site, systemd: Systemd
) -> None:
    """A timer was quicker: the guard is put up first, so that it cannot be so again."""
    site.perform(actions.ISOLATE)
    subprocess.run([systemd.folder.parent / "systemctl", "start", "gate"], check=True)
    guard, stop = site.plan(actions.GUARD_ON)

    assert (guard.what, stop.what) == ("block the start of gate, mesh", "stop gate")
    assert site.perform(actions.GUARD_ON) == 2
    assert systemd.state("gate")["active"] == "inactive"
    assert site.plan(actions.GUARD_ON) == ()


@pytest.mark.usefixtures("systemd")
def test_a_missing_directory_is_told(site: Site) -> None:
    """Where no unit file can be, nothing is begun."""
    site.describe(services={"directory": str(site.home / "nowhere")})
    with pytest.raises(Refused, match="nowhere for unit files"):
        site.perform(actions.GUARD_ON)


class Supervisord:
    """A real supervisord whose programs start by themselves."""

    def __init__(self, home: Path) -> None:
        self.home, self.socket = home, str(home / "s")
        self.programs = home / "conf.d"
        self.programs.mkdir()
        for name in ("gate", "mesh"):
            (self.programs / f"{name}.conf").write_text(
                f"[program:{name}]\ncommand=sleep 300\nautostart=true\nstartsecs=0\n"
            )
        (home / "conf").write_text(
            f"[supervisord]\nlogfile={home}/log\npidfile={home}/pid\nchildlogdir={home}\n"
            f"[unix_http_server]\nfile={self.socket}\n[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
            "[include]\nfiles=conf.d/*.conf\n"
        )
        self.boot()

    def boot(self) -> None:
        """Start it, as a host that comes up does, and wait until it answers."""
        argv = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self.home / "conf")]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                self.states()
            except HostError:
                time.sleep(0.05)
            else:
                return

    def states(self) -> dict[str, str]:
        """Return the state of each program."""
        asked = (UnitPorts("gate"), UnitPorts("mesh"))
        found = units.look(UnitsRequest(NOWHERE, self.address, asked)).units
        return {name: state.state for name, state in found.items()}

    @property
    def address(self) -> ManagerAddress:
        """How it is reached."""
        return ManagerAddress("supervisord", self.socket)

    def about(self) -> dict[str, Any]:
        """Return how it is asked."""
        return {"manager": "supervisord", "socket": self.socket}

    def down(self) -> None:
        """End it with its programs."""
        self.process.terminate()
        self.process.wait()

    def request(self, *units: str) -> GuardRequest:
        """Return a request about the guard."""
        where = located(self.home / "root", self.home / "state")
        return GuardRequest(where, "supervisord", self.socket, str(self.programs), units)


@pytest.fixture
def supervisord(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisord]:
    """A supervisord that answers."""
    manager = Supervisord(tmp_path_factory.mktemp("s"))
    yield manager
    manager.down()


def test_supervisord_starts_nothing_when_it_comes_up_again(supervisord: Supervisord) -> None:
    """Programs that start by themselves do not, until the guard is lifted."""
    assert set(supervisord.states().values()) <= {"active", "starting"}
    assert start_guard.on(supervisord.request(*NAMES)).on
    supervisord.down()
    supervisord.boot()
    assert set(supervisord.states().values()) == {"inactive"}
    assert not start_guard.off(supervisord.request(*NAMES)).left
    supervisord.down()
    supervisord.boot()

    assert set(supervisord.states().values()) <= {"active", "starting"}


def test_a_guarded_unit_is_started_at_its_turn(supervisord: Supervisord) -> None:
    """Once the guard is lifted, the usual start brings it up."""
    gate = UnitRequest(NOWHERE, supervisord.address, "gate", 20.0)
    units.stop(gate)
    start_guard.on(supervisord.request(*NAMES))
    start_guard.off(supervisord.request(*NAMES))
    units.start(gate)

    assert supervisord.states()["gate"] == "active"


def test_programs_that_nobody_configured_here_are_named(supervisord: Supervisord) -> None:
    """A program that is configured elsewhere would start; that is told."""
    found = start_guard.look(supervisord.request("gate", "other"))

    assert found.unguarded == ("other",)
