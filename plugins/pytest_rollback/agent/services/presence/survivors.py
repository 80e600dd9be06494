"""Which processes of a unit would go on after its manager's stop."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, FrozenSet, List, Mapping

from ...messages.services.running import NamedProcess
from ...system.command_lines import described, words
from ...system.processes import Process, began
from .traces import is_tool

if TYPE_CHECKING:
    from typing import Iterable

SETTLED = 2.0
"""Seconds after which a process is none that was started for a moment, to look something up."""


def certain(
    table: Mapping[int, Process], main: Iterable[int], own: FrozenSet[int], signal: int
) -> List[NamedProcess]:
    """Return the processes of a unit that nobody would end: those for which that is certain.

    A manager of groups signals the main process, or its group; whoever left that group is told
    nothing. Where nobody of the group takes the signal, it dies at once, and nobody passes it on.
    Where somebody does, only the stop itself shows what it does.

    Args:
        table: all processes, by number.
        main: the processes that the manager has started.
        own: all processes of the unit.
        signal: the number of the signal by which it is stopped.
    """
    groups = {table[pid].group for pid in main if pid in table}
    told = [pid for pid in own if table[pid].group in groups]
    if not (told and signal) or any(takes(pid, signal) for pid in told):
        return []
    rest = [table[pid] for pid in sorted(own) if table[pid].group not in groups]
    before = time.time() - SETTLED
    return [described(one) for one in rest if began(one) < before and _serves(one.pid, told[0])]


def _serves(pid: int, main: int) -> bool:
    """Return whether a process is no tool of the host, and of no space that dies with another."""
    try:
        apart = os.readlink(f"/proc/{pid}/ns/pid") != os.readlink(f"/proc/{main}/ns/pid")
        return not apart and not is_tool(os.readlink(f"/proc/{pid}/exe"), words(pid))
    except OSError:
        return False


def takes(pid: int, signal: int) -> bool:
    """Return whether a process has a handler for a signal; true where nobody tells."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            mask = next(line.split()[1] for line in file if line.startswith("SigCgt:"))
    except (OSError, StopIteration):
        return True
    return bool(int(mask, 16) >> (signal - 1) & 1)
