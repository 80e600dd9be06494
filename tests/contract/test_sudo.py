"""An operator who is not root on a whole host, with its own sudo: allowed, or told why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest, ProbeSpec
from pytest_rollback.errors import Unreachable
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.contract.conftest import system
from tests.contract.machine import OPS, Bare

ALLOWED = f"{OPS} ALL=(ALL) NOPASSWD: ALL"
ASKED = f"{OPS} ALL=(ALL) ALL"
FORBIDDEN = f"Defaults:{OPS} !authenticate"
WHO = ProbeRequest(ProbeSpec(command=("test", "-w", "/root")))


class Ops(NamedTuple):
    """Somebody's way into a host; `may` writes what sudo lets him do."""

    url: str
    host: Bare

    def may(self, rule: str) -> None:
        """Write the one rule of sudo about him."""
        keep = ("install", "-m", "0440", "/dev/stdin", f"/etc/sudoers.d/{OPS}")
        self.host.container.run(*keep, data=f"{rule}\n".encode())

    def answered(self, *, sudo: bool) -> int:
        """Ask whether he may write what is root's."""
        connection = Connection(system(self.url, python="/usr/bin/python3", sudo=sudo))
        try:
            answer = connection.ask(Call(ASK, WHO, 20.0))
        finally:
            connection.close()
        return answer.answered if answer.problem is None else 0


@pytest.fixture(params=["podman", "machine"])
def ops(request: pytest.FixtureRequest, bare: Bare) -> Iterator[Ops]:
    """Him, over ssh and through the engine."""
    over = bare.reached(bare.home / "ssh_config", OPS)
    yield Ops(over if request.param == "machine" else f"podman://{OPS}@{bare.container.name}", bare)
    bare.container.run("rm", "-f", f"/etc/sudoers.d/{OPS}")


def test_who_may_becomes_root(ops: Ops) -> None:
    """With sudo he may do what root may, without it he may not."""
    ops.may(ALLOWED)

    assert ops.answered(sudo=True) == 1
    assert ops.answered(sudo=False) == 0


@pytest.mark.parametrize(
    ("rule", "said"), [(ASKED, "asks for a password"), (FORBIDDEN, "is not allowed")]
)
def test_who_may_not_is_told_what_to_change(ops: Ops, rule: str, said: str) -> None:
    """Nobody waits for a password that nobody types."""
    ops.may(rule)
    with pytest.raises(Unreachable, match=said) as caught:
        ops.answered(sudo=True)

    assert "NOPASSWD" in caught.value.hint


def test_a_host_without_sudo_is_named(ops: Ops) -> None:
    """It is sudo that is missing, not Python."""
    run = ops.host.container.run
    run("mv", "/usr/bin/sudo", "/usr/bin/sudo.away")
    try:
        with pytest.raises(Unreachable, match="sudo is not installed") as caught:
            ops.answered(sudo=True)
    finally:
        run("mv", "/usr/bin/sudo.away", "/usr/bin/sudo")

    assert "install sudo" in caught.value.hint
