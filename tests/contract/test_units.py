"""A unit that nobody knows is an error wherever it is asked for, never one that is stopped."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.services.units import (
    LOOK,
    START,
    STOP,
    ManagerAddress,
    UnitPorts,
    UnitRequest,
    UnitsRequest,
)
from pytest_rollback.agent.protocol import Route
from pytest_rollback.errors import RollbackError
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

CONFIGURATION = """
[supervisord]
logfile={0}/log
pidfile={0}/pid
[unix_http_server]
file={0}/s
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:steady]
command=sleep 300
"""
PATIENCE = 20.0
NOWHERE = Location("/", "", "")


class Known(NamedTuple):
    """A service manager, and a unit that it knows."""

    address: ManagerAddress
    unit: str


@pytest.fixture(scope="module")
def supervisord() -> Iterator[Known]:
    """A service manager of this machine, with one program that runs."""
    home = Path(tempfile.mkdtemp(prefix="s-"))
    (home / "conf").write_text(CONFIGURATION.format(home))
    command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(home / "conf")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + PATIENCE
    while not (home / "s").exists():
        assert time.monotonic() < until, "supervisord does not come up"
        time.sleep(0.05)
    yield Known(ManagerAddress("supervisord", str(home / "s")), "steady")
    process.terminate()
    process.wait(PATIENCE)


@pytest.fixture
def manager(request: pytest.FixtureRequest) -> Known:
    """The service manager of the place, and a unit that it knows."""
    if request.node.callspec.params["place"] in {"local", "ssh", "ansible"}:
        found: Known = request.getfixturevalue("supervisord")
        return found
    return Known(ManagerAddress("systemd"), "nginx")


def test_one_that_nobody_knows_is_not_a_stopped_one(connection: Connection, manager: Known) -> None:
    """Beside one that is known it is said to be unknown."""
    units = (UnitPorts(manager.unit), UnitPorts("of-nowhere"))
    found = connection.ask(Call(LOOK, UnitsRequest(NOWHERE, manager.address, units))).units

    assert {unit: state.known for unit, state in found.items()} == {
        manager.unit: True,
        "of-nowhere": False,
    }
    assert found[manager.unit].state in {"active", "starting"}


@pytest.mark.parametrize("route", [STOP, START], ids=["stop", "start"])
def test_one_that_nobody_knows_cannot_be_told_anything(
    connection: Connection, manager: Known, route: Route[UnitRequest, object]
) -> None:
    """Neither is it stopped already, nor does it start."""
    with pytest.raises(RollbackError, match="of-nowhere") as caught:
        connection.ask(Call(route, UnitRequest(NOWHERE, manager.address, "of-nowhere", 5.0)))

    assert caught.value.hint
