"""Pre-rollback checklist: 'Notify Stakeholders', checked before an incident."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Refused
from pytest_rollback.fixtures.notify import ChannelReach
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import part

Keep = Callable[[str, object], None]


@criterion("readiness.people.reachable", phase="prepare")
def test_people_can_be_told(
    system: System, reached: list[ChannelReach], record_property: Keep
) -> None:
    """'Notify stakeholders': every channel is configured and accepts a test message."""
    record_property("channels", {each.name: told(each) for each in reached})
    unusable = [each for each in reached if each.problem]

    if system.notify is None:
        raise Advisory(
            "rollback.toml has no notification channel",
            hint="add [notify] to rollback.toml; if no notification is wanted: channels = []",
        )
    if unusable:
        raise Refused(
            f"{part(len(unusable), len(reached), 'channel')} cannot be used",
            findings=[f"{each.name}: {each.problem}" for each in unusable],
            hint=unusable[0].hint,
        )


def told(reached: ChannelReach) -> str:
    """Return what is known of a channel."""
    if reached.problem:
        return "cannot be used"
    return "a test message was accepted" if reached.tested else "configured"
