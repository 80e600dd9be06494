"""What every balancer can do, whatever it is, and which one a fleet has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pytest_rollback.extras.fleet.balancing.commands import CommandBalancer
from pytest_rollback.extras.fleet.balancing.haproxy import HaproxyBalancer
from pytest_rollback.manifest.fleet import Fleet

DRAIN, OUT, UNDRAIN = "drain", "out", "undrain"
"""What is done about a host: it is taken out, its sessions waited for; the same without waiting,
as a trial of the way back; and it is brought back."""


class BalancerMove(Protocol):
    """A host on its way out of service, or back; it ends within a limit of time."""

    remark: str
    """What somebody should know of it although all went well; "" for nothing."""

    @property
    def problem(self) -> str:
        """Why it failed, in one line; "" where it did not."""

    def ended(self) -> int | None:
        """Return its exit code, 0 for one that the balancer confirms; None while it is at work."""

    def interrupt(self, name: str = "SIGINT") -> None:
        """Have it wait no longer than it has to."""


class Balancer(Protocol):
    """What stands before the hosts of a fleet. Names are those of hosts."""

    @property
    def tells(self) -> bool:
        """Whether it says who serves; without that nothing that it does can be seen."""

    @property
    def moves(self) -> bool:
        """Whether it takes hosts out and brings them back."""

    def move(self, what: str, host: str, folder: Path) -> BalancerMove:
        """Begin to take a host out, or to bring it back.

        Args:
            what: DRAIN, OUT or UNDRAIN.
            host: its name.
            folder: where output goes.

        Raises:
            OSError: it cannot be begun.
        """

    def serving(self) -> frozenset[str]:
        """Return the hosts that users are sent to now.

        Raises:
            Refused: it does not say.
        """

    def out(self) -> Mapping[str, str]:
        """Return the hosts that somebody has taken out, each with the balancer's word for it."""

    def refuse_stale(self) -> None:
        """Refuse a balancer that knows other hosts than the fleet has.

        Raises:
            Refused: it does, or does not answer.
        """


def balancer_of(fleet: Fleet, hosts: Sequence[str]) -> Balancer | None:
    """Return the balancer before all hosts of a fleet; None where rollback.toml names none."""
    if fleet.balancer and fleet.backend:
        return HaproxyBalancer(fleet, hosts)
    return CommandBalancer(fleet, hosts) if fleet.drain or fleet.serving else None
