"""The three ways to ask a probe: HTTP over a kept connection, TCP, a command."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import Dict, Iterator, Optional, Sequence, Type

from ...errors import HostError
from ...files import ownership, programs
from ...messages.probes.sample import ProbeSpec
from ...system.command import run, surroundings
from .client import Client, ProbeAnswer

TAKEN = 0.02
"""Seconds at most between two connections; a peer that closes its side ends it sooner."""

MOST = 1 << 20
"""Bytes of one answer that are looked at."""


@contextmanager
def client(probe: ProbeSpec) -> Iterator[Client]:
    """Yield what asks this probe; its connection is closed at the end."""
    asker = kind(probe)(probe)
    try:
        yield asker
    finally:
        asker.close()


def kind(probe: ProbeSpec) -> Type[Client]:
    """Return the class that asks a probe."""
    if probe.kind == "url":
        from .http import Http  # noqa: PLC0415 - what it needs takes 13 ms; pages have no probe

        return Http
    return KINDS[probe.kind]


class TcpProbe(Client):
    """Connects anew each time, sends `send`, and reads until `body` can be judged."""

    def exchange(self) -> ProbeAnswer:
        """Return what came back: nothing when the probe neither sends nor expects anything."""
        started = time.perf_counter()
        with connected(self.probe.tcp or "", self.timeout) as peer:
            if self.probe.send:
                peer.sendall(self.probe.send.encode())
            body = self.read(peer, started + self.timeout)
            seconds = time.perf_counter() - started
            taken(peer)
        return ProbeAnswer(None, body, seconds)

    def read(self, peer: socket.socket, until: float) -> str:
        """Read until the wanted body is there, the peer has finished, or time is up."""
        said = b""
        if not self.probe.body and not self.probe.reject:
            return ""
        while len(said) < MOST and not self.satisfied(said):
            left = until - time.perf_counter()
            if said and left < 0:  # however steadily it trickles
                break
            peer.settimeout(max(0.001, left))
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


def taken(peer: socket.socket) -> None:
    """Wait a moment until the peer has taken a connection, and closed it: none pile up behind it.

    A peer that accepts connections more slowly than they are made has a short queue of them.
    """
    until = time.perf_counter() + TAKEN
    try:
        peer.shutdown(socket.SHUT_WR)
        left = TAKEN
        while left > 0:
            peer.settimeout(left)
            left = until - time.perf_counter() if peer.recv(1 << 16) else 0.0
    except OSError:
        return


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
    """Runs a command; its exit code is the status, what it prints is the body.

    What somebody else can change is run as him.
    """

    known: Optional[str] = None

    def user(self, command: Sequence[str]) -> str:
        """Return whose account runs the command, asked once.

        Raises:
            HostError: several can change it.
        """
        if self.known is None:
            self.known = ownership.runner(programs.of_command(command, surroundings()["PATH"]))
        return self.known

    def exchange(self) -> ProbeAnswer:
        """Return the exit code and the output."""
        command = self.probe.command or ()
        try:
            user = self.user(command)
        except HostError as refused:
            return ProbeAnswer(None, "", 0.0, refused.message)
        outcome = run(command, self.timeout, stdin=self.probe.send.encode(), user=user)
        if outcome.timed_out:
            raise socket.timeout
        words = f" ({outcome.words})" if outcome.code else ""
        return ProbeAnswer(outcome.code, outcome.out, outcome.seconds, aside=words)


KINDS: Dict[str, Type[Client]] = {"tcp": TcpProbe, "command": CommandProbe}
