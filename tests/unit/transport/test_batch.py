"""Looks share round trips: what they ask at the same moment travels together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_rollback.agent.protocol import Route
from pytest_rollback.errors import Refused, Unreachable
from pytest_rollback.transport.batch import Look, asked, look, look_all, without_asking
from pytest_rollback.transport.call import AnyCall, Call
from pytest_rollback.transport.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence


class Host(Connection):
    """A connection whose host answers a number with its double, and refuses odd ones."""

    def __init__(self) -> None:
        self.system = None  # type: ignore[assignment]
        self.trips = 0
        self.fails = False

    def _answers(self, calls: Sequence[AnyCall], deadline: float) -> list[Any]:
        """Answer each."""
        assert deadline > 0
        self.trips += 1
        if self.fails:
            raise Unreachable("the host is lost", hint="look for it")
        return [self.answer(each.request.number) for each in calls]

    @staticmethod
    def answer(number: int) -> dict[str, object]:
        """Return the double of an even number."""
        if number % 2:
            why = {"message": f"{number} is odd", "hint": "ask for another", "kind": "refused"}
            return {"problem": why}
        return {"value": [number * 2]}


Number = NamedTuple("Number", [("number", int)])  # noqa: UP014 - a class would keep texts
"""A number that is asked about, and one that is answered; its types are needed as types."""

DOUBLE = Route("number.double", Number, Number)


def double(number: int) -> Call[Number, Number]:
    """Return a call for the double of a number."""
    return Call(DOUBLE, Number(number), 5.0)


def twice(number: int) -> Look[int]:
    """Ask for the double of the double: the second call needs the first answer."""
    first = yield from asked(double(number))
    second = yield from asked(double(first.number))
    return second.number


def several(*numbers: int) -> Look[list[int]]:
    """Ask for several at once."""
    calls = [double(number) for number in numbers]
    answers = yield calls
    return [answers.of(call).number for call in calls]


def test_calls_of_one_moment_are_one_round_trip() -> None:
    """However many look; what depends on an answer takes another trip for all of them."""
    host = Host()
    found = look_all(host, [asked(double(2)), twice(4), without_asking("nothing")])

    assert (found, host.trips) == ([Number(4), 16, "nothing"], 2)


def test_an_error_is_its_own_looks_alone() -> None:
    """One look that is refused does not spoil the others."""
    found = look_all(Host(), [asked(double(3)), asked(double(2))])

    assert (str(found[0]).splitlines()[0], found[1]) == ("3 is odd", Number(4))


def test_several_calls_of_one_look_have_their_own_answers() -> None:
    """Each call is looked up by itself, whatever else travelled with it."""
    found = look_all(Host(), [several(2, 4), several(2, 3, 4)])

    assert found[0] == [4, 8]
    assert isinstance(found[1], Refused)


def test_a_host_that_is_lost_is_everybodys_error() -> None:
    """Each look gets it; one that had asked nothing is done."""
    host = Host()
    host.fails = True
    found = look_all(host, [asked(double(2)), asked(double(4)), without_asking(1)])

    assert [type(each) for each in found] == [Unreachable, Unreachable, int]
    with pytest.raises(Unreachable):
        look(host, twice(2))


def test_a_bug_in_a_look_is_raised() -> None:
    """It is ours, and no finding."""

    def broken() -> Look[int]:
        yield from ()
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        look(Host(), broken())
