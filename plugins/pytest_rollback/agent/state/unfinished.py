"""Whether a rollback is under way on this host, or lies half done: nobody judges it meanwhile.

Nor where it has another state directory: two descriptions of one system see each other's runs.
What a run is about, its root and its units, leads to its state directory: each by a link in one
directory of the account that changes the host. A link decides nothing; the leases there do.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
from typing import Container, Iterator, NamedTuple, Sequence, Tuple

from ..errors import HostError
from ..files import lookup
from ..files.tree import Tree
from ..messages.location import HolderProcess, placed
from ..messages.state.progress import RunProgress
from ..messages.state.runs import Idle, IdleRequest
from . import directory as places
from . import lease as leases
from . import progress
from .directory import record_of
from .lease import Lease
from .lock import locked

OF_ROOT, OF_OTHERS = "/var/lib/rollback", ".local/state/rollback"
"""Where root has such links, and below its home any other account."""

LINKS = ".by-subject"

OPEN = (None, "failed", "inconclusive", "interrupted")
"""The outcomes of runs that somebody may go on with."""

ENDED = {
    "failed": "has not recovered the system",
    "inconclusive": "has not shown that it recovered the system",
}
"""How messages name the outcomes of runs that came to their end, and left the system changed."""

SAVED = "save the state"
"""The step that changes nothing: a run that came no further is half of nothing."""


def look(request: IdleRequest) -> Idle:
    """Return that no rollback but the asker's own is under way, or half done.

    Raises:
        HostError: kind `held`, the holder of one is alive; kind `open`, one goes no further unless
            somebody resumes it. The hint of the latter has the command that resumes it.
    """
    others = [each for each in leases.every(request.state) if each.holder != request.holder]
    for each in others:
        if each.is_alive and each.holder not in request.gone:
            raise each.held()
    for problem in half_done(request.state, others) if request.open_too else ():
        raise problem
    about = subject(request.root, request.within, request.units)
    refuse_elsewhere(request.state, about, (request.holder,), open_too=request.open_too)
    return Idle()


class Subject(NamedTuple):
    """What a run is about: where its roots led, and the units of the system."""

    roots: Sequence[str]
    units: Sequence[str]


def subject(root: str, within: Sequence[str], units: Sequence[str]) -> Subject:
    """Return what a run is about, of what is named; "" is no root."""
    named = placed(root, within) if root else ()
    return Subject(tuple(map(os.path.realpath, named)), units)


def refuse_elsewhere(
    state: str,
    about: Subject,
    ours: Container[HolderProcess],
    *,
    open_too: bool = True,
) -> None:
    """Refuse what another state directory has an unfinished run about.

    Raises:
        HostError: kind `held`, its holder is alive and none of `ours`, or it lies half done.
    """
    for other, lease in _elsewhere(state, about):
        left = iter([lease.held()] if lease.is_alive else half_done(other, [lease]))
        problem = next(left, None) if open_too or lease.is_alive else None
        if problem and lease.holder not in ours:
            raise HostError(
                f"another rollback.toml is about the same system: {problem.message}; its state "
                f"directory is {other}, not {state}",
                f'let it end, with the rollback.toml that has state = "{other}" in [system]: '
                "rollback status; then let one of the two describe the system",
                "held",
            )


def _elsewhere(state: str, about: Subject) -> Iterator[Tuple[str, Lease]]:
    """Yield the runs that other state directories have about one of the roots, or of the units."""
    here = os.path.realpath(state)
    with contextlib.suppress(HostError, OSError, KeyError), Tree(index()) as links:
        for other in sorted(_led(links.root, about) - {here}):
            with contextlib.suppress(HostError, OSError):
                os.close(places.opened(other))  # it can be believed: nobody else writes there
                for lease in leases.every(other):
                    if {*lease.places} & {*about.roots} or {*lease.units} & {*about.units}:
                        yield other, lease


def _led(links: int, about: Subject) -> set[str]:
    """Return the state directories that root and units lead to."""
    starts = tuple(map(_start, (*about.roots, *about.units)))
    names = [name for name in os.listdir(links) if name.startswith(starts)]
    return {os.path.realpath(os.readlink(name, dir_fd=links)) for name in names}


def index() -> str:
    """Return the directory with the links of this account."""
    if os.geteuid() == 0:
        return os.path.join(OF_ROOT, LINKS)
    return os.path.join(pwd.getpwuid(os.geteuid()).pw_dir, OF_OTHERS, LINKS)


def _start(subject: str) -> str:
    return hashlib.sha256(os.fsencode(subject)).hexdigest()[:24]


@contextlib.contextmanager
def leading(state: str, about: Subject) -> Iterator[None]:
    """Have root and units lead to a state directory, and begin one run at a time meanwhile.

    Where an account has no place for links, its runs are not seen from elsewhere, and are begun.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(index()))
            _lead(state, about)
        except (HostError, OSError, KeyError) as error:
            if getattr(error, "kind", "") == "held":
                raise
        yield


def _lead(state: str, about: Subject) -> None:
    """Make the links, and take away those of state directories that are gone."""
    end = _start(os.path.realpath(state))
    with Tree(index()) as links:
        for name in os.listdir(links.directory("")):
            if lookup.kind(os.readlink(name, dir_fd=links.root)) != "directory":
                os.unlink(name, dir_fd=links.root)
        for each in (*about.roots, *about.units):
            with contextlib.suppress(FileExistsError):
                os.symlink(os.path.realpath(state), f"{_start(each)}{end}", dir_fd=links.root)


def half_done(state: str, others: list[Lease]) -> Iterator[HostError]:
    """Yield the errors for runs that somebody has to resume, the latest first."""
    record = record_of(state)
    for lease in reversed(others):
        told = progress.look(leases.folder(state, lease.run))
        by = f"by {lease.by} since {lease.since}, run {lease.run}"
        if told.undo == "begun":
            yield _open(f"a rollback is partly undone: begun {by}", f"rollback undo {lease.run}")
        elif lease.outcome in OPEN and is_mixed(told) and (lease.record == record or began(told)):
            next_ = f"; next step: {told.next}" if told.next else ""
            only = "".join(f" --component={name}" for name in lease.only)
            was = ENDED.get(lease.outcome or "", "is not finished")
            undo = f"; to undo it: rollback undo {lease.run}" if lease.outcome in ENDED else ""
            yield _open(f"a rollback {was}: begun {by}{next_}", f"rollback now{only}{undo}")


def is_mixed(told: RunProgress) -> bool:
    """Return whether a run has changed the system; one whose journals are lost may have."""
    return bool(told.damage) or not told.heads or any(step.name != SAVED for step in told.steps)


def began(told: RunProgress) -> bool:
    """Return whether a run was broken off within a step; its backup set may be moved already."""
    return any(step.state == "begun" for step in told.steps)


def _open(message: str, command: str) -> HostError:
    return HostError(message, f"to resume it: {command}", "open")
