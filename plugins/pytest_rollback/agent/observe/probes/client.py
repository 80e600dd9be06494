"""One answer of a probe, and what all ways to ask have in common."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple, Type

from ...messages.probes.sample import ProbeSpec
from ..logs.timelimit import Slow
from .patterns import found

if TYPE_CHECKING:
    from http.client import HTTPConnection


class ProbeAnswer(NamedTuple):
    """What a peer answered, after how many seconds, and why there is no answer or a wrong one.

    `aside` is added to words about a wrong status: where a redirect leads, how a command ended.
    """

    status: Optional[int]
    body: str
    seconds: float
    problem: Optional[str] = None
    aside: str = ""


class Client:
    """Asks one probe again and again; a way to ask is a subclass with `exchange`.

    `errors` are what it raises where there is no answer.
    """

    errors: Tuple[Type[Exception], ...] = (OSError, ValueError)

    def __init__(self, probe: ProbeSpec) -> None:
        self.probe = probe
        self.timeout = probe.timeout

    def ask(self) -> ProbeAnswer:
        """Return the answer; one that does not come has a problem instead."""
        started = time.perf_counter()
        try:
            return self.exchange()
        except self.errors as error:
            self.close()
            return ProbeAnswer(None, "", time.perf_counter() - started, self.words(error))

    def exchange(self) -> ProbeAnswer:
        """Ask once.

        Raises:
            Exception: there is no answer; one of `errors`.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close what is kept open between two requests."""

    def words(self, error: Exception) -> str:
        """Return why there is no answer."""
        if isinstance(error, socket.timeout):
            return f"no answer within {self.timeout:g} s"
        words = getattr(error, "strerror", None) or str(error) or "connection closed by the peer"
        return f"no answer: {words}"

    def satisfied(self, said: bytes) -> bool:
        """Return whether the wanted body is already there; with `reject`, all has to be read."""
        wanted, text = self.probe.body, said.decode("utf-8", "replace")
        with suppress(Slow):  # all is read then, and judged
            return bool(wanted) and not self.probe.reject and found(wanted, text)
        return False


EVERY = 0.05
"""Seconds between two looks at the clock."""


class Watch:
    """One thread that shuts the connection down when an answer takes too long."""

    def __init__(self) -> None:
        self.fired = False
        self.connection: HTTPConnection | None = None
        self.peer: socket.socket | None = None
        self.until = 0.0
        self.lock = threading.Lock()
        self.stopped: threading.Event | None = None

    def begin(self, connection: HTTPConnection, seconds: float) -> None:
        """Give the connection so many seconds from now."""
        with self.lock:
            self.fired, self.connection, self.peer = False, connection, None
            self.until = time.monotonic() + seconds
        if self.stopped is None:
            self.stopped = threading.Event()
            threading.Thread(target=self.look, args=(self.stopped,), daemon=True).start()

    def keep(self) -> None:
        """Remember the peer: of an answer that only its end ends, the connection forgets him."""
        with self.lock:
            self.peer = self.connection.sock if self.connection else None

    def end(self) -> None:
        """The answer is here: nothing to cut."""
        with self.lock:
            self.connection = self.peer = None

    def stop(self) -> None:
        """End the thread; the next `begin` starts another."""
        if self.stopped is not None:
            self.stopped.set()
            self.stopped = None

    def look(self, stopped: threading.Event) -> None:
        """Look at the clock until it is stopped."""
        while not stopped.wait(EVERY):
            with self.lock:
                if self.connection is None or time.monotonic() < self.until:
                    continue
                self.fired, peer = True, self.connection.sock or self.peer
                if peer is not None:
                    with suppress(OSError):  # the peer was faster
                        socket.socket.shutdown(peer, socket.SHUT_RDWR)  # below TLS, if there is any
