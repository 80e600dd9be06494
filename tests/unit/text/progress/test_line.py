"""The line that ticks: what it says, and that it fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.progress.activity import Progress
from pytest_rollback.progress.line import cells, line


def begun(*, decided: bool = True) -> Progress:
    """Return the progress of a rollback that began at second 100."""
    progress = Progress()
    progress.began = 100.0
    if decided:
        progress.decide(900.0)
        progress.decided = 100.0
    return progress


def at(progress: Progress, phase: str, since: float, budget: float | None) -> None:
    """Enter a phase at some second."""
    progress.enter(phase, budget)
    assert progress.stage
    object.__setattr__(progress.stage, "since", since)


def test_a_rollback_shows_phase_budget_margin_and_what_is_changed() -> None:
    """All that an operator has to know, in one line."""
    progress = begun()
    at(progress, "files", 129.0, 420.0)

    with progress.doing("restore 312 files"):
        said = line(progress, 141.0, 79)

    assert said.startswith("0m41s files 0m12s of 7m00s, 14m19s left: restore 312 files")


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (700.0, "files 9m31s of 7m00s (over), 5m00s left: at work"),
        (1012.0, "files 14m43s of 7m00s (over), 0m12s too late: at work"),
    ],
)
def test_what_is_late_is_said(second: float, words: str) -> None:
    """Of the phase and of the whole."""
    progress = begun()
    at(progress, "files", 129.0, 420.0)

    assert words in line(progress, second, 100)


def test_a_suite_shows_its_criteria_and_what_is_asked_since_when() -> None:
    """Nobody has set it a budget."""
    progress = begun(decided=False)
    progress.enter("readiness")
    progress.done, progress.total = 12, 40

    with progress.waiting("asks shop-1 for backups", 120.0):
        asked = progress.now()
        assert asked
        progress.began = asked.since - 8.0
        said = line(progress, asked.since + 3.0, 100)

    assert said == ("0m11s readiness, 12 of 40: asks shop-1 for backups (3 s of 120 s)")


def test_what_is_waited_for_keeps_the_words_of_who_knows_better() -> None:
    """A change says what it does; that a host is asked for it is the lesser news."""
    progress = Progress()

    with progress.doing("stop shop-web"), progress.waiting("asks shop-1 for units", 15.0):
        found = progress.now()

    assert found
    assert (found.words, found.limit) == ("stop shop-web", 15.0)
    assert progress.now() is None


@given(
    words=st.text(max_size=300),
    width=st.integers(30, 200),
    passed=st.floats(0, 5000),
    decided=st.booleans(),
)
def test_no_words_are_wrapped_and_none_act(
    *, words: str, width: int, passed: float, decided: bool
) -> None:
    """Whatever a host is called: one line, no wider than the terminal."""
    progress = begun(decided=decided)
    at(progress, "configuration", 100.0, 180.0)

    with progress.waiting(words, 30.0):
        said = line(progress, 100.0 + passed, width)

    assert cells(said) <= width
    assert said.isprintable()
