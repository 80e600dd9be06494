"""Pre-rollback checklist: 'Notify Stakeholders'; asked today, while nobody has to be told."""

from __future__ import annotations

from collections.abc import Callable

from fixtures.notify import ChannelReach
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Refused
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]


@criterion("readiness.people.reachable", phase="prepare")
def test_people_can_be_told(
    system: System, reached: list[ChannelReach], record_property: Keep
) -> None:
    """'Notify stakeholders': every channel has what it needs; a test message is accepted."""
    record_property("channels", {each.name: told(each) for each in reached})
    unusable = [each for each in reached if each.problem]

    if system.notify is None:
        raise Advisory(
            "rollback.toml names nobody who is told of a rollback",
            hint="describe [notify] in rollback.toml, or say that nobody is told: channels = []",
        )
    if unusable:
        raise Refused(
            f"{len(unusable)} of {len(reached)} channels cannot be used",
            findings=[f"{each.name}: {each.problem}" for each in unusable],
            hint=unusable[0].hint,
        )


def told(reached: ChannelReach) -> str:
    """Return what is known of a channel."""
    if reached.problem:
        return "cannot be used"
    return "a test message was accepted" if reached.tested else "configured"
