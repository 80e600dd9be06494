"""Whether a component answers as its health probe wants it, asked by the sandbox itself."""

from __future__ import annotations

import http.client
import re
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from pytest_rollback.errors import Unfinished
from pytest_rollback.manifest.probes import Probe

PATIENCE = 15.0
PAUSE = 0.04


class HealthAnswer(NamedTuple):
    """The HTTP status and body of an answer; without one status 0 and the reason as body."""

    status: int
    body: str


def ask(url: str, timeout: float = 2.0) -> HealthAnswer:
    """Return what a URL answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/", headers={"Connection": "close"})
        answer = connection.getresponse()
        return HealthAnswer(answer.status, answer.read().decode(errors="replace"))
    except (OSError, http.client.HTTPException) as error:
        return HealthAnswer(0, str(error) or type(error).__name__)
    finally:
        connection.close()


def healthy(probe: Probe) -> bool:
    """Return whether a probe with a URL is answered as it should be."""
    answer = ask(probe.url or "")
    rejected = bool(probe.reject) and re.search(probe.reject, answer.body)
    return (
        answer.status == probe.status and bool(re.search(probe.body, answer.body)) and not rejected
    )


def wait(name: str, probe: Probe, log: str, patience: float = PATIENCE) -> None:
    """Wait until a component is healthy.

    Raises:
        Unfinished: it is not, for too long.
    """
    until = time.monotonic() + patience
    while not healthy(probe):
        if time.monotonic() > until:
            said = ask(probe.url or "")
            raise Unfinished(
                f"{name} is not healthy after {patience:.0f} s: {said.status} {said.body[:200]}",
                hint=f"see {log}",
            )
        time.sleep(PAUSE)
