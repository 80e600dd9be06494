"""The previous release is brought back by its command, and the failed one by the undo of the run.

Before a command is run the journal says so, with digests of what was live and of what is to be.
After a kill `look` decides: what is done already is not done again. The command of a run that was
killed may still be at work: it has a locked file as its input, and nothing is begun before it ends.
"""

from __future__ import annotations

import time
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from ...errors import HostError
from ...messages.backup.commands import CommandsRequest, ReleaseReturned
from ...messages.rollback.undo import RELEASE
from ...state.lock import ExclusiveRun, working
from ...state.progress import RETURNED, RETURNING
from ...system.masking.shapes import masked
from .at_work import given, named, settled
from .commands import begun, now, recorded
from .shown import Shown, as_typed, called

STAYS = "the release cannot be undone"

TAKING, TAKEN = "taking back", "taken back"

BEGINS, ENDS = (RETURNING, TAKING), (RETURNED, TAKEN)


class CommandToRun(NamedTuple):
    """One command that changes the release: its key, the event that begins it, its words.

    `facts` are the digests of what `look` shows `before` and `after` it.
    """

    name: str
    event: str
    argv: Tuple[str, ...]
    facts: Dict[str, str]


def back(request: CommandsRequest) -> ReleaseReturned:
    """Bring the previous release back, unless it is; `look` proves it.

    Raises:
        HostError: what is live cannot be told, or is none of both releases; the command failed, or
            had no such effect.
    """
    started = time.monotonic()
    with working(request.location) as work:
        _settled(request, work)
        before = begun(request, work.journal)
        known, found = recorded(request.location.state), _told(request)
        is_back = found.digest == known.digest
        if not is_back:
            _demand_known(request, found, before)
            facts = {"before": found.digest, "after": known.digest}
            _run(request, work, CommandToRun("return", RETURNING, request.back, facts))
        if before or not is_back:
            work.journal.add(RETURNED)
    return ReleaseReturned(not is_back, time.monotonic() - started)


def _demand_known(request: CommandsRequest, found: Shown, before: str) -> None:
    """Raise where another release is live than the one that this run found, or that was planned."""
    if before and found.digest != before:
        raise strange(found, "when this run began to bring the previous one back")
    if request.seen and found.digest != request.seen:
        raise HostError(
            "another release is live than when this was planned", "run the same command again"
        )


def _told(request: CommandsRequest) -> Shown:
    """Return what is live.

    Raises:
        HostError: that cannot be told.
    """
    found = now(request)
    if found.problem:
        raise HostError(f"the release that is live is not known: {found.problem}", found.hint)
    return found


def strange(found: Shown, when: str) -> HostError:
    """Return the error for a release that is neither of both."""
    return HostError(
        f"what is live is neither what was recorded nor what was live {when}: {found.words}",
        "a command ended half way, or somebody else changed the release: bring one of both back "
        "by hand, then run the same command again",
    )


def _settled(request: CommandsRequest, work: ExclusiveRun) -> None:
    """Wait for a command whose end nobody has noted; raises what `settled` raises."""
    settled(work, BEGINS, ENDS, request.change_timeout)


def _run(request: CommandsRequest, work: ExclusiveRun, command: CommandToRun) -> None:
    """Write that a command is begun, run it, and see to it that `look` shows its effect.

    Raises:
        HostError: it failed, took too long, or had another effect.
    """
    with given(work) as file:
        work.journal.add(command.event, input=named(work), **command.facts)
        outcome = called(request, command.argv, request.change_timeout, file)
    if outcome.timed_out or outcome.code:
        how = f"failed, exit code {outcome.code}: {masked(outcome.words)}"
        if outcome.timed_out:
            how = f"took longer than {request.change_timeout:g} s and was ended"
        raise HostError(
            f"{command.name} of the release {how}",
            f"on the host: {as_typed(command.argv)}; then run the same command again: look decides "
            "what is left to do",
            "unfinished",
        )
    found = _told(request)
    if found.digest != command.facts["after"]:
        raise HostError(
            f"{command.name} of the release ended well, but look shows {found.words}",
            f"on the host: {as_typed(command.argv)}; see {command.name} and look in "
            "[release.commands]",
            "unfinished",
        )


def standing(
    request: CommandsRequest, written: Sequence[Dict[str, Any]]
) -> Tuple[List[str], List[Tuple[str, str]]]:
    """Return what undo would run for the release, and what prevents it, with the name of that.

    Args:
        request: the commands as they are now.
        written: entries of the run that brought the previous release back.
    """
    found = now(request)
    if not found.problem and found.digest == written[0]["before"]:
        return [], []
    why = ""
    if found.problem:
        why = f"{STAYS}: {found.problem}; {found.hint}"
    elif found.digest not in {written[-1]["before"], written[-1]["after"]}:
        why = strange(found, "before the run").message
    elif not request.undo:
        why = f"{STAYS}: [release.commands] has no undo"
    return ([], [(RELEASE, why)]) if why else ([as_typed(request.undo)], [])


def take_back(request: CommandsRequest, work: ExclusiveRun, entry: Dict[str, Any]) -> None:
    """Bring the release back that was live before one entry of the journal, unless it is.

    Raises:
        HostError: that is not possible, or had no such effect.
    """
    _settled(request, work)
    for _, why in standing(request, [entry])[1]:
        raise HostError(why, "see [release.commands] in rollback.toml; then run the same again")
    if _told(request).digest != entry["before"]:
        facts = {"before": entry["after"], "after": entry["before"]}
        _run(request, work, CommandToRun("undo", TAKING, request.undo, facts))
        work.journal.add(TAKEN)
