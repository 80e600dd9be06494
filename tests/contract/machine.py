"""A whole host with nothing on it: a container of the machine's image, reached in both ways."""

from __future__ import annotations

import secrets
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import Self

from rollback.sandbox import access
from rollback.sandbox.image import Image
from rollback.sandbox.podman import Container
from tests.contract.daemon import free_port
from tests.plugin.operator import REPOSITORY

IMAGE = Image(REPOSITORY / "fixtures/village")
PATIENCE = 60.0


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
        return f"ssh://root@127.0.0.1:{self.port}?ssh_config={self.home}/ssh_config"

    @property
    def engine_url(self) -> str:
        """How it is reached without sshd."""
        return f"podman://{self.container.name}"

    def __enter__(self) -> Self:
        access.grant(self.home, self.port)
        self.container.start(
            IMAGE.name,
            f"--volume={self.home}/machine:/etc/ssh/machine:ro",
            f"--volume={self.shared}:{self.shared}",
            f"--publish=127.0.0.1:{self.port}:22",
        )
        until = time.monotonic() + PATIENCE
        while not self._greets():
            assert time.monotonic() < until, "its sshd does not answer"
            time.sleep(0.1)
        return self

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
