"""What a rollback does to data, in words; a time that is shown can be typed, and is never less."""

from __future__ import annotations

import pytest

from pytest_rollback.evidence.data_return import DataLoss, DataRecord, record, typed
from pytest_rollback.evidence.events import ChangeTook, as_data, of_data
from pytest_rollback.manifest.values import seconds

LOSS = DataLoss("shop", 4700.5, 412)


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (0.0, "0s"),
        (44.2, "45s"),
        (119.9, "120s"),
        (120.0, "2m"),
        (4700.5, "79m"),
        (10799.0, "180m"),
        (10800.0, "3h"),
        (95000.0, "27h"),
    ],
)
def test_a_time_is_rounded_up(time: float, said: str) -> None:
    """What is typed is a duration as rollback.toml has them, and covers the loss."""
    assert typed(time) == said
    assert seconds(said) >= time


def test_a_loss_says_how_many_rows_only_where_they_are_known() -> None:
    """No number is not none."""
    assert LOSS.words == (
        "a restore of shop loses 79m of what users wrote (412 rows when it was rehearsed)"
    )
    assert DataLoss("shop", 60.0).words == "a restore of shop loses 60s of what users wrote"
    assert "(0 rows when" in DataLoss("shop", 60.0, 0).words


@pytest.mark.parametrize(
    ("how", "losses", "begun", "said"),
    [
        ("keep", [], True, "the database shop was kept as it was: none of its data is lost"),
        ("keep", [], False, "the database shop stays as it is in a rollback: none of its data"),
        ("restore", [], False, "a rollback restores the database shop: what users wrote since"),
        ("restore", [], True, "no restore of the database shop was carried out by this run"),
        ("restore", [LOSS], True, "shop was restored: lost is what users wrote in 79m, 412 rows"),
        ("restore", [DataLoss("shop", 60.0)], True, "lost is what users wrote in 60s"),
    ],
)
def test_a_record_says_which_way_and_what_was_lost(
    how: str, losses: list[DataLoss], said: str, *, begun: bool
) -> None:
    """What was not restored lost nothing, and is not called restored."""
    found = record(how, "shop", losses, begun=begun)
    assert said in found.sentence
    assert found.seconds == (losses[0].seconds if losses else None)
    assert found.rows == (losses[0].rows if losses else None)
    assert DataRecord().sentence == ""


def test_a_timeline_keeps_what_was_lost() -> None:
    """A change that loses nothing says nothing of it."""
    took = ChangeTook("restore the database", "configuration", "restore", 3.0, LOSS)
    assert of_data(as_data(took)) == took
    assert "lost" not in as_data(ChangeTook("a", "files", "b", 1.0))
