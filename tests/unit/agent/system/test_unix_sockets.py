"""A supervisord is found by its socket, however it was started, and its configuration with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.configuration.units import manager
from pytest_rollback.agent.configuration.units.sources import Installed
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.agent.system import unix_sockets

TEXT = """\
[unix_http_server]
file={socket}
[supervisord]
logfile={home}/d.log
pidfile={home}/d.pid
{more}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:one]
command=/bin/sleep 600
"""
Start = Callable[..., manager.ManagerFacts]


def waited(home: Path) -> int:
    """Return the process that supervisord says it is, once it runs its program."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        log = home / "d.log"
        if log.is_file() and "spawned: 'one'" in log.read_text():
            return int((home / "d.pid").read_text())
        time.sleep(0.05)
    raise AssertionError("supervisord did not start")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start supervisord with words and further lines of its section; return what is known."""
    started: list[int] = []

    def begin(*words: str, name: str = "s.sock", more: str = "") -> manager.ManagerFacts:
        (tmp_path / "etc").mkdir()
        place = tmp_path / "s.sock"
        text = TEXT.format(home=tmp_path, socket=name.format(home=tmp_path), more=more)
        (tmp_path / "etc/supervisord.conf").write_text(text)
        environment = {"PATH": os.environ["PATH"], "PWD": str(tmp_path)}
        subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", *words],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        started.append(waited(tmp_path))
        return manager.asked(ManagerAddress("supervisord", str(place)), str(tmp_path), ["one"])

    yield begin
    for pid in started:
        os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + 20
        while (tmp_path / "d.pid").exists() and time.monotonic() < until:
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("words", "name", "more"),
    [
        (("-n", "-c", "{home}/etc/supervisord.conf"), "{home}/s.sock", ""),
        (("-c", "{home}/etc/supervisord.conf"), "{home}/s.sock", ""),
        (("-c", "etc/supervisord.conf"), "{home}/s.sock", ""),
        (("--configuration=etc/supervisord.conf",), "{home}/etc/../s.sock", ""),
        (("-cetc/supervisord.conf",), "{home}/s.sock", "directory=/"),
        ((), "{home}/s.sock", ""),
        (("-c", "etc/supervisord.conf"), "s.sock", ""),
    ],
    ids=["foreground", "daemon", "relative", "dots", "left", "unnamed", "relative-socket"],
)
def test_a_supervisord_is_found(
    start: Start, tmp_path: Path, words: tuple[str, ...], name: str, more: str
) -> None:
    """In the foreground, as a daemon, by a relative name, and by none."""
    facts = start(*(word.format(home=tmp_path) for word in words), name=name, more=more)

    assert facts.pid == int((tmp_path / "d.pid").read_text())
    assert facts.main == str(tmp_path / "etc/supervisord.conf")
    assert manager.defined(facts, "one", Installed()).main.argv == ("/bin/sleep", "600")


def test_another_process_with_the_old_number_is_not_taken(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the number of the parent by now does not hold the socket."""
    true = start("-c", "etc/supervisord.conf", name="{home}/s.sock").pid
    monkeypatch.setattr(unix_sockets.struct, "unpack", lambda *_: (os.getpid(), 0, 0))

    assert unix_sockets.listener(str(tmp_path / "s.sock")) == true


def test_a_configuration_that_is_gone_is_said(start: Start, tmp_path: Path) -> None:
    """It answers, so that is not what is said."""
    facts = start("-c", "etc/supervisord.conf", name="{home}/s.sock")
    (tmp_path / "etc/supervisord.conf").rename(tmp_path / "etc/other.conf")
    gone = manager.asked(
        ManagerAddress("supervisord", str(tmp_path / "s.sock")), str(tmp_path), ["one"]
    )

    with pytest.raises(LookupError, match=f"process {facts.pid}, is not where"):
        manager.defined(gone, "one", Installed())


def test_a_socket_of_the_same_name_elsewhere_is_another(tmp_path: Path) -> None:
    """Names are compared with their directories, and a link to a directory is followed."""
    (tmp_path / "link").symlink_to(tmp_path)
    assert unix_sockets.leads_to(f"{tmp_path}/s.sock.12", f"{tmp_path}/link/s.sock")
    assert not unix_sockets.leads_to(f"{tmp_path}/else/s.sock.12", f"{tmp_path}/s.sock")
    assert not unix_sockets.leads_to(f"{tmp_path}/s.sock.old", f"{tmp_path}/s.sock")


def test_nobody_listens(tmp_path: Path) -> None:
    """A socket that is not there, and one that its process has left."""
    assert unix_sockets.listener(str(tmp_path / "none")) == 0
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "left"))
    assert unix_sockets.listener(str(tmp_path / "left")) == 0
