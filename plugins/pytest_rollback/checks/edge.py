"""Checks at the edge what users get during a run, without delaying the run.

Two implementations behind one face: `LocalProber` asks from here, over one kept connection;
`HostProber` has the host ask itself, where the URL is a loopback address of a remote target. How
outage and maintenance page are measured is described in `availability.py`.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from pytest_rollback.agent.messages.probes.edge import WATCH, WatchedEdge, WatchRequest
from pytest_rollback.agent.observe.probes.client import Watch
from pytest_rollback.agent.observe.probes.edge import after, judged
from pytest_rollback.checks.availability import Availability, AvailabilityCount, EdgeSample, Kind
from pytest_rollback.errors import RollbackError
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import System
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

if TYPE_CHECKING:
    from http.client import HTTPConnection

    import httpx

LEAST_GAP = 1.0
"""Seconds without an answer that count as outage, where questions come at a quick pace."""

WINDOW = 3.0
"""Seconds that the host asks before it answers."""

ROUND_TRIP = 5.0
"""Seconds between two windows, and to reach the host, that are not taken for an outage."""

MOST = 64 * 1024
"""Bytes of an answer that are looked at."""

LOOPBACK = ("localhost", "0.0.0.0", "::1")  # noqa: S104 - an address to ask, none to listen on


def prober_for(system: System) -> Prober:
    """Return what asks the edge of this system from where its URL means the edge."""
    edge = watched(system)
    if edge is None:
        return Prober()
    remote = not system.target.connection.startswith("local://")
    return HostProber(system, edge) if remote and loopback(edge.url) else LocalProber(edge)


def loopback(url: str) -> bool:
    """Return whether an address means the machine on which it is asked."""
    host = urlsplit(url).hostname or ""
    return host in LOOPBACK or host.startswith("127.") or host.endswith(".localhost")


def watched(system: System) -> WatchedEdge | None:
    """Return the edge as it is asked, None where none is described."""
    return requests.watched_edge(system, system.edge) if system.edge else None


class Prober:
    """The face, and what asks nobody: for a system without an edge.

    Neither `start` nor `stop` raises, and `stop` returns within a few seconds: a thread that
    still waits for an answer is left behind, and it dies with the process.
    """

    place = ""

    def __init__(self, gap: float = LEAST_GAP, patience: float = 0.0) -> None:
        self.tally = AvailabilityCount(gap)
        self.patience = patience
        self.problem = ""
        self.began = self.ended = 0.0
        self.left = False
        self.stopped = threading.Event()
        self.thread: threading.Thread | None = None

    def start(self, began: float | None = None) -> None:
        """Begin to ask; `began` is the clock's start in `time.monotonic()`, now if not given."""
        if self.thread is not None or not self.place:
            return
        self.began = time.monotonic() if began is None else began
        self.thread = threading.Thread(target=self._look, name="prober", daemon=True)
        try:
            self.thread.start()
        except RuntimeError as error:  # no more threads: the run is more important
            self.thread, self.problem = None, str(error)

    def stop(self) -> Availability:
        """End asking and return what users got until now; the same again when asked again."""
        if self.thread is not None and not self.stopped.is_set():
            self.ended = self.now()
            self.stopped.set()
            self.thread.join(self.patience)
            self.left = True
        return self.users()

    def users(self) -> Availability:
        """Return what users got so far, also while it goes on."""
        sums = self.tally.close(self.ended or self.now())
        spans = sums.spans if sums.answers else dict.fromkeys(sums.spans)
        return Availability(
            seconds=sums.seconds(),
            outage_seconds=spans["error"],
            maintenance_seconds=spans["maintenance"],
            answers=sums.answers,
            asked_from=self.place,
            problem=self.problem,
        )

    def now(self) -> float:
        """Return the seconds since the clock's start."""
        return time.monotonic() - self.began

    def take(self, sample: EdgeSample) -> None:
        """Take one answer, unless asking has ended: a thread left behind adds nothing."""
        if not self.left:
            self.tally.add(sample)

    def _look(self) -> None:
        try:
            self.look()
        except Exception as error:  # noqa: BLE001 - it is raised for every criterion that asks
            self.problem = f"{type(error).__name__}: {error}"

    def look(self) -> None:
        """Ask until `stopped` is set; this one asks nobody."""


class LocalProber(Prober):
    """Asks from here.

    An answer is cut off at the edge's timeout, so that it delays the next question by no more
    than that; questions that were due meanwhile are left out.
    """

    place = "the operator's machine"

    def __init__(self, edge: WatchedEdge) -> None:
        self.edge = edge
        self.every, self.timeout = edge.interval, edge.timeout
        super().__init__(max(LEAST_GAP, 2 * self.every), min(5.0, self.timeout + 0.5))
        self.line = EdgeLine()
        self.watch = Watch()

    def look(self) -> None:
        """Ask at each beat."""
        due = 0.0
        with client(self.timeout) as asker:
            begin = time.monotonic()
            while not self.stopped.wait(max(0.0, begin + due - time.monotonic())):
                asked = self.now()
                got = self.ask(asker)
                self.take(EdgeSample(asked, self.now(), got))
                due = after(due, time.monotonic() - begin, self.every)
        self.watch.stop()

    def ask(self, asker: httpx.Client) -> Kind:
        """Return what one user gets; a kept connection that turns out to be closed is no answer."""
        until = time.monotonic() + self.timeout
        kept = self.line.sock
        got = self.once(asker, until)
        if got is None and kept is self.line.sock is not None and time.monotonic() < until:
            self.line.sock = None
            got = self.once(asker, until)
        return got or "error"

    def once(self, asker: httpx.Client, until: float) -> Kind | None:
        """Return one answer, or None where there is none."""
        import httpx  # noqa: PLC0415 - only who tells somebody pays for it

        left, extensions = max(0.01, until - time.monotonic()), {"trace": self.line}
        self.watch.begin(cast("HTTPConnection", self.line), left)
        try:
            with asker.stream(
                self.edge.method, self.edge.url, timeout=left, extensions=extensions
            ) as answer:
                body = beginning(answer)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            self.problem = f"{type(error).__name__}: {error}"
            return None
        finally:
            self.watch.end()
        if self.watch.fired:
            return "error"
        return cast(
            "Kind", judged(answer.status_code, body.decode("utf-8", "replace"), self.edge)[0]
        )


def beginning(answer: httpx.Response) -> bytes:
    """Return an answer's body, or as much of it as is looked at."""
    body = b""
    for piece in answer.iter_bytes():
        body += piece
        if len(body) > MOST:
            break
    return body


class EdgeLine:
    """The connection in use, as httpx tells it: what is cut when an answer takes too long."""

    def __init__(self) -> None:
        self.sock: Any = None

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Remember a connection when it is made, and again when it has become a TLS one."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self.sock = info["return_value"].get_extra_info("socket")


def client(timeout: float) -> httpx.Client:
    """Return a client as a user's: caches, the machine's CAs, no redirects, no proxy of ours."""
    import httpx  # noqa: PLC0415 - only who tells somebody pays for it

    return httpx.Client(
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        verify=ssl.create_default_context(),
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
        headers={"User-Agent": "pytest-rollback"},
    )


class HostProber(Prober):
    """Has the host ask itself, a few seconds at a time, over a connection of its own.

    A window is taken to have ended when its answer came. Reaching the host takes a part of a
    second between two windows, in which nobody asks: what was seen last is taken to go on, for
    as long as five seconds; a host that is not reached for longer counts as outage, and
    `problem` says so.
    """

    def __init__(
        self,
        system: System,
        edge: WatchedEdge,
        connect: Callable[[System], Connection] = Connection,
    ) -> None:
        self.edge = edge
        super().__init__(ROUND_TRIP, WINDOW + 2.0)
        self.connection = connect(system)
        self.place = self.connection.where

    def look(self) -> None:
        """Ask for one window after the other."""
        try:
            while not self.stopped.is_set():
                self.window()
        finally:
            self.connection.close()

    def window(self) -> None:
        """Have the host ask for one window, and take what it saw."""
        longest = WINDOW + self.edge.timeout + ROUND_TRIP
        try:
            seen = self.connection.ask(Call(WATCH, WatchRequest(self.edge, WINDOW), longest))
        except (RollbackError, RuntimeError, OSError) as error:
            self.problem = str(error).splitlines()[0]
            self.stopped.wait(1.0)
            return
        self.problem = seen.problem or self.problem
        begin = self.now() - seen.seconds
        for asked, answered, got in seen.samples:
            self.take(EdgeSample(begin + asked, begin + answered, cast("Kind", got)))
