"""A real HAProxy before a fleet, or before whatever listens: its process, its socket, its word."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import pytest

PROGRAM = shutil.which("haproxy") or "/usr/sbin/haproxy"
NAMED_SPACES = Path("/run/netns")
"""Where HAProxy looks for the network namespace that a server is in."""

CONFIG = """
global
  stats socket {home}/api mode 600 level {level}
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  retries 0
frontend users
  bind unix@{home}/users
  default_backend shop
backend shop
  balance roundrobin
  option httpchk GET /health
  default-server {checks}
"""


class Proxy:
    """HAProxy with the backend `shop`; it ends with the body.

    Args:
        home: an existing directory with a short path.
        servers: lines of the backend, such as `server h1 127.0.0.1:80`.
        checks: how they are checked; "" for not at all.
        level: what its socket may do.
    """

    def __init__(
        self,
        home: Path,
        servers: Iterable[str],
        checks: str = "check inter 200ms rise 1 fall 3",
        level: str = "admin",
    ) -> None:
        if not Path(PROGRAM).exists():
            pytest.skip("not run: apt-get install haproxy, for a real balancer")
        self.home, self.api = home, str(home / "api")
        config = home / "haproxy.cfg"
        head = CONFIG.format(home=home, checks=checks or "weight 1", level=level)
        config.write_text(head + "".join(f"  {each}\n" for each in servers))
        with (home / "haproxy.log").open("a") as log:
            command = [PROGRAM, "-db", "-f", str(config)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + 20
        while not (home / "api").exists():
            assert self.process.poll() is None, (home / "haproxy.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for name in ("api", "users"):
            (self.home / name).unlink(missing_ok=True)

    def asked(self, command: str) -> str:
        """Return what HAProxy says to a command."""
        said = b""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(self.api)
            line.sendall(command.encode() + b"\n")
            while piece := line.recv(1 << 16):
                said += piece
        return said.decode()

    def told(self, place: int) -> dict[str, str]:
        """Return one column of what HAProxy says of each server."""
        rows = [each.split(",") for each in self.asked("show stat").splitlines()]
        return {each[1]: each[place] for each in rows if each[0] == "shop" and each[1] != "BACKEND"}

    @property
    def states(self) -> dict[str, str]:
        """The state of each server."""
        return self.told(17)

    @property
    def sessions(self) -> int:
        """How many sessions all servers have."""
        return sum(map(int, self.told(4).values()))

    def until(self, wanted: dict[str, str]) -> None:
        """Wait until servers are in these states."""
        end = time.monotonic() + 30
        while {name: self.states[name] for name in wanted} != wanted:
            assert time.monotonic() < end, self.states
            time.sleep(0.05)

    @contextlib.contextmanager
    def session(self) -> Iterator[socket.socket]:
        """Yield a session that waits for its answer, as long as the body does."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.home / "users"))
            line.sendall(b"GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n")
            end = time.monotonic() + 30
            while not self.sessions:
                assert time.monotonic() < end, self.states
                time.sleep(0.02)
            yield line

    def status(self) -> int:
        """Return the status that a user gets now."""
        user = http.client.HTTPConnection("users", timeout=20)
        user.sock = socket.socket(socket.AF_UNIX)
        user.sock.connect(str(self.home / "users"))
        with contextlib.closing(user):
            user.request("GET", "/")
            return user.getresponse().status

    @contextlib.contextmanager
    def users(self) -> Iterator[list[int]]:
        """Yield the statuses that users got while the body is at work, ten times a second."""
        got: list[int] = []
        over = threading.Event()

        def ask() -> None:
            while not over.wait(0.1):
                got.append(self.status())

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield got
        finally:
            over.set()
            thread.join()


@contextlib.contextmanager
def spaces(pids: dict[str, int], mark: str) -> Iterator[dict[str, str]]:
    """Yield names of network namespaces, by host, under which HAProxy finds them."""
    NAMED_SPACES.mkdir(exist_ok=True)
    links = {name: NAMED_SPACES / f"{mark}-{name}" for name in pids}
    for name, link in links.items():
        link.symlink_to(f"/proc/{pids[name]}/ns/net")
    try:
        yield {name: link.name for name, link in links.items()}
    finally:
        for link in links.values():
            link.unlink()
