"""A fleet of small hosts: each has files, network and processes of its own, and an sshd."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import tomli_w

from tests.contract.daemon import new_key, sshd_path
from tests.fleet.inside import HostShop
from tests.plugin.operator import HEEDING, REPOSITORY, said

ALONE = ("unshare", "--mount", "--net", "--pid", "--uts", "--fork", "--mount-proc", "--kill-child")
SSHD = """
HostKey {home}/host_key
AuthorizedKeysFile {home}/key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
MaxStartups 100
PidFile none
SetEnv HOME={home}/host
"""
"""No profile of ours: what it runs may hold a lock that every host would share, and leave it."""

CLIENT = """
Host *
  IdentityFile {home}/key
  IdentitiesOnly yes
  IdentityAgent none
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  LogLevel ERROR
"""
ENTERED = (
    "Host {name}\n  ProxyCommand nsenter -t {pid} -m -n -p -u {sshd} -i -f {home}/sshd_config\n"
)
GONE = "Host {name}\n  ProxyCommand false\n"
CARRIERS = ("ssh", "ansible")
"""Both carry the same: what is said of a fleet holds with each."""

INVENTORY = """
shop:
  vars:
    ansible_user: root
    ansible_ssh_common_args: -F {home}/ssh_config
    ansible_control_path_dir: {home}/cp
    ansible_ssh_retries: 3
  hosts:
"""
"""What OpenSSH alone does not read; and what would have a question asked again, were it heeded."""


class FleetHost:
    """One host. `place` is its own directory, which it sees at the path that all have in common."""

    def __init__(self, name: str, home: Path) -> None:
        self.name, self.place = name, home / name
        self.place.mkdir()
        own, common = str(self.place), str(home / "host")
        inside = [sys.executable, "-m", "tests.fleet.inside", own, common]
        self.process = subprocess.Popen(
            [*ALONE, *inside], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )

    def wait(self) -> Self:
        """Wait until it is up."""
        assert self.process.stdout
        assert self.process.stdout.readline() == "up\n", f"{self.name} is not up"
        return self

    @property
    def pid(self) -> int:
        """The first process within."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    @property
    def release(self) -> str:
        """Which release its disk has: that of all files, or both."""
        texts = [(self.place / "srv" / each).read_text() for each in ("motto.txt", "web/serve.py")]
        found = {"2" if "# current" in text else "1" for text in texts}
        return "".join(sorted(found))

    def end(self) -> None:
        """End it with all that runs there."""
        self.process.kill()
        self.process.wait()


class Hosts:
    """So many hosts, and an operator who has their rollback.toml.

    Args:
        number: how many; they are h1, h2 and so on.
        carrier: how they are reached.
        fleet: keys of `[fleet]`, beside its hosts.
    """

    def __init__(self, number: int, carrier: str = "ssh", **fleet: object) -> None:
        self.carrier = carrier
        self.home = Path(tempfile.mkdtemp(prefix="fleet-"))
        (self.home / "host").mkdir()
        new_key(self.home / "key")
        new_key(self.home / "host_key")
        self.hosts = {f"h{n}": FleetHost(f"h{n}", self.home) for n in range(1, number + 1)}
        for each in self.hosts.values():
            each.wait()
        self.gone: set[str] = set()
        self.manifest = self.home / "rollback.toml"
        self.connect()
        self.describe(**fleet)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.hosts.values():
            each.end()
        shutil.rmtree(self.home)

    def connect(self, *gone: str) -> None:
        """Write how the hosts are reached; those that are gone are not."""
        (self.home / "sshd_config").write_text(SSHD.format(home=self.home))
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        lines = [
            (GONE if name in gone else ENTERED).format(
                name=name, pid=each.pid, sshd=sshd_path(), home=self.home
            )
            for name, each in self.hosts.items()
        ]
        (self.home / "ssh_config").write_text("".join(lines) + CLIENT.format(home=self.home))
        for each in (self.home / "cp").glob("*"):  # Ansible keeps connections open
            each.unlink()

    def describe(self, *names: str, **fleet: object) -> None:
        """Write rollback.toml, of a fleet of these hosts alone, or of all."""
        document = HostShop(self.home / "host").document()
        document["target"] = {
            "name": "corner",
            "connection": f"ssh://root@h1?ssh_config={self.home}/ssh_config",
            "python": sys.executable,
        }
        members = self.members(names or tuple(self.hosts))
        document["fleet"] = {**members, "batches": [1, "50%"], "quorum": 0, **fleet}
        self.manifest.write_text(tomli_w.dumps(document))

    def describe_again(self, **tables: Any) -> None:  # noqa: ANN401 - any table
        """Change tables of rollback.toml: one that is None is left out, `fleet` is changed."""
        document = tomllib.loads(self.manifest.read_text())
        document["fleet"] |= tables.pop("fleet", {})
        document["fleet"] |= {k: tables.pop(k) for k in ("hosts",) if k in tables}
        document |= tables
        self.manifest.write_text(tomli_w.dumps({k: v for k, v in document.items() if v}))

    def alone(self, verb: str, *words: str) -> tuple[int, str]:
        """Run a command about the host that `[target]` names, which is the canary."""
        where = f"--target={self.manifest}"
        done = subprocess.run(
            [*HEEDING, sys.executable, "scripts/rollback", verb, where, *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, said(done)

    def members(self, names: Iterable[str]) -> dict[str, object]:
        """Return the keys of `[fleet]` that say which hosts there are."""
        if self.carrier == "ssh":
            return {"hosts": [f"root@{name}" for name in names]}
        lines = "".join(f"    {name}:\n" for name in names)
        (self.home / "hosts.yml").write_text(INVENTORY.format(home=self.home) + lines)
        return {"inventory": "hosts.yml", "hosts": "shop", "carrier": "ansible"}

    def command(self, verb: str, *words: str) -> list[str]:
        """Return a command about the fleet, as words."""
        where = f"--target={self.manifest}"
        return [*HEEDING, sys.executable, "scripts/rollback", "fleet", verb, where, *words]

    def started(self, verb: str, *words: str) -> subprocess.Popen[str]:
        """Start a command, and return its process."""
        return subprocess.Popen(
            self.command(verb, *words),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "COLUMNS": "80"},
        )

    def rollback(self, verb: str, *words: str) -> tuple[int, str]:
        """Run a command about the fleet; return its exit code and what it printed."""
        done = subprocess.run(
            self.command(verb, *words),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )
        return done.returncode, said(done)

    @property
    def record(self) -> dict[str, Any]:
        """The record of the last run over the fleet."""
        found = sorted(
            self.home.glob("reports/*/fleet.json"), key=lambda p: p.parent.stat().st_ctime
        )
        record: dict[str, Any] = json.loads(found[-1].read_text())
        return record

    @property
    def outcomes(self) -> dict[str, str]:
        """How each host ended in that run."""
        return {each["name"]: each["outcome"] for each in self.record["hosts"]}

    @property
    def disks(self) -> dict[str, str]:
        """Which release each disk has: "1" is the previous one, "12" a mixture."""
        return {name: each.release for name, each in self.hosts.items()}

    def output(self, host: str) -> str:
        """Return what the last rollback of a host has printed."""
        texts = sorted(self.home.glob(f"reports/*/hosts/*-{host}/output.txt"))
        with contextlib.suppress(IndexError):
            return texts[-1].read_text()
        return ""
