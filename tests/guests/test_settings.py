"""One criterion is red; it stays red with the same counts, whatever is set where pytest is called.

By default some settings are played from a wheel. `make guests` plays all of them, from a wheel and
editable, and renews the tables of docs/guests.md.
"""

from __future__ import annotations

import pytest

from tests.guests.guest import LESS, NOT_OURS, REFUSED, SAME
from tests.guests.played import Played, figures, keep, play
from tests.guests.settings import SETTINGS
from tests.plugin.installed import programs
from tests.plugin.shop import Shop

SHORT = {
    "PYTEST_ADDOPTS: --collect-only",
    "PYTEST_ADDOPTS: -x",
    "addopts: -m",
    "fixtures named as ours",
    "logreport: all passed",
    "settings in pytest.toml",
}
"""Those of `make test-all`."""


@pytest.mark.parametrize("way", ["wheel", pytest.param("editable", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "setting",
    [each if each in SHORT else pytest.param(each, marks=pytest.mark.long) for each in SETTINGS],
)
def test_no_setting_changes_a_verdict(shop: Shop, wanted: Played, setting: str, way: str) -> None:
    """Evaluated, met and not met as without it; or the session is refused, or none of ours."""
    guest = SETTINGS[setting]
    found = play(shop, guest, programs(way))
    keep("settings", setting, way, {**figures(found), "ends": guest.ends})

    assert found.code != 0, found.said
    if guest.ends == SAME:
        assert (found.code, found.verdict) == (wanted.code, wanted.verdict), found.said
        assert found.rows == wanted.rows, found.said
    elif guest.ends == LESS:
        assert (found.code, found.verdict) == (1, "NOT READY"), found.said
    elif guest.ends == NOT_OURS:
        assert (found.code, found.verdict) == (4, ""), found.said
        assert "rollback" not in found.said.partition("ERROR")[0], found.said
    else:
        assert guest.ends == REFUSED
        assert found.verdict == "", found.said
