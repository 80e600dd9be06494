"""Asks a URL over one kept connection, without following redirects, each answer in bounded time."""

from __future__ import annotations

import http.client
import importlib
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from ...messages.probes.sample import ProbeSpec
from .client import Client, ProbeAnswer, Watch

MOST = 1 << 20
"""Bytes of one body that are looked at."""


class Http(Client):
    """HTTP/1.1, keep-alive; a kept connection that the peer has closed is opened again."""

    errors = (*Client.errors, http.client.HTTPException)

    def __init__(self, probe: ProbeSpec) -> None:
        super().__init__(probe)
        parts = urlsplit(probe.url or "")
        kind = "HTTPSConnection" if parts.scheme == "https" else "HTTPConnection"
        connect = getattr(http.client, kind)  # a Python without ssl lacks the first
        self.connection: http.client.HTTPConnection = connect(
            parts.hostname or "", parts.port, timeout=self.timeout
        )
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self.body, self.headers = probe.send.encode() or None, dict(probe.headers)
        self.watch = Watch()
        self.credentials: Any = None  # what is read for them travels only where some are

    def exchange(self) -> ProbeAnswer:
        """Return the answer of one request.

        Raises:
            socket.timeout: it was not complete in time, however steadily it trickled.
        """
        if self.probe.secrets or self.probe.tls:
            self.let_in()
        started = time.perf_counter()
        self.watch.begin(self.connection, self.timeout)
        try:
            answer = self.request()
        except (http.client.HTTPException, OSError, ValueError, AttributeError) as error:
            if self.watch.fired:
                raise socket.timeout from error
            raise
        finally:
            self.watch.end()
        if self.watch.fired:
            raise socket.timeout
        return answer._replace(seconds=time.perf_counter() - started)

    def let_in(self) -> None:
        """Read what shows that we are let in, once.

        Raises:
            ValueError: it cannot be read.
        """
        if self.credentials is None:
            found = importlib.import_module(f"{__package__}.credentials")
            self.headers.update(found.headers(self.probe.secrets))
            if self.probe.tls:
                host, port = self.connection.host, self.connection.port
                tls, within = found.context(self.probe.tls), self.timeout
                self.connection = http.client.HTTPSConnection(
                    host, port, timeout=within, context=tls
                )
            self.credentials = found

    def request(self) -> ProbeAnswer:
        """Ask, once more where the kept connection turns out to be closed."""
        kept = self.connection.sock is not None
        try:
            return self.once()
        except ConnectionError:
            if not kept or self.watch.fired:
                raise
            self.connection.close()
            return self.once()

    def once(self) -> ProbeAnswer:
        """Send the request and read the answer to its end, or as much as is looked at."""
        self.connection.request(self.probe.method, self.path, self.body, self.headers)
        self.watch.keep()
        response = self.connection.getresponse()
        text = response.read(MOST).decode("utf-8", "replace")
        if self.probe.secrets:
            text = self.credentials.without(text, self.headers, self.probe.secrets)
        if not response.isclosed():  # longer than what is looked at
            self.connection.close()
        return ProbeAnswer(response.status, text, 0.0, aside=target(response))

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self.watch.stop()
        self.connection.close()


def target(response: http.client.HTTPResponse) -> str:
    """Return where an answer redirects to, without its query: it may hold a secret."""
    location = response.getheader("Location")
    return f" (to {location.partition('?')[0]})" if location else ""
