"""What a container wrote, as its engine keeps it; and whether what it writes arrives there."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from typing import List, NamedTuple

from ...errors import HostError
from ..processes import told
from ..unix_sockets import opened
from .container import EngineContainer, moment
from .engine import Engine

MOST = 32 << 20
"""Bytes of a log that are read."""

NONE = ("none", "passthrough")
"""Drivers that keep nothing that an engine could show."""


class ContainerLine(NamedTuple):
    """One line: when it was written, in seconds since the epoch, and its text."""

    when: float
    text: str


class ContainerLog(NamedTuple):
    """Lines, oldest first; `whole` when none is missing since the time that was asked for."""

    lines: List[ContainerLine]
    whole: bool


def by_hand(engine: Engine, container: EngineContainer) -> str:
    """Return the command that shows the end of a container's log."""
    return f"{engine.name} logs --tail 50 {container.name}"


def since(engine: Engine, container: EngineContainer, start: float, timeout: float) -> ContainerLog:
    """Return what a container wrote since a time.

    Raises:
        HostError: its log is kept nowhere, or the engine does not answer.
    """
    if container.driver in NONE:
        raise HostError(
            f"{container.name} has the log driver {container.driver}: its output is kept nowhere",
            "set another driver in logging of the compose file, or log of this component",
        )
    from_ = dt.datetime.fromtimestamp(start, dt.timezone.utc).isoformat()
    argv = ["logs", "--timestamps", "--since", from_, container.id]
    outcome = engine.call(*argv, timeout=timeout)
    said = engine.checked(outcome, argv)
    found = [parsed(line) for text in (said, outcome.err) for line in text.splitlines()]
    kept = sorted(each for each in found if each.when >= start or not each.when)
    return ContainerLog(kept, not outcome.cut)


def last(engine: Engine, container: EngineContainer, most: int = 8) -> List[str]:
    """Return the last lines that a container wrote; none where the engine does not tell."""
    outcome = engine.call("logs", "--tail", str(most), container.id)
    return [line.strip() for line in (outcome.out + outcome.err).splitlines()][-most:]


def parsed(line: str) -> ContainerLine:
    """Return a line with its time, which the engine writes before it; 0 where there is none."""
    head, _, text = line.partition(" ")
    when = moment(head)
    return ContainerLine(when, text) if when else ContainerLine(0.0, line)


def arrives(container: EngineContainer) -> bool:
    """Return whether standard output or error of a container still leads to who keeps its log.

    That is its parent, which has the other end of the pipe open.
    """
    try:
        parent = int(told(container.pid).rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return False
    kept = opened(parent)
    return any(
        place.startswith("pipe:") and place in kept
        for place in (_place(container.pid, number) for number in (1, 2))
    )


def _place(pid: int, number: int) -> str:
    """Return where a descriptor of a process leads, "" where it is gone."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/fd/{number}")
    return ""
