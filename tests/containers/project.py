"""A compose project of two services, deployed twice, and the operator who rolls it back."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pytest_rollback.agent.system.processes import family, processes
from tests.containers.engine import PYTHON, Podman
from tests.plugin.operator import HEEDING, REPOSITORY, Operator

COMPOSE = """name: shop
services:
  store:
    image: {image}
    ports: ["127.0.0.1:{store}:7000"]
    volumes: ["kept:/data"]
  web:
    image: {image}
    depends_on: [store]
    command: ["{python}", "/app/serve.py", "8000"]
    healthcheck: {{disable: true}}
    ports: ["127.0.0.1:{web}:8000"]
volumes:
  kept: {{}}
"""

MANIFEST = """[system]
name = "shop"
root = "{root}"
state = "{state}"

[target]
name = "here"
connection = "local://"

[services]
manager = "compose"
project = "{root}/compose.yaml"

[release]
strategy = "images"

[[components]]
name = "store"
unit = "store"
health = "store"
requests = []
imports = []
constructs = []
settle = "1s"
start = "120s"
stop = "30s"

[[components]]
name = "web"
unit = "web"
health = "web"
requests = ["web"]
imports = []
constructs = []
settle = "1s"
start = "120s"
stop = "30s"

[probes.store]
url = "http://127.0.0.1:{store}/"
body = '"status": "ok"'

[probes.web]
url = "http://127.0.0.1:{web}/"
body = '"status": "ok"'

[notify]
channels = []

[logs]
window = "2s"
"""


class Shop(Operator):
    """The project below a directory, and the commands of its operator.

    Args:
        podman: the engine.
        home: a directory of the test's own.
    """

    def __init__(self, podman: Podman, home: Path) -> None:
        super().__init__(home, home / "rollback.toml")
        self.podman, self.root = podman, home / "shop"
        self.root.mkdir()
        self.file = self.root / "compose.yaml"
        self.ports = {"store": free(), "web": free()}
        self.manifest.write_text(
            MANIFEST.format(root=self.root, state=home / "state", **self.ports)
        )

    def deploy(self, image: str) -> None:
        """Write the compose file of a release, have its containers run, and wait until they do."""
        self.write(image)
        self.compose("up", "--detach")
        until = time.monotonic() + 60
        while not all(map(answers, self.ports.values())):
            assert time.monotonic() < until, self.podman("ps", "--all")
            time.sleep(0.1)

    def write(self, image: str) -> None:
        """Write the compose file of a release."""
        self.file.write_text(COMPOSE.format(image=image, python=PYTHON, **self.ports))

    def release(self) -> None:
        """Deploy the first release, save it, and deploy the second one."""
        self.deploy("localhost/shop:1")
        self.saved()
        self.deploy("localhost/shop:2")

    def saved(self) -> None:
        """Save the release that is live, with what its strategy remembers."""
        code, text = self.rollback("save", "--previous", "v1", "--current", "v2")
        assert code == 0, text

    def compose(self, *words: str) -> str:
        """Run podman-compose; return what it printed."""
        argv = [str(self.podman.bin / "podman-compose"), "-f", str(self.file), *words]
        done = subprocess.run(
            argv,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            env=self.environment,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        """The environment of commands: this podman is first in PATH."""
        return {**os.environ, "PATH": self.podman.path}

    def running(self, service: str) -> str:
        """Return the id of the image that the container of a service has, "" without one."""
        words = ("--format", "{{.Image}}", f"shop_{service}_1")
        return self.podman("inspect", *words, fails=True)

    def started(self) -> str:
        """Return when each container was started."""
        words = ("--format", "{{.State.StartedAt}}", "shop_store_1", "shop_web_1")
        return self.podman("inspect", *words)

    def reds_of_last(self) -> set[str]:
        """Return the criteria that were not met in the last run."""
        return {identity for (identity, _), how in self.outcomes().items() if how == "not met"}

    @contextlib.contextmanager
    def begun(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Begin a command of rollback, and end it with all that it started."""
        where = f"--rollback-target={self.manifest}"
        name, *more = words
        process = subprocess.Popen(
            [*HEEDING, sys.executable, "scripts/rollback", name, where, *more],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**self.environment, "ROLLBACK_REPORTS": str(self.reports)},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            self.kill(process)

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        """Kill a command with all that it started, at once."""
        table = {one.pid: one for one in processes()}
        for pid in family(table, [process.pid]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    @staticmethod
    def words(code: str) -> tuple[str, ...]:
        """Return the command that runs Python code in a container."""
        return (str(PYTHON), "-c", code)

    def image(self, name: str) -> str:
        """Return the id of an image by its name."""
        return self.podman("image", "inspect", "--format", "{{.Id}}", name)

    def end(self) -> None:
        """Remove the containers, and the volumes of the project."""
        self.podman("rm", "--all", "--force", "--time", "0", fails=True)
        self.podman("volume", "rm", "--all", "--force", fails=True)


def free() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    """Return whether a server answers on a port of loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as one:
            one.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return one.recv(64).startswith(b"HTTP/")
    except OSError:
        return False
