"""Units of a real supervisord on a unix socket, with programs of every temper."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.services.units import (
    ManagerAddress,
    Reloaded,
    UnitPorts,
    UnitRequest,
    UnitsRequest,
    UnitState,
    UnitStopped,
)
from pytest_rollback.agent.services import registry, units
from pytest_rollback.agent.services.supervisor_info import ended
from pytest_rollback.agent.system.processes import members
from tests.faults import tracing

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = Location("/", "", "")
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
CHILDREN = "import subprocess, time; subprocess.Popen(['sleep', '300'], stdout=2); time.sleep(300)"


class Supervisord:
    """A real supervisord on a unix socket, with programs of every temper."""

    def __init__(self, home: Path) -> None:
        self.home, self.socket = home, str(home / "s")
        self.write()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(home / "conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def write(self, steady: str = "sleep 300", more: str = "") -> None:
        """Write the configuration."""
        programs = {
            "steady": steady,
            "stubborn": f'{sys.executable} -c "{STUBBORN}"',
            "family": f'{sys.executable} -c "{CHILDREN}"',
            "crashing": "sh -c 'echo no database >&2; exit 3'",
            "group": "false",
            "looping": "sh -c 'sleep 1.1; exit 1'",
        }
        text = "".join(
            f"[program:{name}]\ncommand={command}\nautostart=false\nstartsecs=1\n"
            f"startretries=1\nstopwaitsecs=60\n"
            for name, command in programs.items()
        )
        (self.home / "conf").write_text(
            f"[supervisord]\nlogfile={self.home}/log\npidfile={self.home}/pid\n"
            f"childlogdir={self.home}\n[unix_http_server]\nfile={self.socket}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n"
            f"{text}{more}"
        )

    @property
    def address(self) -> ManagerAddress:
        """How it is reached."""
        return ManagerAddress("supervisord", self.socket)

    def stop(self, unit: str, timeout: float = 10.0) -> UnitStopped:
        """Stop a unit."""
        return units.stop(UnitRequest(NOWHERE, self.address, unit, timeout))

    def start(self, unit: str, timeout: float = 10.0) -> float:
        """Start a unit; return the seconds."""
        return units.start(UnitRequest(NOWHERE, self.address, unit, timeout)).seconds

    def reload(self) -> Reloaded:
        """Have it read its configuration again."""
        return units.reload(registry.of(self.address))

    def look(self, *names: str) -> dict[str, UnitState]:
        """Look at units."""
        return look(self.address, *names)


def look(address: ManagerAddress, *names: str) -> dict[str, UnitState]:
    """Look at the units of a manager."""
    return units.look(UnitsRequest(NOWHERE, address, tuple(map(UnitPorts, names)))).units


@pytest.fixture
def supervisord(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisord]:
    """A supervisord that answers."""
    manager = Supervisord(tmp_path_factory.mktemp("s"))
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            manager.look("steady")
            break
        except HostError:
            time.sleep(0.05)
    yield manager
    for unit in ("stubborn", "family", "steady", "pool:*", "pair:*"):
        with contextlib.suppress(HostError):
            manager.stop(unit, timeout=0.1)
    manager.process.terminate()
    manager.process.wait(20)


def test_a_program_starts_runs_and_stops(supervisord: Supervisord) -> None:
    """A program is known, starts until it runs, tells since when, and stops."""
    before = supervisord.look("steady", "typo")
    supervisord.start("steady")
    running = supervisord.look("steady")["steady"]
    stopped = supervisord.stop("steady")

    assert (before["steady"].known, before["steady"].state) == (True, "inactive")
    assert not before["typo"].known
    assert (running.state, running.pid > 0) == ("active", True)
    assert abs((running.since or 0) - time.time()) < 20
    assert not stopped.killed


def test_a_stubborn_program_is_killed(supervisord: Supervisord) -> None:
    """At its deadline a stop becomes a kill of the program's group."""
    supervisord.start("stubborn")
    stopped = supervisord.stop("stubborn", timeout=0.5)

    assert stopped.killed
    assert stopped.seconds < 60  # its own stopwaitsecs
    assert supervisord.look("stubborn")["stubborn"].state != "active"


def test_children_that_outlive_a_program_are_killed(supervisord: Supervisord) -> None:
    """A program is down when its children are gone too."""
    supervisord.start("family")
    pid = supervisord.look("family")["family"].pid
    stopped = supervisord.stop("family", timeout=1.0)

    assert stopped.killed
    assert members(pid) == []


def test_a_crashing_program_is_told_with_its_last_words(supervisord: Supervisord) -> None:
    """A start that fails says what the program wrote before it died."""
    with pytest.raises(HostError, match="no database"):
        supervisord.start("crashing", timeout=15.0)

    assert supervisord.look("crashing")["crashing"].state in ("failed", "backoff")


@pytest.fixture
def slow(supervisord: Supervisord) -> Iterator[Supervisord]:
    """One that asks for the end of its children late: a program that dies at once is dead then."""
    why = tracing.unavailable()
    if why:
        pytest.skip(f"not run: {why}")
    words = ["-e", "trace=wait4", "-e", "inject=wait4:delay_enter=200000"]
    tracer = subprocess.Popen(
        ["strace", "-p", str(supervisord.process.pid), *words, "-o", "/dev/null"],
        stderr=subprocess.PIPE,
    )
    assert tracer.stderr
    assert b"attached" in tracer.stderr.readline()
    yield supervisord
    tracer.terminate()
    tracer.communicate()


def test_a_program_that_dies_before_its_start_is_answered_is_told_as_well(
    slow: Supervisord,
) -> None:
    """The manager answers that it was not spawned, and tries again: what it wrote is told."""
    with pytest.raises(HostError, match="no database") as caught:
        slow.start("crashing", timeout=15.0)

    assert "crashing does not start: fatal: Exited too quickly" in caught.value.message
    assert "tail crashing stderr" in caught.value.hint


def test_a_program_that_comes_up_when_it_is_tried_again_has_started(slow: Supervisord) -> None:
    """Its first death, before the start was answered, is not its end."""
    seen = slow.home / "seen"
    command = f"sh -c 'test -e {seen} || {{ touch {seen}; exit 3; }}; exec sleep 300'"
    slow.write(steady=command)
    slow.reload()
    slow.start("steady", timeout=15.0)

    assert slow.look("steady")["steady"].state == "active"


def test_a_changed_program_is_taken_over_and_not_started(supervisord: Supervisord) -> None:
    """A reload takes over what changed; afterwards nothing needs one and nothing runs."""
    supervisord.write("sleep 301", "[program:new]\ncommand=sleep 1\nautostart=false\n")
    before = supervisord.look("steady", "new", "family")
    done = supervisord.reload()
    after = supervisord.look("steady", "new")

    assert [before[unit].needs_reload for unit in before] == [True, True, False]
    assert (done.changed, done.added) == (("steady",), ("new",))
    assert [after[unit].needs_reload for unit in after] == [False, False]
    assert [after[unit].state for unit in after] == ["inactive", "inactive"]


def test_a_running_program_is_not_taken_over(supervisord: Supervisord) -> None:
    """A reload stops nothing: a changed program that runs is refused, with the command."""
    supervisord.start("steady")
    pid = supervisord.look("steady")["steady"].pid
    supervisord.write("sleep 301")
    with pytest.raises(HostError, match="steady runs while") as caught:
        supervisord.reload()

    manager = registry.of(supervisord.address)
    assert "stop steady" in caught.value.hint
    assert supervisord.look("steady")["steady"].pid == pid
    assert (manager.busy(["family"]), manager.busy(["steady"])) == (("steady",), ())


def test_a_program_that_would_start_itself_waits_for_its_start(supervisord: Supervisord) -> None:
    """A reload starts nothing: with autostart a change is taken over when its turn comes."""
    eager = "[program:eager]\ncommand=sleep {}\nautostart={}\nstartsecs=1\n"
    supervisord.write(more=eager.format(300, "false"))
    supervisord.reload()
    supervisord.write(more=eager.format(301, "true"))
    assert supervisord.reload().waiting == ("eager",)
    waiting = supervisord.look("eager", "steady")["eager"]
    supervisord.start("eager")
    running = supervisord.look("eager", "steady")["eager"]

    assert (waiting.state, waiting.needs_reload) == ("inactive", False)
    assert running.state == "active"
    command = Path(f"/proc/{running.pid}/cmdline").read_bytes()
    assert command.split(b"\0")[1] == b"301"
    supervisord.stop("eager")


def test_a_broken_configuration_is_a_problem(supervisord: Supervisord) -> None:
    """A configuration that supervisord refuses is told, and stops nothing."""
    supervisord.start("steady")
    supervisord.write(more="[program:broken]\n")
    with pytest.raises(HostError, match="refused reread"):
        supervisord.reload()
    found = supervisord.look("steady", "family")

    assert (found["steady"].state, found["steady"].needs_reload) == ("active", True)
    assert registry.of(supervisord.address).busy([]) == ()
    supervisord.write()
    assert not supervisord.look("steady", "family")["steady"].needs_reload


def test_a_supervisord_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    """A socket that nobody listens on is no source of states."""
    with pytest.raises(HostError, match="does not answer"):
        look(ManagerAddress("supervisord", str(tmp_path / "s")), "a")


def test_a_silent_supervisord_is_given_up(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A socket that takes the question and never answers costs its few seconds, no more."""
    path = str(tmp_path_factory.mktemp("s") / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        started = time.monotonic()
        with pytest.raises(HostError, match="does not answer"):
            look(ManagerAddress("supervisord", path), "a")

    assert time.monotonic() - started < 60


def test_a_program_in_a_crash_loop_stays_down(supervisord: Supervisord) -> None:
    """An exited program is started again on the next look of its manager; a stop ends that."""
    supervisord.start("looping")
    supervisord.stop("looping")
    time.sleep(2.5)

    assert supervisord.look("looping")["looping"].state in {"inactive", "failed"}


@pytest.mark.parametrize(
    ("ago", "status", "state"),
    [(0, 1, "backoff"), (2, 0, "backoff"), (3, 1, "failed"), (3, 0, "inactive"), (-9, 1, "failed")],
)
def test_what_exited_a_moment_ago_may_be_started_again(ago: int, status: int, state: str) -> None:
    """It is not down yet: a rollback stops it, too. A clock that was set back is no moment."""
    info = {"state": 100, "now": 1000, "stop": 1000 - ago, "exitstatus": status}

    assert ended(info) == state
