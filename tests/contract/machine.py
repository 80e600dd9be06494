"""A whole host with nothing on it: a container of the machine's image, reached in both ways."""

from __future__ import annotations

import secrets
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Self

from pytest_rollback.extras.sandbox.machine import ssh_access
from pytest_rollback.extras.sandbox.machine.image import Image
from pytest_rollback.extras.sandbox.machine.podman import Container, podman
from tests.contract.daemon import free_port, new_key
from tests.plugin.operator import REPOSITORY

IMAGE = Image(REPOSITORY / "fixtures/village")
PATIENCE = 60.0
OPS = "ops"
"""Somebody who is not root: what he may do as root is said by each test."""

WELCOME = f"""
set -e
useradd --create-home {OPS}
install -d -m 0700 -o {OPS} /home/{OPS}/.ssh
install -m 0600 -o {OPS} /etc/ssh/machine/authorized_keys /home/{OPS}/.ssh/authorized_keys
printf 'Match User {OPS}\\n  AuthorizedKeysFile .ssh/authorized_keys\\n' \
  > /etc/ssh/sshd_config.d/{OPS}.conf
systemctl reload ssh
"""


class Bare:
    """One host. `url` is the way over ssh, `engine_url` the one through the container engine.

    Args:
        shared: a folder that it has at the same path.
    """

    def __init__(self, shared: Path) -> None:
        self.shared, self.port = shared, free_port()
        self.home = Path(tempfile.mkdtemp(prefix="bare-"))
        self.container = Container(f"rollback-bare-{secrets.token_hex(4)}")

    @property
    def url(self) -> str:
        """How it is reached over ssh."""
        return self.reached(self.home / "ssh_config")

    @property
    def engine_url(self) -> str:
        """How it is reached without sshd."""
        return f"podman://{self.container.name}"

    def reached(self, config: Path, user: str = "root") -> str:
        """How it is reached with another client configuration, or as somebody else."""
        return f"ssh://{user}@127.0.0.1:{self.port}?ssh_config={config}"

    def client(self, name: str, **paths: Path) -> Path:
        """Write a client configuration with other files: `known` or `key`."""
        text = (self.home / "ssh_config").read_text()
        files = {"known": "known_hosts", "key": "key"}
        for file, path in paths.items():
            text = text.replace(f"{self.home}/{files[file]}\n", f"{path}\n")
        config = self.home / name
        config.write_text(text)
        return config

    def key(self, name: str) -> Path:
        """Make a key."""
        return new_key(self.home / name)

    def start(self) -> None:
        """Let operators in."""
        self.container.run("systemctl", "start", "ssh")

    def stop(self) -> None:
        """Let nobody in any more; sessions that are open go on."""
        self.container.run("systemctl", "stop", "ssh")

    def go_down(self) -> None:
        """Switch it off."""
        podman("stop", "--time", "0", self.container.name)

    def come_up(self) -> None:
        """Switch it on, and wait until its sshd answers."""
        podman("start", self.container.name)
        self.wait()

    def __enter__(self) -> Self:
        ssh_access.grant(self.home, self.port)
        self.container.start(
            IMAGE.name,
            f"--volume={self.home}/machine:/etc/ssh/machine:ro",
            f"--volume={self.shared}:{self.shared}",
            f"--publish=127.0.0.1:{self.port}:22",
        )
        self.wait()
        self.container.run("systemctl", "is-system-running", "--wait")
        self.container.run("sh", "-c", WELCOME)
        return self

    def wait(self) -> None:
        """Wait until its sshd answers."""
        until = time.monotonic() + PATIENCE
        while not self._greets():
            assert time.monotonic() < until, "its sshd does not answer"
            time.sleep(0.1)

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as one:
                one.settimeout(1.0)
                return one.recv(4) == b"SSH-"
        except OSError:
            return False

    def __exit__(self, *_: object) -> None:
        self.container.end()
        shutil.rmtree(self.home)
