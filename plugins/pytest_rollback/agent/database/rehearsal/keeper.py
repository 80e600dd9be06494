"""A guard and its server, from outside: started, waited for, and gone afterwards."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from typing import Callable, Iterator, List, NamedTuple

from ...errors import HostError
from ...system import disk
from ...system.command import entering, identity
from . import guard
from .guard import ServerPlan

PATIENCE = 90.0
"""Seconds until a server has to answer; a busy host needs ten."""

PAUSE = 0.05

GONE = "over its guard was killed"
"""What is heard of a guard that ended without a word."""


class GuardProcess(NamedTuple):
    """A guard at work: its process, what it hears us by, and what it tells."""

    pid: int
    life: int
    told: int

    def heard(self, seconds: float) -> List[str]:
        """Return what the guard told within so many seconds, a line each; `GONE` after its end."""
        if not select.select([self.told], [], [], max(0.0, seconds))[0]:
            return []
        return os.read(self.told, 1 << 16).decode("utf-8", "replace").splitlines() or [GONE]

    def end(self) -> str:
        """Have the guard end and wait for it; return why it ended before, if it did."""
        os.close(self.life)
        until, lines = time.monotonic() + PATIENCE, [""]
        while lines[-1] != GONE and time.monotonic() < until:
            lines += self.heard(until - time.monotonic())
        os.close(self.told)
        if time.monotonic() >= until:  # its server ends with it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return next((line[len("over ") :] for line in lines if line.startswith("over")), "")


def begun(plan: ServerPlan, account: str) -> GuardProcess:
    """Start a guard as an account, "" for who we are."""
    become = entering(identity(account))
    hears, life = os.pipe()
    told, tells = os.pipe()
    pid = os.fork()
    if not pid:  # pragma: no cover - in the other process
        guard.child(plan, hears, tells, become)
    os.close(hears)
    os.close(tells)
    return GuardProcess(pid, life, told)


@contextlib.contextmanager
def served(plan: ServerPlan, account: str, answers: Callable[[str], bool]) -> Iterator[str]:
    """Yield the directory of a throw-away server that an account has; it is gone afterwards.

    Args:
        plan: what to start.
        account: whose it is, "" for who we are.
        answers: whether the server of a directory takes connections.

    Raises:
        HostError: it cannot be had, or had to end before the body did.
    """
    guarded, place = begun(plan, account), ""
    try:
        place = _place(guarded)
        _awaited(place, guarded, answers)
        yield place
    except HostError as problem:
        reason = guarded.end()
        raise _gone(reason, plan) if reason and place else problem from None
    except BaseException:
        guarded.end()
        raise
    reason = guarded.end()
    if reason:
        raise _gone(reason, plan)


def _gone(reason: str, plan: ServerPlan) -> HostError:
    return HostError(
        f"the throw-away server of the rehearsal ended: {reason}",
        f"see df {plan.scratch}, and scratch and limit in [database.rehearsal]; the live database "
        "was only read",
    )


def _place(guarded: GuardProcess) -> str:
    """Return where the server is, once it is started."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for line in guarded.heard(until - time.monotonic()):
            word, _, rest = line.partition(" ")
            if word == "place":
                return rest
            if word == "over":
                raise HostError(
                    f"no throw-away server can be started: {rest}",
                    "set scratch in [database.rehearsal] to a directory in which the account of "
                    "the database may make files",
                )
    raise HostError("no throw-away server was started in time", "try again on a calmer host")


def _awaited(place: str, guarded: GuardProcess, answers: Callable[[str], bool]) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + PATIENCE
    while not answers(place):
        if time.monotonic() > until or guarded.heard(PAUSE):
            raise HostError("the throw-away server does not answer", "try again on a calmer host")


def lacking(scratch: str, need: int, reserve: int) -> str:
    """Return that a directory has no room for so many bytes beside a reserve, "" where it has."""
    found = disk.room(disk.Need(disk.existing(scratch), need + reserve))
    if found.enough:
        return ""
    return f"{found.mount} has {found.free:,} bytes free, a rehearsal needs {found.need:,}"
