"""Service managers that answer oddly or refuse: told in their words, within their time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from xmlrpc.client import Fault

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.agent.messages.services.health import HealthyStartRequest
from pytest_rollback.agent.messages.services.units import (
    ManagerAddress,
    ReloadRequest,
    UnitRequest,
    UnitState,
)
from pytest_rollback.agent.services import health, lifecycle, registry, supervisord, systemd, units
from pytest_rollback.agent.services.manager import UnitReport
from pytest_rollback.agent.services.supervisord import Supervisord
from pytest_rollback.agent.system.command import signal_group
from pytest_rollback.agent.system.processes import members
from tests.faults import tracing
from tests.unit.agent.services import test_supervisord as real
from tests.unit.agent.services import test_systemd as faked
from tests.unit.recovery.site import free_port
from tests.unit.support.apart import ROOT_ONLY, somebody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

manager = real.supervisord
fake = faked.systemd


def test_a_unit_that_runs_is_not_started_again(fake: faked.Systemd) -> None:
    """Nothing is asked but how it is."""
    process = subprocess.Popen(["sleep", "60"])
    fake.has("app", active="active", sub="running", pid=process.pid, started=1)
    started = fake.start("app")
    process.kill()
    process.wait()

    assert started < 60
    assert {call[0] for call in fake.calls()} == {"show"}


def test_a_unit_that_stops_is_waited_for_before_its_start(fake: faked.Systemd) -> None:
    """Until the deadline; one that never is down is started then, and told as it is."""
    fake.has("app", active="deactivating", sub="stop-sigterm")
    assert fake.start("app", timeout=0.6) >= 0.6

    calls = [call[0] for call in fake.calls()]
    assert calls.count("start") == 1
    assert calls[: calls.index("start")].count("show") > 1


def test_a_unit_that_never_comes_up_is_given_up_at_the_deadline(fake: faked.Systemd) -> None:
    """While it is neither up nor hopeless there is nothing else to wait for."""
    show = fake.units.parent / "systemctl"
    show.write_text(
        "#!/bin/sh\n"
        'test "$1" = status && echo still starting\n'
        "echo LoadState=loaded; echo ActiveState=activating; echo SubState=start; echo MainPID=0\n"
    )
    with pytest.raises(HostError, match="app does not start: still starting") as caught:
        fake.start("app", timeout=0.5)

    assert caught.value.kind == "unfinished"


def test_a_systemctl_that_tells_of_fewer_units_is_not_believed(fake: faked.Systemd) -> None:
    """Whose state is whose would be a guess."""
    (fake.units.parent / "systemctl").write_text("#!/bin/sh\necho LoadState=loaded\n")
    with pytest.raises(HostError, match="systemctl showed 1 of 2 units"):
        fake.look("app", "other")


def test_a_unit_that_never_ran_began_at_no_time(fake: faked.Systemd) -> None:
    """Zero is no moment, and neither is what is no number."""
    process = subprocess.Popen(["sleep", "60"])
    fake.has("app", active="active", pid=process.pid, started=0)
    found = fake.look("app")["app"]
    process.kill()
    process.wait()

    assert (found.pid, found.since) == (process.pid, None)
    assert [systemd.epoch(each) for each in (None, "", "n/a", "0")] == [None] * 4


def test_unit_files_are_read_again_under_the_lock(fake: faked.Systemd, tmp_path: Path) -> None:
    """And that is written down where there is a run."""
    fake.has("app", reload="yes")
    place = Location("/", str(tmp_path / "state"), "", "r1")
    lifecycle.reload(ReloadRequest(place, ManagerAddress("systemd")))

    assert not fake.look("app")["app"].needs_reload
    written = (tmp_path / "state/runs/r1/changes").read_text()
    assert [name in written for name in ('"reload"', '"reload done"')] == [True, True]


def test_an_unknown_program_is_not_started(manager: real.Supervisord) -> None:
    """The manager's own word for it is taken, and no other refusal."""
    with pytest.raises(HostError, match="supervisord does not know the unit 'typo'"):
        manager.start("typo")
    direct = Supervisord(manager.socket)
    with pytest.raises(HostError, match="supervisord refused startProcess typo: BAD_NAME"):
        direct.tell("startProcess", "typo", supervisord.ALREADY_STARTED)
    with pytest.raises(Fault):
        direct.call("getProcessInfo", "typo")


@pytest.fixture
def doomed(open_place: Path) -> Iterator[real.Supervisord]:
    """A supervisord that everybody may ask and that need not survive; a program of it runs."""
    manager = real.Supervisord(open_place)
    assert waited(lambda: said(lambda: manager.look("steady")) == "")
    (open_place / "s").chmod(0o777)
    manager.start("stubborn")
    pid = manager.look("stubborn")["stubborn"].pid
    yield manager
    manager.process.kill()
    manager.process.wait(20)
    signal_group(pid, signal.SIGKILL)


def test_supervisord_that_goes_down_refuses(doomed: real.Supervisord) -> None:
    """While it waits for its programs it answers nothing but that it shuts down."""
    direct = Supervisord(doomed.socket)
    direct.call("shutdown")
    refusal = "supervisord refused getProcessInfo stubborn: SHUTDOWN_STATE"

    assert waited(lambda: said(lambda: direct.state("stubborn")) == refusal)


def waited(met: Callable[[], bool]) -> bool:
    """Return whether something becomes true within a minute."""
    until = time.monotonic() + 60
    while not met() and time.monotonic() < until:
        time.sleep(0.02)
    return met()


def said(task: Callable[[], object]) -> str:
    """Return what stood in the way of a task, "" when nothing did."""
    try:
        task()
    except HostError as problem:
        return problem.message
    return ""


@ROOT_ONLY
def test_a_program_that_is_not_ours_to_kill_is_killed_by_its_manager(
    doomed: real.Supervisord,
) -> None:
    """Its group belongs to somebody else; one that does not run any more is fine."""
    direct = Supervisord(doomed.socket)
    before = direct.state("stubborn")
    with somebody():
        direct.kill("stubborn", before)
    assert waited(lambda: direct.state("stubborn").state.pid != before.state.pid)
    assert members(before.state.pid) == []
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    with somebody():
        state = UnitState(known=True, state="inactive", pid=other.pid)
        direct.kill("steady", UnitReport(state))

    assert other.poll() is None
    other.kill()
    other.wait()


@ROOT_ONLY
def test_a_manager_that_may_not_kill_either_says_so(doomed: real.Supervisord) -> None:
    """The program still runs, and that is a problem."""
    why = tracing.unavailable()
    if why:
        pytest.skip(f"not run: {why}")
    direct = Supervisord(doomed.socket)
    before = direct.state("stubborn")
    fault = ["-e", "inject=kill:error=EPERM", "-o", "/dev/null"]
    tracer = subprocess.Popen(
        ["strace", "-p", str(doomed.process.pid), *fault], stderr=subprocess.PIPE
    )
    assert tracer.stderr
    assert b"attached" in tracer.stderr.readline()
    with somebody(), pytest.raises(HostError, match="supervisord refused signal stubborn: FAILED"):
        direct.kill("stubborn", before)
    tracer.terminate()
    tracer.communicate()

    assert members(before.state.pid) == [before.state.pid]


def test_a_program_that_the_release_does_not_have_is_let_go(manager: real.Supervisord) -> None:
    """A reload removes what is no longer configured."""
    manager.write(more="[program:extra]\ncommand=sleep 1\nautostart=false\n")
    manager.reload()
    assert manager.look("extra", "steady")["extra"].known
    manager.write()
    assert manager.reload().removed == ("extra",)

    assert not manager.look("extra", "steady")["extra"].known


def test_a_program_without_a_log_has_no_last_words(manager: real.Supervisord) -> None:
    """What it was and where to look are told all the same."""
    quiet = "[program:quiet]\ncommand=false\nautostart=false\nstartsecs=1\nstartretries=0\n"
    manager.write(more=quiet + "stdout_logfile=NONE\nstderr_logfile=NONE\n")
    manager.reload()
    with pytest.raises(HostError, match="quiet does not start: fatal") as caught:
        manager.start("quiet", timeout=8.0)

    assert caught.value.message.count("\n") == 0
    assert caught.value.hint.endswith("tail quiet stderr")


def test_a_component_that_falls_ill_while_it_settles_is_not_up(manager: real.Supervisord) -> None:
    """It still runs, as the same process; its last answer says what is wrong."""
    port = free_port()
    program = manager.home / "ill.py"
    program.write_text(
        "import http.server, sys, time\n"
        "class Page(http.server.BaseHTTPRequestHandler):\n"
        "    asked = 0\n"
        "    def do_GET(self):\n"
        "        Page.asked += 1\n"
        "        self.send_response(200 if Page.asked == 1 else 500)\n"
        "        self.send_header('Content-Length', '0'); self.end_headers()\n"
        "    def log_message(self, *rest): pass\n"
        f"http.server.HTTPServer(('127.0.0.1', {port}), Page).serve_forever()\n"
    )
    manager.write(more=f"[program:ill]\ncommand={sys.executable} {program}\nautostart=false\n")
    manager.reload()
    probe = ProbeSpec(url=f"http://127.0.0.1:{port}/", timeout=1.0)
    request = HealthyStartRequest(
        real.NOWHERE, manager.address, "ill", timeout=10.0, settle=0.3, log="journal", probe=probe
    )
    with pytest.raises(HostError, match=r"ill was not healthy after 0\.3 s") as caught:
        health.start_healthy(request)
    manager.stop("ill", timeout=5.0)

    assert "last answer of its probe: answered 500, not 200" in caught.value.message


class Reviving:
    """A manager that starts a program again between two looks: it had exited at the first."""

    name = "reviving"

    def __init__(self, *pids: int) -> None:
        self.pids = [*pids]
        self.last = pids[-1]
        self.stopped: list[int] = []

    def state(self, _unit: str) -> UnitReport:
        """Exited, or running under one pid after the other, until the last one was stopped."""
        pid = self.pids.pop(0) if len(self.pids) > 1 else self.pids[0]
        if self.last in self.stopped:
            return UnitReport(UnitState(known=True, state="inactive"))
        return UnitReport(UnitState(known=True, state="active" if pid else "backoff", pid=pid))

    def ask_stop(self, _unit: str) -> None:
        """Stop what runs now."""
        self.stopped.append(self.pids[0])

    def remains(self, _now: UnitReport, _before: UnitReport) -> bool:
        """Leave no process behind."""
        return False


@pytest.mark.parametrize("pids", [(0, 0, 7, 7), (5, 5, 0, 7, 7)])
def test_what_is_started_again_while_it_is_stopped_is_stopped_again(
    monkeypatch: pytest.MonkeyPatch, pids: tuple[int, ...]
) -> None:
    """A crash loop: the stop came when the program had exited, or exits, and stopped nothing."""
    manager = Reviving(*pids)
    monkeypatch.setattr(registry, "of", lambda _address: manager)
    stopped = units.stop(UnitRequest(real.NOWHERE, ManagerAddress("x"), "loop", 5.0))

    assert (stopped.killed, manager.stopped[-1]) == (False, 7)
