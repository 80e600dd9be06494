"""Ports of a unit whose sockets nobody may look at, told by processes that really listen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pytest_rollback.agent.services.presence.survey import likely
from pytest_rollback.agent.system import sockets
from tests.contract.daemon import free_port

LISTENER = """
import socket, sys, time
one = socket.create_server(("127.0.0.1", int(sys.argv[1].rpartition("=")[2])))
print(flush=True)
time.sleep(300)
"""
NOBODY = frozenset[int]()


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    return free_port()


@pytest.fixture
def pid(port: int) -> Iterator[int]:
    """A process that listens, as its command says."""
    command = [sys.executable, "-c", LISTENER, f"--port={port}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_a_port_that_a_command_names_is_likely_where_its_account_listens(
    pid: int, port: int
) -> None:
    """Not one on which nobody listens, and not that of another account."""
    told = [*likely.ports({pid}, {}, sockets.listeners(), {pid}, NOBODY)]
    assert told == [(port, "its command has it")]

    others = [each._replace(account=each.account + 1) for each in sockets.listeners()]
    assert [*likely.ports({pid}, {}, others, {pid}, NOBODY)] == []


def test_a_variable_names_it_as_well(pid: int, port: int) -> None:
    """By its name alone; a number that is a part of something else is none."""
    mine, told = os.getpid(), {"SHOP_PORT": str(port), "KEY": f"{port}.5 a{port}"}
    found = [*likely.ports({mine}, told, sockets.listeners(), {pid, mine}, NOBODY)]

    assert found == [(port, "SHOP_PORT of its environment has it")]
    assert likely.named([], {"KEY": f"{port}.5 a{port}"}) == {}


def test_without_words_it_is_of_the_only_unit_of_its_account(port: int) -> None:
    """Of root, who opens many, only where a proxy passes there."""
    mine = os.getpid()
    own = [sockets.Listener(port, "1", near=True, account=os.getuid())]
    alone = [*likely.ports({mine}, {}, own, {mine}, frozenset([port]))]
    beside = [*likely.ports({mine}, {}, own, {mine, os.getppid()}, frozenset([port]))]

    why = "nobody else of its account listens" if os.getuid() else "a proxy passes there"
    assert (alone, beside) == ([(port, why)], [])
