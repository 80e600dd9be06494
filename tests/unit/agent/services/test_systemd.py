"""Units of a systemd that is a script with real processes."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.services.units import (
    ManagerAddress,
    UnitPorts,
    UnitRequest,
    UnitsRequest,
    UnitState,
    UnitStates,
    UnitStopped,
)
from pytest_rollback.agent.protocol import decode
from pytest_rollback.agent.services import units
from pytest_rollback.agent.services.systemd import Systemd as Manager

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = Location("/", "", "")
SYSTEMD = ManagerAddress("systemd")
SLEEP = ["sleep", "300"]
HANGS = 300.0
"""Seconds that a systemctl hangs, or a process goes on: who is back earlier has not waited."""
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)",
]


class Systemd:
    """A systemctl on PATH whose units are real processes."""

    def __init__(self, home: Path) -> None:
        self.units = home / "units"
        self.units.mkdir(parents=True)
        fake = Path(__file__).parents[2] / "support" / "fakes" / "systemctl"
        shutil.copy(fake, home / "systemctl")

    def has(self, unit: str, argv: list[str] = SLEEP, **state: object) -> None:
        """Install a unit."""
        known = {"load": "loaded", "active": "inactive", "sub": "dead", "pid": 0, "argv": argv}
        (self.units / f"{unit}.json").write_text(json.dumps({**known, **state}))

    def calls(self) -> list[list[str]]:
        """Return the arguments of every call so far."""
        return [json.loads(line) for line in (self.units / "calls").read_text().splitlines()]

    def stop(self, unit: str, timeout: float = 60.0) -> UnitStopped:
        """Stop a unit."""
        return units.stop(UnitRequest(NOWHERE, SYSTEMD, unit, timeout))

    def start(self, unit: str, timeout: float = 60.0) -> float:
        """Start a unit; return the seconds."""
        return units.start(UnitRequest(NOWHERE, SYSTEMD, unit, timeout)).seconds

    def look(self, *names: str, ports: tuple[int, ...] = ()) -> dict[str, UnitState]:
        """Look at units."""
        asked = tuple(UnitPorts(name, ports) for name in names)
        return units.look(UnitsRequest(NOWHERE, SYSTEMD, asked)).units

    def end(self) -> None:
        """Kill what still runs."""
        for path in self.units.glob("*.json"):
            pid = json.loads(path.read_text())["pid"]
            if pid:
                subprocess.run(["kill", "-9", str(pid)], check=False, capture_output=True)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """A systemd of our own."""
    manager = Systemd(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    yield manager
    manager.end()


def test_an_unknown_unit_is_not_a_stopped_one(systemd: Systemd) -> None:
    """A misspelt unit is `known: false`; one call asks about all."""
    systemd.has("app")
    found = systemd.look("app", "typo")

    assert (found["app"].known, found["app"].state) == (True, "inactive")
    assert not found["typo"].known
    assert len(systemd.calls()) == 1


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ({"active": "activating", "sub": "auto-restart"}, {"state": "backoff"}),
        ({"active": "activating", "sub": "start"}, {"state": "starting"}),
        ({"active": "failed", "result": "exit-code"}, {"state": "failed", "detail": "exit-code"}),
        ({"load": "masked", "file": "masked"}, {"masked": True}),
        ({"restarts": 7, "reload": "yes"}, {"restarts": 7, "needs_reload": True}),
        ({"load": "bad-setting"}, {"known": True, "detail": "bad-setting"}),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else None,
)
def test_states_come_in_our_words(
    systemd: Systemd, state: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """What systemd says is told in one vocabulary."""
    systemd.has("app", **state)
    found = systemd.look("app")["app"]

    assert {key: getattr(found, key) for key in wanted} == wanted


def test_ports_are_told_apart(systemd: Systemd) -> None:
    """A port is listening only while somebody listens on it."""
    systemd.has("app")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        during = systemd.look("app", ports=(port,))["app"].listening
    after = systemd.look("app", ports=(port,))["app"].listening

    assert (during, after) == ({str(port): True}, {str(port): False})


def test_a_state_travels_as_what_it_is(systemd: Systemd) -> None:
    """The answer is the same after it was JSON."""
    systemd.has("app")
    answer = units.look(UnitsRequest(NOWHERE, SYSTEMD, (UnitPorts("app", (1,)),)))

    assert decode(UnitStates, json.loads(json.dumps(answer))) == answer


def test_a_unit_starts_runs_and_stops(systemd: Systemd) -> None:
    """Start waits for running, says since when, and stop waits for down."""
    systemd.has("app")
    systemd.start("app")
    running = systemd.look("app")["app"]
    stopped = systemd.stop("app")
    after = systemd.look("app")["app"]

    assert running.state == "active"
    assert abs((running.since or 0) - time.time()) < 10
    assert not stopped.killed
    assert (after.state, after.pid, after.since) == ("inactive", 0, None)


def test_a_unit_that_ignores_sigterm_is_killed(systemd: Systemd) -> None:
    """At its deadline a stop becomes a kill, and says so."""
    systemd.has("app", STUBBORN)
    systemd.start("app")
    stopped = systemd.stop("app", timeout=0.5)

    assert stopped.killed
    assert stopped.seconds < HANGS


def test_a_stop_that_hangs_becomes_a_kill(systemd: Systemd) -> None:
    """A systemctl stop that never comes back does not keep the unit running."""
    systemd.has("app")
    systemd.start("app")
    (systemd.units / "delay-stop").write_text(str(HANGS))
    stopped = systemd.stop("app", timeout=0.5)

    assert stopped.killed
    assert systemd.look("app")["app"].state in {"inactive", "failed"}
    assert stopped.seconds < HANGS


def test_a_unit_that_survives_sigkill_is_a_problem_in_time(systemd: Systemd) -> None:
    """A process that not even SIGKILL ends is said by its number, within the promised time."""
    systemd.has("app", STUBBORN, mortal=False)
    systemd.start("app")
    pid = systemd.look("app")["app"].pid
    with pytest.raises(HostError, match=rf"still runs after SIGKILL \(pid {pid}\)"):
        systemd.stop("app", timeout=0.5)

    assert Path(f"/proc/{pid}").exists()


def test_leftovers_of_a_stopped_unit_are_killed(systemd: Systemd) -> None:
    """A unit that is called inactive and has tasks left is not down."""
    systemd.has("app", tasks="2")
    with pytest.raises(HostError):
        systemd.stop("app", timeout=0.2)

    assert ["kill", "--signal=KILL", "--", "app"] in systemd.calls()


def test_stopping_a_stopped_unit_changes_nothing(systemd: Systemd) -> None:
    """A unit that is down is not asked to stop."""
    systemd.has("app")
    systemd.stop("app")

    assert {call[0] for call in systemd.calls()} == {"show"}


def test_a_failed_unit_is_reset_before_it_starts(systemd: Systemd) -> None:
    """An earlier failure, as at a start limit, does not keep a unit from starting."""
    systemd.has("app", active="failed", sub="failed", result="start-limit-hit")
    systemd.start("app")

    assert systemd.look("app")["app"].state == "active"


def test_a_unit_that_does_not_start_is_told_in_the_managers_words(systemd: Systemd) -> None:
    """A start that fails ends at once, with systemd's status and the place to read more."""
    systemd.has("app", ["false"])
    started = time.monotonic()
    with pytest.raises(HostError, match="boom: no such database") as caught:
        systemd.start("app", timeout=HANGS)

    assert "journalctl -u app" in caught.value.hint
    assert time.monotonic() - started < HANGS


@pytest.mark.parametrize("verb", ["stop", "start"])
def test_changing_an_unknown_unit_is_a_problem(systemd: Systemd, verb: str) -> None:
    """A name that nobody knows is neither stopped nor started in silence."""
    with pytest.raises(HostError, match="does not know the unit 'typo'"):
        getattr(systemd, verb)("typo")


def test_a_masked_unit_is_said_so(systemd: Systemd) -> None:
    """A masked unit is refused with the command that unmasks it."""
    systemd.has("app", load="masked")
    with pytest.raises(HostError) as caught:
        systemd.start("app")

    assert caught.value.hint == "systemctl unmask app"


def test_reload_reads_unit_files_again(systemd: Systemd) -> None:
    """After a reload no unit needs one, and none was started or stopped."""
    systemd.has("app", reload="yes")
    Manager().reload()

    assert not systemd.look("app")["app"].needs_reload
    assert {call[0] for call in systemd.calls()} == {"daemon-reload", "show"}


def test_a_host_without_systemd_is_a_problem(systemd: Systemd) -> None:
    """A systemctl that cannot reach its manager is no source of states."""
    (systemd.units / "offline").touch()
    with pytest.raises(HostError, match="not been booted with systemd"):
        systemd.look("app")


def test_a_systemctl_that_hangs_is_given_up(systemd: Systemd) -> None:
    """A systemctl that does not come back costs its few seconds, no more."""
    systemd.has("app")
    (systemd.units / "delay").write_text(str(HANGS))
    started = time.monotonic()
    with pytest.raises(HostError, match=r"no answer in \d+ s"):
        systemd.look("app")

    assert time.monotonic() - started < HANGS


def test_a_missing_systemctl_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has no systemctl at all says so."""
    monkeypatch.setattr("pytest_rollback.agent.system.command.PLACES", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match="No such file"):
        units.look(UnitsRequest(NOWHERE, SYSTEMD, (UnitPorts("app"),)))
