"""Looks at a host: they say which calls they need, and several of them share each round trip.

A look is a generator. It yields the calls that it needs next, is sent their answers, and returns
what it found. So nothing but `look` and `look_all` needs a connection, and the looks themselves can
be tried without a host.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeVar

from pytest_rollback.agent.protocol import Answer, Request
from pytest_rollback.errors import LockHeld, RollbackError
from pytest_rollback.transport.call import Answers, AnyCall, Call
from pytest_rollback.transport.connection import Connection

Found = TypeVar("Found")
Look = Generator[Sequence[AnyCall], Answers, Found]

LONGEST = 300.0
"""Seconds that the calls of several looks may take together."""


def asked(call: Call[Request, Answer]) -> Look[Answer]:
    """Look with one call; its answer is what is found."""
    answers = yield [call]
    return answers.of(call)


def without_asking(found: Found) -> Look[Found]:
    """Look without any call: what is found is known already."""
    yield from ()
    return found


def look(connection: Connection, one: Look[Found]) -> Found:
    """Return what a look finds; one round trip for each time that it asks.

    Raises:
        RollbackError: what stood in the way.
    """
    (found,) = look_all(connection, [one])
    if isinstance(found, RollbackError):
        raise found
    return found


def look_all(connection: Connection, looks: Sequence[Look[Found]]) -> list[Found | RollbackError]:
    """Return what each look finds, or the error that it raised; calls travel together.

    Errors that are not ours to raise are bugs, and are raised.

    Raises:
        LockHeld: somebody else is at work on the host.
    """
    found: list[Any] = [None] * len(looks)
    waiting = {number: _advanced(found, number, one, None) for number, one in enumerate(looks)}
    while waiting := {number: calls for number, calls in waiting.items() if calls is not None}:
        together = [call for calls in waiting.values() for call in calls]
        deadline = min(LONGEST, sum(call.seconds for call in together))
        try:
            answers = connection.ask_all(together, deadline=deadline)
        except LockHeld:  # somebody else is at work: that is no finding of any of them
            raise
        except RollbackError as error:  # the host is lost: each look gets that as its own
            found[:] = [error if number in waiting else each for number, each in enumerate(found)]
            break
        waiting = {
            number: _advanced(found, number, looks[number], answers.among(calls))
            for number, calls in waiting.items()
        }
    return found


def _advanced(
    found: list[Any], number: int, one: Look[Any], answers: Answers | None
) -> Sequence[AnyCall] | None:
    """Return what a look asks next; None when it is done, and what it found is in its place."""
    try:
        return next(one) if answers is None else one.send(answers)
    except StopIteration as end:
        found[number] = end.value
    except RollbackError as error:
        found[number] = error
    return None
