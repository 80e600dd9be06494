"""The three ways to ask a probe: HTTP over a kept connection, TCP, a command."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import Any, Iterator

from ...system.command import run
from .client import Client, ProbeAnswer
from .http import Http

MOST = 1 << 20
"""Bytes of one answer that are looked at."""


def kind_of(probe: dict[str, Any]) -> str:
    """Return which of the three ways a probe uses: url, tcp or command."""
    return next(kind for kind in KINDS if probe.get(kind))


@contextmanager
def client(probe: dict[str, Any]) -> Iterator[Client]:
    """Yield what asks this probe; its connection is closed at the end."""
    asker = KINDS[kind_of(probe)](probe)
    try:
        yield asker
    finally:
        asker.close()


class TcpProbe(Client):
    """Connects anew each time, sends `send`, and reads until `body` can be judged."""

    def exchange(self) -> ProbeAnswer:
        """Return what came back: nothing when the probe neither sends nor expects anything."""
        started = time.perf_counter()
        with connected(self.probe["tcp"], self.timeout) as peer:
            if self.probe.get("send"):
                peer.sendall(self.probe["send"].encode())
            body = self.told(peer, started + self.timeout)
        return ProbeAnswer(None, body, time.perf_counter() - started)

    def told(self, peer: socket.socket, until: float) -> str:
        """Read until the wanted body is there, the peer has finished, or time is up."""
        said = b""
        if not self.probe.get("body") and not self.probe.get("reject"):
            return ""
        while len(said) < MOST and not self.satisfied(said):
            peer.settimeout(max(0.001, until - time.perf_counter()))
            try:
                more = peer.recv(1 << 16)
            except socket.timeout:
                if said:
                    break
                raise
            if not more:
                break
            said += more
        return said.decode("utf-8", "replace")


def connected(address: str, timeout: float) -> socket.socket:
    """Return a connection to `host:port`, or to the unix socket that starts with a slash."""
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout)
    peer = socket.socket(socket.AF_UNIX)
    peer.settimeout(timeout)
    try:
        peer.connect(address)
    except OSError:
        peer.close()
        raise
    return peer


class CommandProbe(Client):
    """Runs a command; its exit code is the status, what it prints is the body."""

    def exchange(self) -> ProbeAnswer:
        """Return the exit code and the output."""
        outcome = run(
            self.probe["command"], self.timeout, stdin=self.probe.get("send", "").encode()
        )
        if outcome.timed_out:
            raise socket.timeout
        words = f" ({outcome.words})" if outcome.code else ""
        return ProbeAnswer(outcome.code, outcome.out, outcome.seconds, aside=words)


KINDS: dict[str, type[Client]] = {"url": Http, "tcp": TcpProbe, "command": CommandProbe}
