"""The release that commands bring back: `look` shows what it showed before the deploy."""

from __future__ import annotations

import shlex

from pytest_rollback.agent.messages.backup.commands import (
    COMMANDS_LOOK,
    COMMANDS_RETURN,
    CommandsRequest,
    ReleaseLook,
)
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.release import COMMANDS
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.strategies import commands, looks
from pytest_rollback.transport.batch import Look, asked, without_asking
from pytest_rollback.transport.call import Call

LOOKS = 3
"""How often the change looks: before the command, after it, and once more for a late one."""

NO_UNDO = "no undo in [release.commands]: this cannot be undone"


def wanted(scope: Scope) -> bool:
    """Return whether a rollback brings the release back; one of some other components does not."""
    return parts.is_chosen(scope.system, COMMANDS, scope.only)


def spared(scope: Scope) -> str:
    """Return that the release stays, where a whole rollback would bring the previous one back."""
    if COMMANDS not in parts.names(scope.system) or wanted(scope):
        return ""
    whose = parts.words(scope.system, COMMANDS)
    brings = f"those of {whose} bring back these" if whose else "its commands bring back all"
    return (
        f"the release stays: {brings} components\n"
        "HINT: to have the previous one, run the same command without --component"
    )


def request(scope: Scope) -> CommandsRequest:
    """Return what is run, for the run that was begun."""
    return commands(scope.system, scope.run, scope.holder)


def live(scope: Scope) -> Look[ReleaseLook | None]:
    """Return what is live, beside what was recorded; None where a rollback leaves it alone."""
    if not wanted(scope):
        return without_asking(None)
    return asked(Call(COMMANDS_LOOK, request(scope), looks(scope.system)))


def returns(scope: Scope, found: ReleaseLook | None) -> tuple[Change, ...]:
    """Return the one change that brings the previous release back, unless it is live.

    Raises:
        Inconclusive: what is live cannot be told.
        Refused: it is neither what was recorded nor what this run found.
    """
    if found is None:
        return ()
    shown, recorded = " / ".join(found.live), " / ".join(found.recorded)
    if found.problem:
        raise Inconclusive(
            f"the release that is live is not known: {found.problem}",
            hint=f"{found.hint}; it has to answer while the units are down as well",
        )
    if found.strange:
        raise Refused(
            f"the release that is live is neither {recorded}, which was recorded, nor the one that "
            f"this run found: {shown}",
            hint="a command ended half way, or somebody else changed it: bring one of both back by "
            "hand, then run the same command again",
        )
    if found.is_back and not found.unfinished:
        return ()
    asks, told = request(scope)._replace(seen=found.seen), scope.system.release.commands
    seconds = asks.change_timeout + looks(scope.system, LOOKS)
    if found.is_back:
        what, why = "note that the previous release is back", f"look shows {shown}"
        return (Change(Call(COMMANDS_RETURN, asks, seconds), what, why),)
    what = f"return the release by {shlex.join(asks.back)}"
    why = f"look shows {shown}, and not {recorded}"
    if told and not told.undo:
        what += f"; {NO_UNDO}"
    # A command may have been left at work, and is waited for as long as a new one.
    call = Call(COMMANDS_RETURN, asks, seconds + asks.change_timeout)
    return (Change(call, what, why, asks.change_timeout + 4 * asks.timeout),)


RETURN_RELEASE = Action("return the release", "files", look=live, plan=returns, spared=spared)
