"""Every way for a release to be bad: the drill recovers."""

from __future__ import annotations

import pytest

from tests.plugin.operator import REPOSITORY
from tests.plugin.village import Village

SCENARIOS = sorted(
    path.parent.name for path in REPOSITORY.glob("fixtures/village/scenarios/*/*.toml")
)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_drill_recovers_from(village: Village, scenario: str) -> None:
    """Drill and validation end RECOVERED whatever was wrong with the release."""
    village.embedded.break_(scenario)
    code, printed = village.arm("suites/drill", "suites/validate")

    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert village.embedded.site.release() == "1.4.0", printed
