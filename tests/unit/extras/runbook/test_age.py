"""A runbook that nobody drilled as it is now, or nobody reviewed in time, is told apart."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from pytest_rollback.extras.runbook.age import day, stale

DRILLED = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
TODAY = dt.date(2026, 6, 1)


@pytest.mark.parametrize(
    "text", ["2025-08-23", "August 23, 2025", "Aug 23, 2025", "23 August 2025", "23.08.2025"]
)
def test_a_day_is_read_however_it_is_written(text: str) -> None:
    """All the usual ways; anything else is no day."""
    assert day(text) == dt.date(2025, 8, 23)
    assert day(f"about {text}") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**Last Updated**: August 23, 2025  \n", []),
        ("**Last Updated**: April 2, 2026  \n", ["was changed on 2026-04-02"]),
        ("Updated: 2025-01-01\nNext review: 2026-05-31\n", ["was due on 2026-05-31"]),
        ("Updated: 2025-01-01\n**Review date**: 2026-06-01\n", []),
        ("no day at all\n", ["was changed on 2026-05-05"]),
    ],
)
def test_what_is_stale_is_told(tmp_path: Path, text: str, said: list[str]) -> None:
    """Changed since the drill, or past its own review day; the file's day where it states none."""
    page = tmp_path / "page.md"
    page.write_text(text)
    at = dt.datetime(2026, 5, 5, tzinfo=dt.UTC).timestamp()
    os.utime(page, (at, at))
    found = list(stale(page, DRILLED, TODAY))

    assert len(found) == len(said)
    assert all(words in line for words, line in zip(said, found, strict=True))


def test_a_page_that_is_not_there_is_told_elsewhere(tmp_path: Path) -> None:
    """The criterion of the runbook itself says that it cannot be read."""
    assert list(stale(tmp_path / "none.md", DRILLED, TODAY)) == []
