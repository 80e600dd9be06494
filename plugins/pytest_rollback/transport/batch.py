"""Several looks at once: what they ask at the same moment travels in one round trip."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_rollback.errors import RollbackError
from pytest_rollback.transport.connection import Connection

Look = Callable[[Connection], Any]
LONGEST = 300.0
"""Seconds that questions of several looks may take together."""


@dataclass
class Call:
    """Questions of one look that wait for their answers."""

    questions: Sequence[Mapping[str, object]]
    deadline: float
    answers: list[Any] = field(default_factory=list)
    answered: threading.Event = field(default_factory=threading.Event)


class BatchedConnection(Connection):
    """What a look takes for its connection: its questions wait until every other look asks too."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.system)
        self._real = connection
        self._state = threading.Condition()
        self._waiting: list[Call] = []
        self._busy = 0

    @property
    def host(self) -> Any:  # noqa: ANN401 - testinfra ships no types
        """The testinfra host, for single facts; those travel alone."""
        return self._real.host

    def ask_all(self, questions: Iterable[Mapping[str, object]], *, deadline: float) -> list[Any]:
        """Return the answers to several questions, once everybody's have been asked."""
        answers = self.ask_each(questions, deadline=deadline)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers

    def ask_each(self, questions: Iterable[Mapping[str, object]], *, deadline: float) -> list[Any]:
        """Return the answers as `ask_all` does, with an error where a problem stood in its way."""
        call = Call(list(questions), deadline)
        with self._state:
            self._waiting.append(call)
            self._busy -= 1
            self._state.notify_all()
        call.answered.wait()
        return call.answers

    def each(self, looks: Iterable[Look]) -> list[Any]:
        """Return what each look finds, or the error that it raised, in their order."""
        found: dict[int, Any] = {}
        threads = [
            threading.Thread(target=self._look, args=(found, number, look), daemon=True)
            for number, look in enumerate(looks)
        ]
        self._busy = len(threads)
        for thread in threads:
            thread.start()
        while self._gathered():
            self._carry()
        return [found[number] for number in range(len(threads))]

    def _look(self, found: dict[int, Any], number: int, look: Look) -> None:
        try:
            found[number] = look(self)
        except Exception as error:  # noqa: BLE001 - it is raised for every criterion that asks
            found[number] = error
        with self._state:
            self._busy -= 1
            self._state.notify_all()

    def _gathered(self) -> bool:
        """Wait until every look asks or is done; False when all of them are done."""
        with self._state:
            self._state.wait_for(lambda: self._busy == 0)
            return bool(self._waiting)

    def _carry(self) -> None:
        """Ask everybody's questions in one round trip, and let everybody go on."""
        calls, self._waiting = self._waiting, []
        asked = [question for call in calls for question in call.questions]
        try:
            deadline = min(LONGEST, sum(call.deadline for call in calls))
            answers = self._real.ask_each(asked, deadline=deadline)
        except Exception as error:  # noqa: BLE001 - it is raised for every criterion that asks
            answers = [error] * len(asked)
        self._busy = len(calls)
        for call in calls:
            call.answers = [answers.pop(0) for _ in call.questions]
            call.answered.set()


def looked(connection: Connection, looks: Iterable[Look]) -> list[Any]:
    """Return what each look finds, or the error that it raised; questions travel together.

    Errors that are not ours to raise are bugs, and are raised.
    """
    found = BatchedConnection(connection).each(looks)
    for each in found:
        if isinstance(each, Exception) and not isinstance(each, RollbackError):
            raise each
    return found
