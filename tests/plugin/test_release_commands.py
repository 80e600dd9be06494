"""A release that commands bring back: a command without effect, and what is no proof of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugin.commanded import BUSY, commanded, led_back
from tests.plugin.village import Village


@pytest.fixture(scope="module")
def up() -> Iterator[Village]:
    """One that is up for all tests here."""
    found = Village("commands")
    yield found
    found.down()


@pytest.fixture
def village(up: Village) -> Village:
    """The same, healthy as after the deploy."""
    up.reset()
    up.describe(waivers=BUSY)
    return up


def test_a_command_without_effect_is_told_and_the_run_goes_on(village: Village) -> None:
    """Exit code 0 proves nothing; with the right command the same run comes to its end."""
    commanded(**{"return": ["true"]})(village)
    code, printed = village.arm("suites/drill")
    assert code != 0, printed
    rows = {each["id"]: each for each in village.record()["criteria"]}
    assert rows["drill.release.returned"]["outcome"] == "not met"
    assert "ended well, but look shows releases/1.5.0" in " ".join(printed.split())

    village.describe(waivers=BUSY)
    code, printed = village.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert village.embedded.site.release() == "1.4.0"


def test_what_commands_alone_say_is_not_proven(village: Village) -> None:
    """Without proves the best is inconclusive; one that fails, or a look that does, is no proof."""
    led_back(village)
    for different, identity, outcome in (
        ({"proves": None}, "validate.release.proven", "inconclusive"),
        ({"proves": ["false"]}, "validate.release.proven", "not met"),
        ({"look": ["false"]}, "validate.release.back", "inconclusive"),
        ({"look": ["echo", "releases/1.5.0"]}, "validate.release.back", "not met"),
    ):
        commanded(**different)(village)
        village.pytest("suites/validate", "-k", "test_release")
        rows = {each["id"]: each for each in village.record()["criteria"]}
        assert rows[identity]["outcome"] == outcome
        assert rows[identity]["hint"]
