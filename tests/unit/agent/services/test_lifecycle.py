"""Starting components of a real supervisord: healthy, settled, or told why not."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.messages.services.health import (
    HealthRequest,
    HealthyStartRequest,
    SettleRequest,
    SettlingUnit,
    UnitHealth,
)
from pytest_rollback.agent.messages.services.units import UnitPorts
from pytest_rollback.agent.services import health, lifecycle
from pytest_rollback.agent.services.supervisord import LAST_LINES
from pytest_rollback.agent.state import journal
from tests.unit.agent.services import test_supervisord
from tests.unit.agent.services.test_supervisord import Supervisord
from tests.unit.recovery.site import SERVER, free_port

supervisord = test_supervisord.supervisord

HOLDS = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); "
    "print(flush=True); input()"
)


class Programs:
    """A supervisord with programs that serve a port, each in its own way."""

    def __init__(self, manager: Supervisord) -> None:
        self.manager, self.port = manager, free_port()
        file = manager.home / "serve.py"
        file.write_text(SERVER)
        flaky = manager.home / "flaky.py"
        flaky.write_text(
            f"import os, threading; threading.Timer(1.3, os._exit, [3]).start()\n{SERVER}"
        )
        broken = manager.home / "broken.py"
        broken.write_text(
            "import time\n"
            "for n in range(200): print('waited for', n, flush=True)\n"
            "time.sleep(0.4); raise SystemExit('no database')\n"
        )
        manager.write(
            more="".join(
                f"[program:{name}]\ncommand={sys.executable} {manager.home}/{name}.py {self.port}\n"
                f"autostart=false\nautorestart=true\nstartsecs=0\n"
                for name in ("serve", "flaky", "broken")
            )
        )
        manager.reload()

    @property
    def probe(self) -> ProbeSpec:
        """What shows that a program is healthy."""
        return ProbeSpec(url=f"http://127.0.0.1:{self.port}/", body="ok", timeout=1.0)

    def request(self, unit: str, timeout: float = 8.0, settle: float = 1.0) -> HealthyStartRequest:
        """Return the request that starts a unit."""
        address = self.manager.address
        return HealthyStartRequest(
            test_supervisord.NOWHERE, address, unit, timeout, settle, "journal", self.probe
        )

    def look(self, unit: str, *ports: int) -> UnitHealth:
        """Look at one unit."""
        asked, probes = (UnitPorts(unit, ports),), {unit: self.probe}
        request = HealthRequest(test_supervisord.NOWHERE, self.manager.address, asked, probes)
        return lifecycle.look(request).units[unit]


@pytest.fixture
def programs(supervisord: Supervisord) -> Iterator[Programs]:
    """Programs that are down."""
    programs = Programs(supervisord)
    yield programs
    for unit in ("serve", "flaky", "broken"):
        supervisord.stop(unit, timeout=0.5)


def test_a_component_is_up_when_it_answered_and_stayed(programs: Programs) -> None:
    """Active, then healthy, then settled; a look tells for how long it has been up."""
    answer = health.start_healthy(programs.request("serve"))
    found = programs.look("serve", programs.port)

    assert answer.active <= answer.healthy <= answer.seconds - 1.0
    assert (found.state.state, found.problem) == ("active", None)
    assert found.state.listening == {str(programs.port): True}
    assert found.uptime > 0.9


def test_a_component_that_is_down_has_its_state_for_a_problem(programs: Programs) -> None:
    """Its probe is not asked: somebody else may answer on its port."""
    health.start_healthy(programs.request("serve"))

    assert programs.look("flaky").problem == "the unit is inactive"


def test_a_restart_while_it_settles_is_seen(programs: Programs) -> None:
    """The manager restarts it at once, and still it did not stay up."""
    with pytest.raises(HostError, match="did not stay up for 5 s"):
        health.start_healthy(programs.request("flaky", settle=5.0))


def test_a_unit_that_somebody_stops_meanwhile_is_not_healthy(programs: Programs) -> None:
    """It was up, and its probe is not asked any more: whoever answers there now is not it."""
    probe = programs.probe._replace(body="never")
    stopping = threading.Timer(0.5, programs.manager.stop, ["serve"])
    stopping.start()
    with pytest.raises(HostError, match="did not become healthy"):
        health.start_healthy(programs.request("serve", timeout=3.0)._replace(probe=probe))
    stopping.join()

    assert programs.manager.look("serve")["serve"].state == "inactive"


def test_a_crash_loop_is_given_up_before_its_deadline(programs: Programs) -> None:
    """After a few new processes it is not going to be healthy; its last words are told."""
    started = time.monotonic()
    with pytest.raises(HostError, match="did not become healthy") as caught:
        health.start_healthy(programs.request("broken", timeout=300.0))

    assert time.monotonic() - started < 300
    assert "no database" in caught.value.message
    assert " | waited for 199;" in caught.value.message
    assert caught.value.message.count("waited for") == LAST_LINES
    assert "last answer of its probe: " in caught.value.message
    assert "tail broken stderr" in caught.value.hint


def settling(programs: Programs, unit: str, seconds: float, run: str = "") -> SettleRequest:
    """Return the request that watches a unit."""
    where = test_supervisord.NOWHERE._replace(state=str(programs.manager.home), run=run)
    watched = SettlingUnit(unit, ("journal",), programs.probe, seconds)
    return SettleRequest(where, programs.manager.address, (watched,))


def test_what_settles_is_watched_and_healthy_at_the_end(programs: Programs) -> None:
    """For its time; who starts again meanwhile, or is not healthy, is told."""
    health.start_healthy(programs.request("serve", settle=0.0))
    took = health.settle(settling(programs, "serve", 1.0)).seconds
    programs.manager.stop("serve")
    health.start_healthy(programs.request("flaky", settle=0.0))

    assert took >= 1.0
    with pytest.raises(HostError, match="flaky did not stay up for 5 s"):
        health.settle(settling(programs, "flaky", 5.0))


def test_a_restart_between_healthy_and_settling_is_seen(programs: Programs) -> None:
    """The run's journal knows the process that was healthy; another one has not stayed up."""
    run = "r1"
    (programs.manager.home / "runs" / run).mkdir(parents=True)
    work = journal.Journal(str(programs.manager.home / "runs" / run / "changes"))
    health.start_healthy(programs.request("serve", settle=0.0))
    pid = programs.look("serve").state.pid
    work.add("start done", unit="serve", pid=pid, restarts=0)
    health.settle(settling(programs, "serve", 0.2, run))
    work.add("start done", unit="serve", pid=pid + 1, restarts=0)
    work.close()

    with pytest.raises(HostError, match="serve did not stay up"):
        health.settle(settling(programs, "serve", 0.2, run))


def test_whoever_holds_the_port_is_named(programs: Programs) -> None:
    """What is left of a failed release keeps the restored one from its port; nobody else is."""
    argv = [sys.executable, "-c", HOLDS, str(programs.port)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.read(1)
        with pytest.raises(HostError) as caught:
            health.start_healthy(programs.request("serve", timeout=4.0))
        programs.manager.stop("serve")
        holder.kill()
    with pytest.raises(HostError) as other:
        health.start_healthy(programs.request("broken"))

    named = f"port {programs.port} is held by pid {holder.pid} ({sys.executable})"
    assert caught.value.message.startswith(named)
    assert f"kill {holder.pid};" in caught.value.hint
    assert f"args -p {holder.pid};" in caught.value.hint
    assert "is held by" not in other.value.message


def test_the_ports_of_a_unit_are_its_own_and_that_of_its_probe(programs: Programs) -> None:
    """A probe of another host, or of none, asks no port of this one."""
    request = programs.request("serve")
    for url, port in (("https://localhost/x", 443), ("http://10.0.0.7:81/", None)):
        asked = request._replace(probe=ProbeSpec(url=url), ports=(7,))
        assert health.ports(asked) == {7, *([port] if port else [])}
    assert health.ports(request._replace(probe=ProbeSpec(tcp="[::1]:90"))) == {90}
    assert health.ports(request._replace(probe=ProbeSpec(command=("true",)))) == set()
