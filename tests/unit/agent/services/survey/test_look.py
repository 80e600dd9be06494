"""A host with a real supervisord is looked at: which units are told, and where each was seen."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.services.survey import SurveyedUnit, SurveyRequest
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.agent.services.presence.survey.look import look
from tests.unit.agent.services.test_supervisord import look as states

MAKER = "supervisor.rpcinterface:make_main_rpcinterface"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A supervisord with two programs of one directory; an included file names its socket."""
    home = tmp_path_factory.mktemp("s")
    (home / "srv").mkdir()
    (home / "main").write_text(
        f"[supervisord]\nlogfile={home}/log\npidfile={home}/pid\n"
        f"[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory={MAKER}\n"
        "; [unix_http_server] stands elsewhere\n[include]\nfiles=*.conf\n"
    )
    (home / "own.conf").write_text(f"[unix_http_server]\nfile={home}/s\n")
    for name in ("kiosk", "worker"):
        text = f"[program:{name}]\ncommand=sleep 300\ndirectory={home}/srv\n"
        (home / f"{name}.conf").write_text(text)
    with daemon(home) as process:
        wait(ManagerAddress("supervisord", f"{home}/s"))
        yield home
        process.terminate()


def daemon(home: Path) -> subprocess.Popen[bytes]:
    """Start a supervisord by the configuration of a directory."""
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(home / "main")]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


@pytest.fixture
def mute(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Another supervisord, whose socket somebody has removed."""
    home = tmp_path_factory.mktemp("m")
    socket = home / "s"
    text = f"[supervisord]\nlogfile={home}/log\npidfile={home}/pid\n"
    (home / "main").write_text(f"{text}[unix_http_server]\nfile={socket}\n")
    with daemon(home) as process:
        while not socket.exists():
            time.sleep(0.05)
        socket.unlink()
        yield home
        process.terminate()


def wait(address: ManagerAddress) -> None:
    """Wait until both programs run."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if {each.state for each in states(address, "kiosk", "worker").values()} == {"active"}:
                return
        except HostError:
            time.sleep(0.05)


def seen(home: Path, request: SurveyRequest) -> dict[str, SurveyedUnit]:
    """Return what is seen of the programs of this supervisord."""
    return {each.name: each for each in look(request).units if each.socket == f"{home}/s"}


def test_a_named_unit_is_told_alone_or_with_all_others(home: Path) -> None:
    """Whoever asks for the others as well can tell what belongs to it."""
    assert set(seen(home, SurveyRequest(("kiosk",)))) == {"kiosk"}
    assert set(seen(home, SurveyRequest(("kiosk",), others=True))) == {"kiosk", "worker"}


def test_the_file_is_told_that_names_the_socket(home: Path) -> None:
    """Not that of a program, and not the main file where an included one has the section."""
    assert seen(home, SurveyRequest())["kiosk"].socket_file == f"{home}/own.conf"


def test_one_that_does_not_answer_hides_no_other(mute: Path, home: Path) -> None:
    """It is noted; those that are asked after it are told."""
    told = look(SurveyRequest())

    assert {each.name for each in told.units if each.socket == f"{home}/s"} == {"kiosk", "worker"}
    assert any(f"{mute}/s" in each for each in told.unread), told.unread
