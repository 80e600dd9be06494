"""What users got each second: answers, the maintenance page, or errors."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.presenter import Excerpt, some
from pytest_rollback.report.html.timeline import AxisTick, ticks
from pytest_rollback.text.quantities import clock, percent

if TYPE_CHECKING:
    from pytest_rollback.report.html.presenter import Presenter
    from pytest_rollback.run.run_record import RunRecord

KINDS = ("up", "maintenance", "error")
COLUMNS = 150
HEIGHT = 120.0
OVERLAP = 0.003  # hides the seams between columns


class Second(NamedTuple):
    """How many answers of each kind there were in one second."""

    second: int
    up: float
    maintenance: float
    error: float

    @property
    def worst(self) -> str:
        """Return the worst kind that users got in this second."""
        got = zip(reversed(KINDS), (self.error, self.maintenance, self.up), strict=True)
        return next((kind for kind, number in got if number), "not asked")


class AvailabilityBlock(NamedTuple):
    """One coloured piece of one column; x and width in per cent, y and height in pixels."""

    kind: str
    x: str
    width: str
    y: str
    height: str


class Stretch(NamedTuple):
    """Neighbouring seconds in which the worst that users got was the same."""

    begin: str
    end: str
    kind: str
    seconds: int


class AvailabilityView(NamedTuple):
    """The chart, and the same in words."""

    blocks: tuple[AvailabilityBlock, ...]
    ticks: tuple[AxisTick, ...]
    stretches: Excerpt[Stretch]
    totals: dict[str, int]
    place: str
    problem: str
    height: float = HEIGHT


def seconds(record: RunRecord) -> list[Second]:
    """Return the seconds of the record in order."""
    return sorted(
        Second(each.second, max(0, each.up), max(0, each.maintenance), max(0, each.error))
        for each in record.users
    )


def columns(asked: list[Second], begin: int, width: int) -> list[Second]:
    """Return the answers summed up over so many seconds each; `second` counts from the begin."""

    def place(each: Second) -> int:
        return (each.second - begin) // width

    return [
        Second(at, *(sum(values) for values in tuple(zip(*group, strict=True))[1:]))
        for at, group in groupby(asked, place)
    ]


def stack(shares: tuple[float, ...], begin: float, end: float) -> list[AvailabilityBlock]:
    """Return the pieces of one column, what users like best at the bottom."""
    x, width = percent(begin), percent(min(end + OVERLAP, 1.0) - begin)
    blocks, y = [], HEIGHT
    for kind, share in zip(KINDS, shares, strict=True):
        height = HEIGHT * share
        y -= height
        if height:
            blocks.append(AvailabilityBlock(kind, x, width, f"{y:.1f}", f"{height:.1f}"))
    return blocks


def shares(column: Second) -> tuple[float, ...]:
    """Return which part of the answers of a column was of each kind."""
    total = sum(column[1:])
    return tuple(value / total if total else 0.0 for value in column[1:])


def blocks(asked: list[Second], number: int) -> list[AvailabilityBlock]:
    """Return the pieces of all columns; equal neighbours are one."""
    found: list[AvailabilityBlock] = []
    for (_, same), group in groupby(
        enumerate(asked), lambda at: (at[1].second - at[0], shares(at[1]))
    ):
        places = [each.second for _, each in group]
        found += stack(same, places[0] / number, (places[-1] + 1) / number)
    return found


def stretches(asked: list[Second]) -> list[Stretch]:
    """Return the run in words: from when to when users got what."""
    found = []
    for kind, group in groupby(asked, lambda each: each.worst):
        run = [each.second for each in group]
        found.append(Stretch(clock(run[0]), clock(run[-1] + 1), kind, len(run)))
    return found


def users(record: RunRecord, present: Presenter) -> AvailabilityView | None:
    """Return what users got, or None if the edge was not checked."""
    asked = seconds(record)
    if not asked:
        return None
    begin, length = asked[0].second, asked[-1].second - asked[0].second + 1
    width = -(-length // COLUMNS)
    number = -(-length // width)
    totals = {kind: round(sum(getattr(each, kind) for each in asked)) for kind in KINDS}
    said = some(stretches(asked), present.limits.items)
    drawn = tuple(blocks(columns(asked, begin, width), number))
    place = present.text(record.users_asked_from, 200)
    problem = present.text(record.users_problem, 300)
    return AvailabilityView(drawn, ticks(number * width), said, totals, place, problem)
