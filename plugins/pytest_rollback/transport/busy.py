"""The question that comes before all others: is somebody at work on the host already?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pytest_rollback.agent import protocol
from pytest_rollback.errors import LockHeld
from pytest_rollback.transport.call import AgentReply, AnyCall


def knows_no_more() -> None:
    """Know no more of who is at work than the host."""


@dataclass(frozen=True)
class FirstQuestion:
    """`runs.idle`, asked together with whatever is asked next, until nobody is at work.

    Args:
        call: the call.
        held: returns the call to be asked instead where the host says that somebody holds it, and
            the asker knows that they are dead; None where it knows no more than the host.
    """

    call: AnyCall
    held: Callable[[], AnyCall | None] = knows_no_more

    def asked(self) -> Iterator[dict[str, Any]]:
        """Yield it as it travels: the agent answers nothing else once somebody is at work."""
        yield {**self.call.asked(), "first": True}

    def judged(self, said: AgentReply) -> FirstQuestion | None:
        """Return what is to be asked first in its place; None where nobody is at work.

        Raises:
            LockHeld: somebody is at work, or a rollback lies half done.
        """
        problem = said.get("problem")
        if not problem or problem["kind"] not in protocol.BUSY:
            return None
        other = self.held() if problem["kind"] == protocol.HELD else None
        if other is None:
            raise LockHeld(problem["message"], hint=problem["hint"])
        return replace(self, call=other, held=knows_no_more)
