"""How busy the host is: whether something waits for a CPU, as the kernel counts it."""

from __future__ import annotations

import os
import re
from typing import Optional

from ..messages.probes.measurement import CpuWait

AVERAGE = re.compile(r"^some avg10=(\d+\.\d+)", re.MULTILINE)
"""The percentage of the last ten seconds in which at least one task waited."""


def waiting() -> CpuWait:
    """Return how much of the last ten seconds something waited for a CPU.

    Where the kernel does not count that, it is how many tasks wanted each CPU in the last minute.
    """
    share = stalled(pressure())
    if share is not None:
        return CpuWait(share)
    try:
        return CpuWait(load=os.getloadavg()[0] / (os.cpu_count() or 1))
    except OSError:
        return CpuWait()


def pressure() -> str:
    """Return what Linux 4.20 and later says of it, "" where that is switched off, or older."""
    try:
        with open("/proc/pressure/cpu", encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def stalled(said: str) -> Optional[float]:
    """Return the share of the last ten seconds, 0 to 1; None where the kernel does not count."""
    found = AVERAGE.search(said)
    return float(found.group(1)) / 100 if found else None
