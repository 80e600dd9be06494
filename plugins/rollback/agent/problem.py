"""A problem on the host that somebody can act on: what, and the way out."""

from __future__ import annotations


class Problem(Exception):
    """Something the agent could not or would not do.

    Args:
        message: what happened, one sentence.
        hint: the exact way out.
        kind: how the controller names it: refused, held, unreachable, unfinished.
    """

    def __init__(self, message: str, hint: str, kind: str = "refused") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind
