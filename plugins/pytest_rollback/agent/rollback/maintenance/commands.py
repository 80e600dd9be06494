"""Maintenance that commands switch: its look says how it is, before and after.

What it says neither way is an error: a host that cannot tell is never taken for one that serves.
"""

from __future__ import annotations

import time
from typing import Any, Dict

from ...errors import HostError
from ...messages.rollback.maintenance import PageCommands
from ...state.lock import ExclusiveRun
from .page_file import carried_out

SWITCHING = "maintenance"
"""The event that is noted before users are switched to maintenance; it has the commands."""

PATIENCE = 10.0
"""Seconds for a look to say what was switched: some are switched in the background."""

PAUSE = 0.2


def is_shown(commands: PageCommands) -> bool:
    """Return whether maintenance is on, by what the look prints.

    Raises:
        HostError: it failed, or says neither.
    """
    done = carried_out(commands.look, commands.timeout, "look of the maintenance mode", "refused")
    shown, lifted = commands.shown in done.out, commands.lifted in done.out
    if shown != lifted:
        return shown
    raise HostError(
        f"the look at the maintenance mode says {'both' if shown else 'neither'} of "
        f"{commands.shown!r} and {commands.lifted!r}: {done.words or 'nothing'}",
        f"on the host: {' '.join(commands.look)}; or correct shown and lifted in "
        "[maintenance.commands]",
    )


def switch(commands: PageCommands, *, shown: bool) -> None:
    """Switch maintenance on or off, and wait until the look says so.

    Raises:
        HostError: the command failed, or the look says otherwise after it.
    """
    argv, what = (commands.on, "on") if shown else (commands.off, "off")
    carried_out(argv, commands.timeout, f"command {what} of the maintenance mode")
    until = time.monotonic() + PATIENCE
    while is_shown(commands) != shown:
        if time.monotonic() > until:
            raise HostError(
                f"the maintenance mode is not {what}, although {' '.join(argv)} ended well",
                f"on the host: {' '.join(commands.look)}; then run the same command again",
                "unfinished",
            )
        time.sleep(PAUSE)


def note(work: ExclusiveRun, commands: PageCommands) -> None:
    """Note the commands, so that an undo knows them whatever is described by then."""
    work.journal.add(SWITCHING, commands=commands._asdict())


def take_back(_work: ExclusiveRun, entry: Dict[str, Any]) -> int:
    """Switch maintenance off, where a run has switched it on and it still is; for an undo.

    Raises:
        HostError: the command failed, or the look says otherwise after it.
    """
    told = entry["commands"]
    commands = PageCommands(
        tuple(told["on"]),
        tuple(told["off"]),
        tuple(told["look"]),
        told["shown"],
        told["lifted"],
        told["timeout"],
    )
    if not is_shown(commands):
        return 0
    switch(commands, shown=False)
    return 1
