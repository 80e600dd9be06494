"""A village whose release commands bring back: other commands, and the link as they would lead it.

On a machine with much to do response times are waived: they are about the machine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tests.plugin.village import Village

BUSY = [
    {
        "criterion": criterion,
        "owner": "tests",
        "reason": "others are busy on this machine at one time, and not at another",
        "until": dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1),
    }
    for criterion in (
        "readiness.baseline.stored",
        "validate.latency.within_baseline",
        "validate.latency.within_limit",
    )
]


def commanded(**different: object) -> Callable[[Village], None]:
    """Return what has other commands of the release in rollback.toml; None takes one away."""

    def spoil(village: Village) -> None:
        release = village.document()["release"]
        commands = {**release["commands"], **different}
        kept = {name: each for name, each in commands.items() if each is not None}
        village.describe(release={**release, "commands": kept}, waivers=BUSY)

    return spoil


def led_back(village: Village) -> None:
    """Make the previous release live by hand, so that look shows what it showed then."""
    link = village.root / "current"
    link.unlink()
    link.symlink_to("releases/1.4.0")
