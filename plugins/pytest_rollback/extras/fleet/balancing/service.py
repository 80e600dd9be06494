"""Hosts of a run go out of service and come back; its record says who is out, before they are.

Promise: a host that is well, or was never begun, is brought back whatever came of its rollback; one
that is not well stays out: users would reach what nobody has proven to work. One that somebody
else had taken out before stays out as well, and is told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Generator
from pathlib import Path

from pytest_rollback.extras.fleet.balancing.balancer import DRAIN, OUT, UNDRAIN, Balancer
from pytest_rollback.extras.fleet.child import UnderWay
from pytest_rollback.extras.fleet.judge import BAD
from pytest_rollback.extras.fleet.record import HostRecord

Steps = Generator[UnderWay, int, None]
"""What is done about one host: each part in turn; it is sent the exit code of each."""


def now() -> str:
    """Return the time of day, to the microsecond: what follows at once is later."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


class Service:
    """Who of the hosts of a run serves.

    Args:
        balancer: None where there is none, and nothing is done.
        place: the folder of a host.
        note: is called with each line for people, "" for none, after a record was changed.

    `guarded` is called before a host leaves: somebody brings it back where we cannot.
    `kept_out` has the hosts that somebody else took out, each with the balancer's word.
    """

    def __init__(
        self,
        balancer: Balancer | None,
        place: Callable[[str], Path],
        note: Callable[[str], None],
    ) -> None:
        self.balancer, self.place, self.note = balancer, place, note
        self.kept_out: dict[str, str] = {}
        self.guarded: Callable[[], None] = lambda: None

    @property
    def moves(self) -> bool:
        """Whether hosts are taken out and brought back at all."""
        return self.balancer is not None and self.balancer.moves

    def too_few(self, batch: Collection[str], number: int, quorum: int) -> str:
        """Return that fewer than the quorum would serve without a batch, by the balancer; or "".

        A batch of which nobody serves takes nothing away: that is how an incident looks.

        Raises:
            Refused: the balancer does not say.
        """
        if self.balancer is None or not self.balancer.tells:
            return ""
        names = self.balancer.serving()
        left = len(names - {*batch})
        if left >= quorum or not names & {*batch}:
            return ""
        return f"{left} would serve during batch {number} by the balancer, {quorum} have to"

    def for_trial(self, batch: Collection[str]) -> str:
        """Return the host that the balancer is tried with; "" where nothing could be seen.

        Raises:
            Refused: the balancer does not say who serves.
        """
        if self.balancer is None or not (self.moves and self.balancer.tells):
            return ""
        names = self.balancer.serving()
        return next((each for each in batch if each in names), "")

    def trial(self, host: HostRecord) -> Steps:
        """Take a host out and bring it back, with nothing done to it meanwhile."""
        problem = yield from self.leave(host, OUT)
        host.why = f"{problem}; nothing was changed" if problem else ""
        yield from self.back(host)

    def leave(self, host: HostRecord, what: str = DRAIN) -> Generator[UnderWay, int, str]:
        """Take a host out; return why that failed, "" where it did not."""
        self.guarded()
        host.out, host.back = now(), ""
        self.note("")  # whoever looks after us knows of it before it happens
        return (yield from self._moved(host, what))

    def back(self, host: HostRecord, *, drained: bool = True) -> Steps:
        """Bring a host back, unless it is not well: that would lead users to it."""
        if drained and (host.outcome in BAD or host.is_stopped):
            word = host.outcome.value if host.outcome in BAD else "its units are stopped"
            host.drained = f"left drained: {word}"
            self.note(f"  {host.name}: {host.drained}")
            return
        if host.name in self.kept_out:
            host.out = ""  # by us
            word = self.kept_out[host.name]
            self.note(f"  {host.name}: was out of service before ({word}), and is left so")
            return
        problem = yield from self._moved(host, UNDRAIN)
        host.drained = problem
        if problem:
            self.note(f"  {host.name}: NOT BACK IN SERVICE, {problem}")
        else:
            host.back = now()
            self.note("")

    def _moved(self, host: HostRecord, what: str) -> Generator[UnderWay, int, str]:
        """Have the balancer do something about a host; return why it failed, "" where not."""
        if self.balancer is None:
            return ""
        try:
            move = self.balancer.move(what, host.name, self.place(host.name))
        except OSError as error:
            return f"{what}: {error}"
        yield move
        if move.remark:
            self.note(f"  {host.name}: {move.remark}")
        return move.problem
