"""Maintenance by commands, in whole sessions: users get it, and it is lifted and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.commanded import BUSY
from tests.plugin.village import Village

LOOK = "test -e $0 && echo in maintenance || echo serving"


def by_commands(village: Village, **other: object) -> None:
    """Have commands put the page where the edge looks for it, and no page described."""
    document = village.document()
    page = document["maintenance"]["page"]
    told: dict[str, Any] = {
        "on": ["sh", "-c", "echo System maintenance in progress > $0", page],
        "off": ["rm", "-f", page],
        "look": ["sh", "-c", LOOK, page],
        "shown": "in maintenance",
        "lifted": "serving",
        **other,
    }
    kept = {key: document["maintenance"][key] for key in ("text", "status", "body")}
    village.describe(maintenance={**kept, "commands": told}, waivers=BUSY)


@pytest.fixture
def failing(village: Village) -> Village:
    """A village whose current release is bad, and whose maintenance commands switch."""
    village.embedded.break_("degraded")
    by_commands(village)
    return village


def test_users_are_told_to_wait_and_get_the_system_again(failing: Village) -> None:
    """The edge was seen with the page meanwhile; an undo leaves nothing of it."""
    code, printed = failing.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    record = failing.record()
    rows = {each["id"]: each["outcome"] for each in record["criteria"]}
    assert rows["drill.maintenance.shown"] == rows["drill.maintenance.lifted"] == "met"
    assert rows["validate.maintenance.lifted"] == "met"
    assert record["maintenance_seconds"] > 0


def test_a_command_that_does_not_lift_it_is_red(failing: Village) -> None:
    """Whatever it says itself."""
    by_commands(failing, off=["true"])
    code, printed = failing.arm("suites/drill")
    assert code != 0, printed
    rows = {each["id"]: each for each in failing.record()["criteria"]}
    assert rows["drill.maintenance.lifted"]["outcome"] == "not met"
    assert "is not off, although true ended well" in rows["drill.maintenance.lifted"]["message"]
    by_commands(failing)

    code, printed = failing.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
