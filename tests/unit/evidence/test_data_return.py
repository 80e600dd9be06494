"""What a rollback does to data, in words; a time that is shown can be typed, and is never less."""

from __future__ import annotations

import math

import pytest

from pytest_rollback.evidence.data_return import (
    Acceptance,
    AcceptedRows,
    DataLoss,
    DataRecord,
    covers,
    record,
    typed,
)
from pytest_rollback.evidence.events import ChangeTook, as_data, of_data
from pytest_rollback.manifest.values import seconds

LOSS = DataLoss("shop", 4700.5, 412)
ROWS = DataLoss("shop", 0.0, 12, "migrating", "12 values of public.goods.price")
UNKNOWN = DataLoss("shop", 0.0, None, "migrating", "what nobody has counted")


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


@pytest.mark.parametrize(
    ("mine", "lost", "enough"),
    [
        (None, ROWS, False),
        (AcceptedRows(12), ROWS, True),
        (AcceptedRows(11), ROWS, False),
        (3600.0, ROWS, False),
        (AcceptedRows(412), LOSS, False),
        (AcceptedRows(10**9), UNKNOWN, False),
        (AcceptedRows(math.inf), UNKNOWN, True),
        (AcceptedRows(math.inf), LOSS, False),
        (math.inf, ROWS, True),
        (math.inf, UNKNOWN, True),
        (4700.5, LOSS, True),
    ],
)
def test_rows_are_accepted_as_rows(
    mine: Acceptance | None, lost: DataLoss, *, enough: bool
) -> None:
    """A time says nothing of rows, and rows nothing of a time; what nobody has counted is all."""
    assert covers(mine, lost, 0.0) == enough
    assert (ROWS.time, UNKNOWN.time) == ("12rows", "allrows")
    assert ROWS.words == "migrating of shop loses 12 values of public.goods.price"


@pytest.mark.parametrize(
    ("losses", "begun", "took", "said", "rows"),
    [
        ([], False, None, "a rollback migrates the database shop back, by the commands", None),
        ([], True, None, "the database shop was not, or not wholly, migrated back by", None),
        ([], True, 2.04, "migrated back in 2.0 s: no row and no value was lost", 0),
        ([ROWS], True, 2.0, "lost are 12 values of public.goods.price, as counted when", 12),
        ([UNKNOWN], True, 2.0, "what was lost is not known: what nobody has counted", None),
    ],
)
def test_a_record_of_a_way_back_says_what_was_lost(
    losses: list[DataLoss], took: float | None, said: str, rows: int | None, *, begun: bool
) -> None:
    """With the seconds that it took; no time of users is lost by it."""
    found = record("migrate", "shop", losses, begun=begun, took=took)
    assert said in found.sentence
    assert (found.how, found.seconds, found.rows) == ("migrate", None, rows)
