"""What became of a run after its end is told by its timeline."""

from __future__ import annotations

import pytest

from pytest_rollback.evidence.afterwards import afterwards
from pytest_rollback.evidence.events import (
    Acknowledged,
    Event,
    ItemTicked,
    RunBegan,
    RunFinished,
    RunRebuilt,
    RunUndone,
)

AT = "2026-11-24T12:00:00+00:00"
SAID = "2026-11-24 12:00:00 UTC"
TICK = ItemTicked("estimate", by="ann", at=AT)


@pytest.mark.parametrize(
    ("events", "sentences"),
    [
        ((RunBegan(), RunFinished()), ()),
        ((RunBegan(), TICK, RunFinished()), ()),
        ((RunBegan(), TICK), ()),
        (
            (RunFinished(), TICK, Acknowledged(by="bob", at=AT)),
            (f"amended: 2 entries added since the run ended, the last by bob at {SAID}",),
        ),
        ((RunRebuilt(by="ann", at=AT),), (f"rebuilt by ann at {SAID}: the run was killed",)),
        (
            (RunFinished(), RunUndone(by="ann", at=AT)),
            (f"undone by ann at {SAID}: the host has the failed release again",),
        ),
    ],
    ids=["as it ended", "ticked before", "killed", "ticked after", "rebuilt", "undone"],
)
def test_what_became_of_a_run(events: tuple[Event, ...], sentences: tuple[str, ...]) -> None:
    """Nothing of what is a part of the run itself."""
    assert tuple(each.sentence for each in afterwards(events)) == sentences
