"""Every error this project raises on purpose: a message, the way out, and the exit code.

Tree::

    RollbackError             the user can act on it
    ├── UsageError        4   a wrong option or combination
    │   └── ManifestError 4   rollback.toml has problems; lists all of them
    ├── Unreachable       7   the host, its python3 or its state directory cannot be used
    ├── GateClosed       13   a change was asked for and the run is not armed for this target
    ├── LockHeld         12   another run is at work on this host
    ├── Refused           1   the host is not as the plan needs it; nothing was changed
    │   └── BalancerSilent 1  a balancer gave no answer; a reload of it takes a moment
    ├── NotDone           1   a change was made and the host still is not where it should be
    ├── Unfinished        1   a change was interrupted or failed half way; resume or undo
    ├── LeakFound         8   an artefact of the run holds a secret and was withdrawn
    ├── Inconclusive     10   could not look, or looked too short; not an error of the system's
    │   └── NotTried     10   only a unit's process tells with which Python, and it is down
    └── Advisory          0   worth saying, and declared in rollback.toml to stop nobody

Two codes belong to no error: 11, all criteria met but too late, and 14, not all were evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


def printable(text: str) -> str:
    """Return a text as one line that a terminal shows as it is: everything else is escaped.

    File names, log lines and answers are part of many messages, and whoever wrote them could have a
    terminal act, or write a line that looks like one of ours.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


class RollbackError(Exception):
    """A problem that the user can act on.

    Args:
        message: what happened, one sentence.
        hint: what to do about it, as exact as we know it. Cannot be left out.
        findings: everything that was found, one line each, where it is more than the sentence.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str, findings: Iterable[str] = ()) -> None:
        self.message, self.hint = printable(message), printable(hint)
        self.findings = tuple(map(printable, findings))
        super().__init__(self.message)

    def __str__(self) -> str:
        lines = "".join(f"\n  - {line}" for line in self.findings)
        return f"{self.message}{lines}\nHINT: {self.hint}"


class UsageError(RollbackError):
    """An option, or a combination of options, that makes no sense."""

    exit_code = 4


class ManifestError(UsageError):
    """`rollback.toml` cannot be used; the message lists every problem found in it."""


class Unreachable(RollbackError):
    """The host does not answer, has no usable python3, or its state directory is unusable."""

    exit_code = 7


class LeakFound(RollbackError):
    """An artefact of the run held a secret; it was withdrawn."""

    exit_code = 8


class LockHeld(RollbackError):
    """Another run is at work on this host; the message names its holder."""

    exit_code = 12


class GateClosed(RollbackError):
    """A change was asked for, and this run is not armed for this target."""

    exit_code = 13


class Refused(RollbackError):
    """The host is not as the plan needs it. Nothing was changed."""


class NotDone(RollbackError):
    """Changes were made, and looking again shows that some are still needed."""


class Unfinished(RollbackError):
    """Changes were interrupted or failed half way; the hint resumes or undoes them."""


class Inconclusive(RollbackError):
    """A criterion could not look, or looked too short. Counts as not met, under its own name."""

    exit_code = 10


class Advisory(RollbackError):
    """A criterion is not met, and `rollback.toml` declares that this must not stop anybody."""

    exit_code = 0


RTO_MISSED = 11
"""Exit code of a run whose criteria are all met, but too late."""

PARTIAL = 14
"""Exit code of a run that met all it evaluated, but did not evaluate whole suites."""
