"""Looks that ask at the same moment share one round trip, and each gets what it asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.errors import Refused, Unreachable
from pytest_rollback.transport.batch import looked
from pytest_rollback.transport.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Host(Connection):
    """A connection whose host answers a question with its double, and refuses odd ones."""

    def __init__(self) -> None:
        self.system = None  # type: ignore[assignment]
        self.trips = 0
        self.fails = False

    def ask_each(self, questions: Iterable[Mapping[str, object]], *, deadline: float) -> list[Any]:
        """Answer each."""
        assert deadline > 0
        self.trips += 1
        if self.fails:
            raise Unreachable("the host is lost", hint="look for it")
        return [self.answer(int(str(each["number"]))) for each in questions]

    @staticmethod
    def answer(number: int) -> object:
        """Return the double of an even number."""
        return Refused(f"{number} is odd", hint="ask for another") if number % 2 else number * 2


def ask(connection: Connection, number: int) -> int:
    """Ask one question."""
    return int(connection.ask("number", "double", number=number))


def test_questions_of_one_moment_are_one_round_trip() -> None:
    """However many look; what depends on an answer takes another trip for all of them."""
    host = Host()
    found = looked(host, [lambda c: ask(c, 2), lambda c: ask(c, ask(c, 4)), lambda _: "nothing"])

    assert (found, host.trips) == ([4, 16, "nothing"], 2)


def test_an_error_is_its_own_looks_alone() -> None:
    """One look that is refused does not spoil the others."""
    found = looked(Host(), [lambda c: ask(c, 3), lambda c: ask(c, 2)])

    assert (str(found[0]).splitlines()[0], found[1]) == ("3 is odd", 4)


def test_several_questions_of_one_look_stay_in_order() -> None:
    """`ask_all` raises the first problem; `ask_each` hands all of them over."""
    asked = [{"number": number} for number in (2, 3, 4)]
    found = looked(
        Host(),
        [
            lambda c: c.ask_all(asked[::2], deadline=1),
            lambda c: c.ask_all(asked, deadline=1),
            lambda c: c.ask_each(asked, deadline=1),
        ],
    )

    assert found[0] == [4, 8]
    assert isinstance(found[1], Refused)
    assert [found[2][0], type(found[2][1]), found[2][2]] == [4, Refused, 8]


def test_a_host_that_is_lost_is_everybodys_error() -> None:
    """Nobody waits for ever."""
    host = Host()
    host.fails = True
    found = looked(host, [lambda c: ask(c, 2), lambda c: ask(c, 4)])

    assert [type(each) for each in found] == [Unreachable, Unreachable]


def test_a_bug_is_raised() -> None:
    """What is not ours to tell comes out as it is."""
    with pytest.raises(ZeroDivisionError):
        looked(Host(), [lambda _: 1 // 0, lambda c: ask(c, 2)])


def test_no_looks_no_trip() -> None:
    """Nothing to look at asks nothing."""
    host = Host()

    assert (looked(host, []), host.trips) == ([], 0)
