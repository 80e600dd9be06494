"""What is said of the directory of a previous release that has more in it than was recorded."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.messages.backup.strategies import PreviousPart, PreviousParts
from pytest_rollback.checks import released
from pytest_rollback.errors import Advisory, Refused

PART = PreviousPart("/srv/shop/releases/1", "1", "releases/2", files=9)


def with_more(*paths: str) -> PreviousParts:
    """Return a release that has these files besides."""
    return PreviousParts((PART._replace(more=paths),))


@pytest.mark.parametrize("path", ["app/json.py", "lib/x.so", "conf.d/99.conf", "node_modules/a.js"])
def test_what_a_program_would_load_is_red(path: str) -> None:
    """A module beside the recorded ones takes the place of another one of its name."""
    (part,) = with_more("log/today", path).parts
    with pytest.raises(Refused) as raised:
        released.safe("links", PreviousParts((part._replace(risks=("a cleaning",)),)))

    assert raised.value.findings == (f"{PART.place}/{path}",)


@pytest.mark.parametrize("path", ["log/today", "cache/1.json", "web.pid", "uploads/photo.jpg"])
def test_what_a_system_writes_is_worth_saying(path: str) -> None:
    """Logs, caches and uploads do not change which release runs."""
    with pytest.raises(Advisory):
        released.safe("links", with_more(path))


def test_nothing_besides_is_safe() -> None:
    """As it was recorded."""
    released.safe("links", with_more())
