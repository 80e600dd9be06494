"""Cuts a connection at its deadline: a socket's own timeout starts anew with every byte."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http.client import HTTPConnection

EVERY = 0.05
"""Seconds between two looks at the clock."""


class Watch:
    """One thread that shuts the connection down when an answer takes too long."""

    def __init__(self) -> None:
        self.fired = False
        self.connection: HTTPConnection | None = None
        self.until = 0.0
        self.lock = threading.Lock()
        self.stopped: threading.Event | None = None

    def begin(self, connection: HTTPConnection, seconds: float) -> None:
        """Give the connection so many seconds from now."""
        with self.lock:
            self.fired, self.connection = False, connection
            self.until = time.monotonic() + seconds
        if self.stopped is None:
            self.stopped = threading.Event()
            threading.Thread(target=self.look, args=(self.stopped,), daemon=True).start()

    def end(self) -> None:
        """The answer is here: nothing to cut."""
        with self.lock:
            self.connection = None

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
                self.fired, peer = True, self.connection.sock
                if peer is not None:
                    with suppress(OSError):  # the peer was faster
                        socket.socket.shutdown(peer, socket.SHUT_RDWR)  # below TLS, if there is any
