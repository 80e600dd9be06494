"""What users got, added up: every moment counted once, and nothing better than was seen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.agent.messages.probes.edge import PageAnswer, WatchedEdge
from pytest_rollback.agent.observe.probes import edge
from pytest_rollback.checks.availability import KINDS, AvailabilityCount, EdgeSample


@pytest.mark.parametrize(
    ("status", "page", "kind"),
    [
        (200, PageAnswer(200, "wait"), "up"),
        (200, PageAnswer(200, "fine"), "maintenance"),
        (200, PageAnswer(200, ""), "up"),
        (503, PageAnswer(503, ""), "maintenance"),
        (503, None, "error"),
        (None, PageAnswer(503, ""), "error"),
    ],
)
def test_a_page_with_the_systems_status_is_known_by_its_text(
    status: int | None, page: PageAnswer | None, kind: str
) -> None:
    """What cannot be told apart is not called maintenance."""
    assert edge.judged(status, "all is fine", WatchedEdge("http://127.0.0.1/", page=page)) == (
        kind,
        None,
    )


def test_the_beat_is_kept() -> None:
    """Questions that were due meanwhile are left out; the next comes on the beat."""
    assert edge.after(1.0, 1.01, 0.1) == pytest.approx(1.1)
    assert edge.after(1.0, 1.57, 0.1) == pytest.approx(1.6)
    assert edge.after(1.0, 0.9, 0.1) == pytest.approx(1.1)


Steps = st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.sampled_from(KINDS)), max_size=30)


@given(Steps, st.floats(0, 9))
def test_spans_add_up_to_the_whole_time(steps: list[Any], rest: float) -> None:
    """Every moment from the first question to the end is counted once, whatever happened."""
    tally, at, first = AvailabilityCount(1.0), 0.0, 0.0
    for index, (pause, wait, kind) in enumerate(steps):
        asked = at + pause
        first = first if index else asked
        at = asked + wait
        tally.add(EdgeSample(asked, at, kind))
    ended = tally.close(at + rest)

    whole = at + rest - first if steps else 0.0
    assert sum(ended.spans.values()) == pytest.approx(whole)
    assert sum(ended.spans.values()) == sum(tally.close(at + rest).spans.values())


def test_an_answer_after_a_second_is_an_outage_until_it_comes() -> None:
    """Users who waited for it saw nothing; afterwards they got it."""
    tally = AvailabilityCount(1.0)
    tally.add(EdgeSample(0.5, 3.0, "up"))
    ended = tally.close(3.4)

    assert ended.spans == pytest.approx({"up": 0.4, "maintenance": 0.0, "error": 2.5})
    assert [each.error for each in ended.seconds()] == [1, 1, 1, 0]


def test_a_day_does_not_fill_the_memory() -> None:
    """Seconds are kept for some hours; the sums go on."""
    tally = AvailabilityCount(1.0)
    for second in range(100_000):
        tally.add(EdgeSample(second, second + 0.1, "up"))

    assert len(tally.counts) < 20_000
    assert tally.close(100_000).spans["up"] == pytest.approx(100_000)
