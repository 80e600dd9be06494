"""A fleet of three whole hosts with systemd: rolled back one after another, and undone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine.podman import usable
from pytest_rollback.extras.sandbox.machine.sandbox import Machine
from tests.fleet.hosts import Hosts
from tests.machine.host import BUSY, FOLDER

CLIENT = """
Host {name}
  HostName 127.0.0.1
  HostKeyAlias machine
  Port {port}
  IdentityFile {home}/key
  IdentitiesOnly yes
  IdentityAgent none
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""


class Machines(Hosts):
    """Machines, and an operator who has their rollback.toml."""

    def __init__(self, number: int) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="fleet-"))
        self.manifest = self.home / "rollback.toml"
        self.machines = {f"m{n}": Machine(FOLDER).up() for n in range(1, number + 1)}
        for each in self.machines.values():
            each.deploy()
        lines = [
            CLIENT.format(name=name, port=each.inside.ports["ssh"], home=each.directory)
            for name, each in self.machines.items()
        ]
        (self.home / "ssh_config").write_text("".join(lines))
        document = {**next(iter(self.machines.values())).manifest, "waivers": BUSY}
        where = f"ssh://root@m1?ssh_config={self.home}/ssh_config"
        document["target"] = {**document["target"], "name": "corner", "connection": where}
        for component in document["components"]:
            component["settle"] = "500ms"
        hosts = [f"root@{name}" for name in self.machines]
        document["fleet"] = {"hosts": hosts, "batches": [1, 2], "quorum": 1}
        self.manifest.write_text(tomli_w.dumps(document))

    def down(self) -> None:
        """Remove them."""
        for each in self.machines.values():
            each.down()
        shutil.rmtree(self.home)

    def versions(self) -> list[str]:
        """Return the release of each, as its own file has it."""
        return [each.inside.release() for each in self.machines.values()]


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """Three of them, on which the current release is deployed and bad."""
    try:
        usable()
    except Unreachable as lacking:
        pytest.skip(f"not run: {lacking.message}; {lacking.hint}")
    found = Machines(3)
    try:
        for each in found.machines.values():
            each.break_("crash-loop")
        yield found
    finally:
        found.down()


@pytest.mark.long
def test_three_machines_are_rolled_back_and_undone(machines: Machines) -> None:
    """The canary first, then the others at once; each has the previous release, and answers."""
    code, printed = machines.rollback("roll", "--arm=corner")
    assert (code, "RECOVERED 3 of 3" in printed) == (0, True), printed
    assert machines.outcomes == dict.fromkeys(("m1", "m2", "m3"), "recovered")
    assert machines.versions() == ["1.4.0"] * 3
    for each in machines.machines.values():
        assert not [look for look in each.inside.look().values() if look.problem]

    code, printed = machines.rollback("undo", "--arm=corner")
    assert code == 0, printed
    assert machines.versions() == ["1.5.0"] * 3
