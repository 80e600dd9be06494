"""A host over ssh that cannot be reached: one message with a way out, within seconds."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollback.connection import Connection
from rollback.errors import Unreachable
from tests.contract.conftest import system
from tests.contract.daemon import Sshd, free_port, hang_up

SECONDS = 10.0


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
        connection.ask("units", "look")

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


def test_a_name_that_nobody_knows() -> None:
    """The hint names the key to correct."""
    error = refusal("ssh://host.invalid")

    assert "nobody knows the name of ssh://host.invalid" in error.message
    assert "[target] connection" in error.hint


def test_an_unknown_host_key(sshd: Sshd, tmp_path: Path) -> None:
    """It is never accepted in silence."""
    error = refusal(sshd.reached(sshd.client("stranger", known=tmp_path / "empty")))

    assert "host key" in error.message
    assert "fingerprint" in error.hint


def test_a_host_key_that_changed(sshd: Sshd, tmp_path: Path) -> None:
    """Another key than the known one is said to be one."""
    known = tmp_path / "known"
    known.write_text(f"[127.0.0.1]:{sshd.port} {sshd.key('other').with_suffix('.pub').read_text()}")
    error = refusal(sshd.reached(sshd.client("changed", known=known)))

    assert "another host key" in error.message
    assert "ssh-keygen -R" in error.hint


def test_a_key_that_the_host_does_not_accept(sshd: Sshd) -> None:
    """No password is asked for."""
    error = refusal(sshd.reached(sshd.client("wrong", key=sshd.key("unwelcome"))))

    assert "does not accept our key" in error.message
    assert "authorized_keys" in error.hint


def test_no_ssh_here(sshd: Sshd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The controller's own lack is named as that."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "ssh is not installed here" in refusal(sshd.url).message


def test_a_host_that_goes_away_between_two_questions(sshd: Sshd) -> None:
    """The second question says so; once the host is back, the same connection works again."""
    connection = Connection(system(sshd.url))
    with pytest.raises(Exception, match="knows no"):
        connection.ask("no", "no")
    hang_up(connection)
    sshd.stop()
    try:
        with pytest.raises(Unreachable, match=r"lost|does not answer"):
            connection.ask("no", "no")
    finally:
        sshd.start()
    with pytest.raises(Exception, match="knows no"):
        connection.ask("no", "no")
    connection.close()
