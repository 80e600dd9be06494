"""Asks a probe many times, and tells how long each answer took and what was wrong with it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import Iterator, NamedTuple

from ...errors import shortened
from ...messages.probes.sample import ProbeRequest, ProbeResult, ProbeSpec
from ..logs.timelimit import Slow
from . import request
from .client import Client, ProbeAnswer
from .patterns import found

STOP_AFTER = 3
"""Failures in a row after which no more is asked: the peer is down, not slow."""

NULL_SAMPLES = 50


class SampleSeries(NamedTuple):
    """Milliseconds of the right answers, the number of wrong ones and what was wrong first."""

    times: list[float]
    failed: int
    problem: str | None
    last: ProbeAnswer


def ask(request: ProbeRequest) -> ProbeResult:
    """Ask a probe `samples` times over one connection and return how long the answers took.

    Where there is more than one sample another answer goes first and only its failure counts.
    At the deadline there are fewer answers.
    """
    probe, samples = request.probe, request.samples
    series = measured(probe, samples, time.monotonic() + request.deadline)
    return ProbeResult(
        samples_ms=tuple(series.times),
        failed=series.failed,
        problem=series.problem,
        status=series.last.status,
        body=shortened(series.last.body, 300),
        overhead_ms=overhead(probe, samples) if samples > 1 and series.times else None,
    )


def measured(probe: ProbeSpec, samples: int, until: float) -> SampleSeries:
    """Return the series of one probe: its warm-up, then its samples."""
    with request.client(probe) as client:
        warm = sample(client, probe) if samples > 1 else None
        if warm is None or warm.problem is None:
            return series(client, probe, samples, until)
        rest = series(client, probe, samples, until, already=1)
        return rest._replace(failed=rest.failed + 1, problem=warm.problem)


def series(
    client: Client, probe: ProbeSpec, samples: int, until: float, already: int = 0
) -> SampleSeries:
    """Ask until there are enough samples, no time, or too many failures in a row."""
    times: list[float] = []
    failed, in_a_row, problem = 0, already, None
    answer = ProbeAnswer(None, "", 0.0)
    for _ in range(samples):
        answer = sample(client, probe)
        if answer.problem is None:
            times.append(answer.seconds * 1000)
            in_a_row = 0
        else:
            failed, in_a_row, problem = failed + 1, in_a_row + 1, problem or answer.problem
        if in_a_row >= STOP_AFTER or time.monotonic() > until:
            break
    return SampleSeries(times, failed, problem, answer)


def sample(client: Client, probe: ProbeSpec) -> ProbeAnswer:
    """Return one answer, with its problem when it is not what the probe wants."""
    answer = client.ask()
    if answer.problem is not None:
        return answer
    return answer._replace(problem=unwanted(probe, answer))


def unwanted(probe: ProbeSpec, answer: ProbeAnswer) -> str | None:
    """Return what is wrong with an answer, None when all that the probe states holds."""
    wanted = wanted_status(probe)
    if wanted is not None and answer.status != wanted:
        return f"answered {answer.status}{answer.aside}, not {wanted}"
    try:
        if probe.body and not found(probe.body, answer.body):
            return f"the answer does not match {probe.body!r}"
        if probe.reject and found(probe.reject, answer.body):
            return f"the answer matches {probe.reject!r} (reject)"
    except Slow as slow:
        return str(slow)
    return None


def wanted_status(probe: ProbeSpec) -> int | None:
    """Return the status that counts as healthy; a command's is its exit code, 0; None for any."""
    if probe.url:
        return probe.status or None
    return 0 if probe.command else None


def overhead(probe: ProbeSpec, samples: int) -> float | None:
    """Return the milliseconds (p50) that asking itself takes, against a peer that does nothing."""
    from statistics import median  # noqa: PLC0415 - costs 3 ms, and one sample needs none

    with null(probe.kind) as peer:
        until = time.monotonic() + 1.0
        times = measured(peer, min(samples, NULL_SAMPLES), until).times
    return median(times) if times else None


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


@contextmanager
def null(kind: str) -> Iterator[ProbeSpec]:
    """Yield a probe of the same kind whose peer does nothing; it ends with the block."""
    if kind == "command":
        yield ProbeSpec(command=("true",), timeout=1.0)
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        url, tcp = (f"http://{address}/", None) if kind == "url" else (None, address)
        yield ProbeSpec(url, tcp, timeout=1.0)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes the thread


def serve(server: socket.socket) -> None:
    """Answer every request with the same two bytes, one connection after the other."""
    with suppress(OSError):  # the listening socket was closed: the end
        while True:
            peer, _ = server.accept()
            with peer:
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while peer.recv(1 << 16):
                    peer.sendall(ANSWER)
