"""A host over ssh that cannot be reached: one message with a way out, within seconds."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.system import TOOLS, Tools, ToolsRequest
from pytest_rollback.agent.protocol import Route
from pytest_rollback.errors import Unreachable
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.contract.conftest import system
from tests.contract.daemon import Sshd, free_port, hang_up
from tests.contract.machine import Bare

SECONDS = 10.0

UNKNOWN = Call(Route("no.no", ToolsRequest, Tools), ToolsRequest("/", ()))
"""A call that no agent knows."""


@pytest.fixture
def mute() -> Iterator[int]:
    """The port of somebody who takes calls and never says a word."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield int(one.getsockname()[1])


def refusal(url: str) -> Unreachable:
    """Return the error of a host, having seen that it came soon and left nothing behind."""
    connection, begin = Connection(system(url)), time.monotonic()
    with pytest.raises(Unreachable) as caught:
        connection.ask(Call(TOOLS, ToolsRequest("/", ())))

    assert time.monotonic() - begin < SECONDS
    assert caught.value.hint
    connection.close()
    return caught.value


def test_a_closed_port() -> None:
    """Nobody listens."""
    error = refusal(f"ssh://127.0.0.1:{free_port()}")

    assert "does not answer" in error.message
    assert "sshd runs" in error.hint


def test_a_host_that_never_speaks(mute: int) -> None:
    """The port is open, and that is all."""
    assert "does not answer" in refusal(f"ssh://127.0.0.1:{mute}").message


@pytest.fixture
def down(bare: Bare) -> Iterator[Bare]:
    """A whole host that is switched off."""
    bare.go_down()
    yield bare
    bare.come_up()


def test_a_host_that_is_down(down: Bare) -> None:
    """Over ssh and through the container engine: it does not answer, and is looked at there."""
    over, through = refusal(down.url), refusal(down.engine_url)

    assert "does not answer" in over.message
    assert "is not running" in through.message
    assert "podman ps --all" in through.hint


def test_a_container_that_nobody_knows(bare: Bare) -> None:
    """The hint names the key to correct."""
    error = refusal(f"{bare.engine_url}-of-nowhere")

    assert f"there is no {bare.engine_url}-of-nowhere" in error.message
    assert "[target] connection" in error.hint


def test_a_name_that_nobody_knows() -> None:
    """The hint names the key to correct."""
    error = refusal("ssh://host.invalid")

    assert "the host name of ssh://host.invalid cannot be resolved" in error.message
    assert "[target] connection" in error.hint


def test_an_unknown_host_key(daemon: Sshd | Bare, tmp_path: Path) -> None:
    """It is never accepted in silence."""
    error = refusal(daemon.reached(daemon.client("stranger", known=tmp_path / "empty")))

    assert "host key" in error.message
    assert "fingerprint" in error.hint


def test_a_host_key_that_changed(daemon: Sshd | Bare, tmp_path: Path) -> None:
    """Another key than the known one is said to be one."""
    known = tmp_path / "known"
    other = daemon.key("other").with_suffix(".pub").read_text()
    known.write_text(f"[127.0.0.1]:{daemon.port} {other}")
    error = refusal(daemon.reached(daemon.client("changed", known=known)))

    assert "has changed" in error.message
    assert "ssh-keygen -R" in error.hint


def test_a_key_that_the_host_does_not_accept(daemon: Sshd | Bare) -> None:
    """No password is asked for."""
    error = refusal(daemon.reached(daemon.client("wrong", key=daemon.key("unwelcome"))))

    assert "does not accept the ssh key" in error.message
    assert "authorized_keys" in error.hint


def test_no_ssh_here(sshd: Sshd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The controller's own lack is named as that."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "ssh is not installed here" in refusal(sshd.url).message


def test_a_host_that_goes_away_between_two_questions(daemon: Sshd | Bare) -> None:
    """The second question says so; once the host is back, the same connection works again."""
    connection = Connection(system(daemon.url))
    with pytest.raises(Exception, match="has no operation"):
        connection.ask(UNKNOWN)
    hang_up(connection)
    daemon.stop()
    try:
        with pytest.raises(Unreachable, match=r"lost|does not answer"):
            connection.ask(UNKNOWN)
    finally:
        daemon.start()
    with pytest.raises(Exception, match="has no operation"):
        connection.ask(UNKNOWN)
    connection.close()
