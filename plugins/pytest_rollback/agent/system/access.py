"""What an account may read: asked of the kernel, as that account, so that every rule counts."""

from __future__ import annotations

from typing import Iterator, Optional, Sequence

from ..errors import HostError
from .command import run

SCRIPT = (
    'for path do if [ -d "$path" ]; then [ -x "$path" ]; else [ -r "$path" ]; fi '
    "&& printf 1 || printf 0; done"
)
TIMEOUT = 30.0
MOST = 500
"""Paths of one command: each is at most 4 KiB, and an argument list 2 MiB."""


def unreadable(
    paths: Sequence[str], user: Optional[str], groups: Sequence[int] = ()
) -> Iterator[str]:
    """Yield those of absolute paths that an account may not read, or enter; links are followed.

    Args:
        paths: what is asked about; what is not there counts as unreadable.
        user: the account, None or "" for who we are.
        groups: groups besides that account's, the first one in the place of its own.

    Raises:
        HostError: there is no such account, we may not become it, or there is no answer.
    """
    for at in range(0, len(paths), MOST):
        part = paths[at : at + MOST]
        outcome = run(["sh", "-c", SCRIPT, "sh", *part], TIMEOUT, user=user, groups=groups)
        if len(outcome.out) != len(part):
            raise HostError(
                f"what {user or 'this account'} may read cannot be asked: {outcome.words}",
                "see 'command -v sh' on the host",
            )
        yield from (path for path, may in zip(part, outcome.out) if may == "0")
