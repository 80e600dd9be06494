"""Units that were started in order settle together: one watch for all of them."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, Tuple

from ..messages.location import ChangeTime, Location
from ..messages.services.health import SettleRequest
from ..state import journal
from ..state.lock import CHANGES, folder_of
from . import registry
from .lifecycle import CONCURRENT, PAUSE, failed, problem

Signs = Tuple[int, int]
"""The main process of a unit, and how often its manager has started it again."""


def settle(request: SettleRequest) -> ChangeTime:
    """Watch units for the longest of their times: same process, no restart, healthy at the end.

    The process is the one with which a unit became healthy, where this run started it: one that
    was replaced since has not stayed up.

    Raises:
        HostError: a unit did not stay up, or is not healthy at the end.
    """
    manager, started = registry.of(request.manager), time.monotonic()
    units = {each.unit: each for each in request.units}
    signs = healthy(request.location)
    longest = max((each.settle for each in request.units), default=0.0)
    while True:
        found = manager.states(list(units))
        for unit, each in units.items():
            now = found[unit].state
            same = signs.setdefault(unit, (now.pid, now.restarts)) == (now.pid, now.restarts)
            if now.state != "active" or not same:
                raise failed(
                    manager, each, f"did not stay up for {each.settle:g} s", "it was right"
                )
        left = started + longest - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(PAUSE, left))
    with ThreadPoolExecutor(CONCURRENT) as pool:
        wrong = dict(zip(units, pool.map(problem, (each.probe for each in request.units))))
    for unit, said in wrong.items():
        if said:
            text = f"was not healthy after {units[unit].settle:g} s"
            raise failed(manager, units[unit], text, said)
    return ChangeTime(time.monotonic() - started)


def healthy(location: Location) -> Dict[str, Signs]:
    """Return with which process each unit became healthy that this run started last."""
    folder = folder_of(location) if location.state else None
    entries = journal.entries(os.path.join(folder, CHANGES)) if folder else []
    return {
        entry["unit"]: (entry["pid"], entry["restarts"])
        for entry in entries
        if entry["event"] == "start done" and "pid" in entry
    }
