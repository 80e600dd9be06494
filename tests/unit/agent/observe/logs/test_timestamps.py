"""Times at the head of log lines, in every form that is understood."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.observe.logs import timestamps
from pytest_rollback.agent.observe.logs.reading import stamp
from pytest_rollback.agent.observe.logs.timestamps import ALMOST

if TYPE_CHECKING:
    from collections.abc import Iterator

UTC = 1795528375.0
"""2026-11-24 13:52:55 UTC."""


@pytest.fixture(params=["UTC", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Hosts in two zones."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    timestamps.dated.cache_clear()
    yield request.param
    monkeypatch.undo()
    time.tzset()
    timestamps.dated.cache_clear()


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("2026-11-24T13:52:55Z INFO up", ALMOST),
        ("2026-11-24T13:52:55.250Z INFO up", 0.25),
        ("2026-11-24 14:52:55,250+01:00 INFO up", 0.25),
        ("[2026-11-24 08:52:55 -0500] [12] [INFO] up", ALMOST),
        ("2026-11-24 13:52:55.125 UTC [1234] LOG:  up", 0.125),
        ("2026/11/24 13:52:55 GMT [error] up", ALMOST),
        ("INFO 2026-11-24T13:52:55Z up", ALMOST),
        ("[WARNING] 2026-11-24T13:52:55Z up", ALMOST),
        ('{"level": "info", "@timestamp": "2026-11-24T13:52:55.5Z", "msg": "up"}', 0.5),
        ("<3>2026-11-24T13:52:55Z up", ALMOST),
        ("127.0.0.1 - - [24/Nov/2026:13:52:55 +0000] GET /", ALMOST),
    ],
)
def test_a_time_with_a_zone_is_the_same_everywhere(zone: str, line: str, part: float) -> None:  # noqa: ARG001
    """The zone of the host does not matter."""
    assert stamp(line) == UTC + part


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-24 13:52:55,000 ERROR boom",
        "2026-11-24T13:52:55 ERROR boom",
        "[2026-11-24 13:52:55] boom",
        "[Tue Nov 24 13:52:55 2026] boom",
    ],
)
def test_a_time_without_a_zone_is_the_hosts_own(zone: str, line: str) -> None:
    """It is read on the clock of the host."""
    found = stamp(line)

    assert found is not None
    assert int(found) == UTC + {"UTC": 0, "America/New_York": 5 * 3600}[zone]


def test_a_syslog_time_is_of_the_latest_year_that_is_not_to_come() -> None:
    """It has no year: today is of this one, a day far ahead is of the last."""
    now = time.localtime()
    found = stamp(time.strftime("%b %e %H:%M:%S host app[1]: up", now))
    assert found == time.mktime(now) + ALMOST

    ahead = time.localtime(time.time() + 40 * 86400)
    found = stamp(time.strftime("%b %d %H:%M:%S host app[1]: up", ahead))
    assert found is not None
    assert found < time.time()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "up and running",
        "  2026-11-24T13:52:55Z indented: goes on from above",
        "\t2026-11-24T13:52:55Z",
        "ValueError: 2026-11-24T13:52:55Z is no date",
        "2026-13-24T13:52:55Z no such month",
        "2026-11-24 25:52:55 no such hour",
        "2026-11-24",
        "99999",
    ],
)
def test_what_is_no_time_has_none(line: str) -> None:
    """A line that only mentions a time goes on from the one above."""
    assert stamp(line) is None
