"""What a unit wrote since a time: to the journal, or to what a container engine keeps of it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from typing import Any, NamedTuple, Optional

from ...errors import HostError
from ...system.command import run
from ...system.containers import logs as container_logs
from ...system.containers import project as projects
from ...system.processes import environ

MOST = 32 << 20
"""Bytes of answer that are looked at: the latest ones."""

INIT = 1
"""The service manager's pid: its words are about the unit, not the unit's own."""

LEAST = 6
"""The priority of what states none."""

RIGHTS = "set [target] sudo = true, or add the user to the group systemd-journal"


STREAM = "JOURNAL_STREAM"
"""Its variable in a process: device and inode of what systemd made its stream to the journal."""


class JournalLine(NamedTuple):
    """One entry: when it was written, how urgent it is (0 to 7), by whom, and its text."""

    when: float
    priority: int
    pid: int
    text: str


class SystemdJournal(NamedTuple):
    """Entries, those of one process together and oldest first; `whole` when none is missing.

    `arrives` tells whether what the unit writes gets there, None where the entries tell.
    """

    entries: list[JournalLine]
    whole: bool
    arrives: Optional[bool] = None


def entries(unit: str, start: float, timeout: float) -> SystemdJournal:
    """Return a unit's entries since `start`.

    Raises:
        HostError: journalctl is missing, fails, or does not answer in time.
    """
    # The latest first: what does not fit any more is then the oldest.
    argv = ["journalctl", "-u", unit, f"--since=@{math.floor(start)}", "-o", "json", "--reverse"]
    rest = ["--output-fields=MESSAGE,PRIORITY,_PID", "--all", "--no-pager", "--quiet"]
    outcome = run([*argv, *rest], timeout, most=MOST)
    by_hand = f"journalctl -u {unit} --since=@{math.floor(start)}"
    if outcome.missing:
        raise HostError(
            "this host has no journalctl",
            "set the log file in log of this component",
            "unreachable",
        )
    if outcome.timed_out:
        raise HostError(f"journalctl gave no answer in {timeout:.0f} s", by_hand, "unreachable")
    if outcome.code and not outcome.cut:
        hint = by_hand if os.geteuid() == 0 else f"{by_hand}; {RIGHTS}"
        raise HostError(f"journalctl failed: {outcome.words}", hint, "unreachable")
    found = [entry for line in outcome.out.split("\n") if line for entry in parsed(line)]
    kept = [entry for entry in reversed(found) if entry.when >= start]
    return SystemdJournal(sorted(kept, key=lambda entry: entry.pid), not outcome.cut)


def of_containers(path: str, unit: str, start: float, timeout: float) -> SystemdJournal:
    """Return what the containers of a service wrote since `start`.

    Args:
        path: the compose file.
        unit: the service.
        start: seconds since the epoch.
        timeout: seconds for all of it.

    Raises:
        HostError: there is no container, or the engine does not answer in time.
    """
    project = projects.of(path)
    found = [each for each in project.containers() if each.service == unit]
    if not found:
        raise HostError(f"{unit} has no container", project.by_hand("ps"), "unreachable")
    logs = [container_logs.since(project.engine, each, start, timeout) for each in found]
    lines = [
        JournalLine(line.when or start, LEAST, each.pid, line.text)
        for each, log in zip(found, logs)
        for line in log.lines
    ]
    arrives = all(map(container_logs.arrives, found))
    return SystemdJournal(lines, all(log.whole for log in logs), arrives)


def parsed(line: str) -> list[JournalLine]:
    """Return the entry on a line; nothing where the line is cut off or is none."""
    try:
        found = json.loads(line)
        when = int(found["__REALTIME_TIMESTAMP"]) / 1e6
        priority, pid = int(found.get("PRIORITY", 6)), int(found.get("_PID", 0))
    except (ValueError, TypeError, KeyError):
        return []
    return [JournalLine(when, priority, pid, text(found.get("MESSAGE")))]


def text(message: Any) -> str:  # noqa: ANN401 - what the journal calls a message
    """Return a message as text: it is a list of bytes where it is not UTF-8."""
    if isinstance(message, list):
        if message and isinstance(message[0], int):
            return bytes(message).decode("utf-8", "surrogateescape")
        return "\n".join(map(text, message))  # a field that was sent more than once
    return message if isinstance(message, str) else ""


def is_read(pid: int) -> bool:
    """Tell whether standard output or error of a process is its stream to the journal still."""
    told = (environ(pid) or {}).get(STREAM)
    for number in (1, 2):
        with contextlib.suppress(OSError):
            found = os.stat(f"/proc/{pid}/fd/{number}")
            if f"{found.st_dev}:{found.st_ino}" == told:
                return True
    return False


def stamped(when: float) -> str:
    """Return a moment as a log writes it, UTC."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when))
    return f"{whole}.{int(when % 1 * 1000):03d}Z"
