"""Who holds a run: one small file in its folder; a second one tells when he was heard last.

Times of day are told, and decide nothing: a clock may be set. Runs are in the order of their
numbers. Where the file is lost the run's journal tells who holds it.
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any, NamedTuple, Optional

from ..errors import HostError
from ..files.handles import DIRECTORY
from ..messages.location import HolderProcess, placed
from ..system import processes
from . import last_sign, progress, reserved_space
from .journal import entries

RUNS = "runs"
NAME = "lease.json"
MARKER = "in-progress"
"""The file of the state directory that is there as long as a run is unfinished."""

SILENT = 120.0
"""Seconds without a word after which a holder that nobody can look at counts as dead."""

NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
DAMAGE = (OSError, ValueError, TypeError)


class Lease(NamedTuple):
    """One run and its holder. `outcome` is None until it ends.

    `number` is its place among the runs of a state directory. `root` is where the root led when it
    was begun, "" where that is not known; `units` are those of the system, and `within` the places
    below the root that it is limited to. `silent` is for how many seconds the holder was not heard;
    None if he was not since this host was started.
    """

    run: str
    by: str
    host: str
    pid: int
    pid_started: float
    target: str
    only: list[str]
    record: str
    since: str
    outcome: Optional[str] = None
    ended: Optional[str] = None
    silent: Optional[float] = None
    boot: str = ""
    space: str = ""
    number: int = 0
    root: str = ""
    units: tuple[str, ...] = ()
    within: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Where the system lies; empty where that is not known."""
        return placed(self.root, self.within) if self.root else ()

    @property
    def holder(self) -> HolderProcess:
        """Which process holds it, and where: two leases with one holder are of one process."""
        return HolderProcess(self.host, self.boot, self.space, self.pid, self.pid_started)

    @property
    def is_alive(self) -> bool:
        """Whether its holder still works on it."""
        if self.outcome is not None:
            return False
        here = processes.here()
        if self.is_at(here):
            return not processes.is_gone(self.pid, self.pid_started)
        if self.silent is None:  # this host was started anew since: he has as long to come back
            return self.host != here.host and last_sign.up() < SILENT
        return self.silent < SILENT

    def is_at(self, here: processes.ProcessSpace) -> bool:
        """Return whether its holder is a process of here."""
        return here.is_known and here == (self.host, self.boot, self.space)

    @property
    def words(self) -> str:
        """Who holds it, for people."""
        return f"{self.by} (process {self.pid} on {self.host}) since {self.since}, run {self.run}"

    def refuse(self, root: str, holder: Optional[HolderProcess]) -> None:
        """Refuse a change below another root, or by a holder that another one has followed.

        Raises:
            HostError: kind `held` for such a holder.
        """
        if holder and holder != self.holder and self.outcome != "undone":
            raise HostError(
                f"run {self.run} was taken over, and is not yours any more: {self.words}",
                f"see how it ends: rollback status {self.run}",
                "held",
            )
        if self.root and root and os.path.realpath(root) != self.root:
            raise HostError(
                f"run {self.run} was begun below {self.root}, and [system] root leads to "
                f"{os.path.realpath(root)} now",
                "let it lead there again, then run the same command again; or, there as well: "
                f"rollback undo {self.run}",
            )

    def held(self) -> HostError:
        """Return the error for a second run: the holder, since when, and how to take over."""
        way = f"stop it with 'kill -INT {self.pid}' on {self.host}"
        when = "it resumes from there"
        if not self.is_at(processes.here()):
            when += (
                f", on {self.host} at once, elsewhere {SILENT:.0f} s after its last sign of life"
            )
        return HostError(
            f"held by {self.words}",
            f"wait for it; or {way}, and run the same command again: {when}",
            "held",
        )


def now() -> str:
    """Return this instant, UTC."""
    seconds, thousandths = divmod(time.time_ns() // 1_000_000, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{thousandths:03}+00:00"


def folder(state: str, run: str) -> str:
    """Return the folder of a run, which may not exist.

    Raises:
        HostError: the id could lead elsewhere.
    """
    if NAMES.fullmatch(run) is None:
        raise HostError(f"{run!r} is not a run id", "'rollback status' lists all run ids")
    return os.path.join(state, RUNS, run)


def read(state: str, run: str) -> Optional[Lease]:
    """Return the lease of a run, or what its journal says of it; None when neither is there."""
    home = folder(state, run)
    path = os.path.join(home, NAME)
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            said = json.loads(file.read())
        # One of an earlier version says more than is kept now.
        found: Optional[Lease] = Lease(**{key: said[key] for key in Lease._fields if key in said})
    except DAMAGE:
        found = _journaled(home)
    return found and found._replace(silent=last_sign.silence(home))


def _journaled(home: str) -> Optional[Lease]:
    """Return what the journal of a run says of its holder and its end."""
    try:
        written = entries(os.path.join(home, progress.CHANGES))
    except (HostError, OSError):
        return None
    begun = [each for each in written if each["event"] == "begun"]
    if not begun:
        return None
    since = written[written.index(begun[-1]) :]
    ended = next((each for each in since if each["event"] == "ended"), {})
    known = {key: begun[-1][key] for key in Lease._fields if key in begun[-1]}
    outcome = "undone" if progress.undoing(written) == "done" else ended.get("outcome")
    return Lease(**{**known, "outcome": outcome, "ended": ended.get("when")})


def names(state: str) -> list[str]:
    """Return the ids of all runs, sorted."""
    try:
        found = os.listdir(os.path.join(state, RUNS))
    except FileNotFoundError:
        return []
    return sorted(name for name in found if NAMES.fullmatch(name))


def every(state: str) -> list[Lease]:
    """Return the leases of all runs, in their order."""
    found = [read(state, name) for name in names(state)]
    return sorted((lease for lease in found if lease), key=lambda each: (each.number, each.since))


def recovered(state: str, record: str) -> str:
    """Return the last run that rolled all of a backup set back, "" where none has.

    Args:
        state: the state directory.
        record: the digest of the set's record.
    """
    done = [
        lease.run
        for lease in every(state)
        if lease.record == record and lease.outcome == "recovered" and not lease.only
    ]
    return done[-1] if done else ""


def write(state: str, lease: Lease) -> None:
    """Put a lease in place of the one there, atomically and durably."""
    reserved_space.spending(state, lambda: _write(state, lease))


def _write(state: str, lease: Lease) -> None:
    home = folder(state, lease.run)
    said: dict[str, Any] = lease._asdict()
    del said["silent"]
    path = os.path.join(home, NAME)
    with open(os.open(f"{path}.new", FRESH, 0o600), "wb") as file:
        file.write(json.dumps(said, indent=1).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{path}.new", path)
    settle(home)


def undone(state: str, run: str) -> None:
    """Record that a run was undone and cannot be resumed. For lock holders."""
    lease = read(state, run)
    if lease is not None:
        write(state, lease._replace(outcome="undone", ended=now()))


def made(state: str, run: str) -> str:
    """Return the folder of a run, made 0700 and durable when it is missing."""
    home = folder(state, run)
    if not os.path.isdir(home):
        os.makedirs(home, 0o700)
        for path in (home, os.path.dirname(home), state):
            settle(path)
    return home


def settle(path: str) -> None:
    """Make the entries of a directory durable."""
    here = os.open(path, DIRECTORY)
    try:
        os.fsync(here)
    finally:
        os.close(here)
