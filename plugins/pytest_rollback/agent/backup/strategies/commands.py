"""Releases that commands bring back: what `look` shows is recorded, and compared before and after.

Nothing is known of how a release is kept: a provider, a cluster or a vendor's tool does. So what
`look` shows decides whether anything is to be done, and `proves` is a second opinion.
"""

from __future__ import annotations

import json
import os
import re
from typing import NamedTuple, Optional, Tuple

from ...errors import HostError
from ...messages.backup.commands import CommandsRequest, ReleaseLook, ReleaseProof
from ...messages.backup.strategies import PartFault, PreviousPart, PreviousParts, RecordedPart
from ...state import backup_set
from ...state import directory as places
from ...state.backup_set import BackupSet
from ...state.journal import Journal, entries
from ...state.lock import CHANGES, folder_of
from ...state.progress import RETURNED, RETURNING
from ...system.masking.shapes import masked
from . import shown as looks
from .shown import Shown, as_typed, called, shown

PART = "commands"
"""Under which name a record has what this strategy remembers."""

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,63}")
"""What may be the name of a release."""

DIGEST = re.compile(r"[0-9a-f]{64}")

AGAIN = "the next deploy records it: rollback save, before it changes the release"


class RecordedLook(NamedTuple):
    """What was live when the set was saved: lines for people, and the digest of all of it."""

    lines: Tuple[str, ...]
    digest: str


def record(request: CommandsRequest) -> RecordedPart:
    """Return what a record has of the release that is live now; a dry one keeps no key.

    Raises:
        HostError: `look` cannot tell.
    """
    key = looks.key(request.location.state, make=not request.dry) or os.urandom(1)
    found = shown(request, key)
    if found.problem:
        raise HostError(f"the release that is live is not known: {found.problem}", found.hint)
    only = found.lines[0] if len(found.lines) == 1 else ""
    text = json.dumps([{"lines": found.lines, "digest": found.digest}])
    name = only if PLAIN.fullmatch(only) else ""
    return RecordedPart(text, 0, 0, f"look shows {found.words}", name)


def of(known: BackupSet) -> Optional[RecordedLook]:
    """Return what a record has of the release, None where it has nothing.

    Raises:
        HostError: what it has is damaged.
    """
    if PART not in known.parts:
        return None
    try:
        (found,) = known.parts[PART]
        lines, digest = tuple(map(str, found["lines"])), str(found["digest"])
        if not (lines and DIGEST.fullmatch(digest)):
            raise ValueError("no lines")  # noqa: TRY301 - one way out
    except (KeyError, TypeError, ValueError) as error:
        raise HostError(f"the record of the release is damaged: {error}", AGAIN) from error
    return RecordedLook(lines, digest)


def recorded(state: str) -> RecordedLook:
    """Return what was live when the set was saved.

    Raises:
        HostError: nobody recorded it, or what was recorded cannot be compared any more.
    """
    found = of(backup_set.read(state))
    if found is None:
        raise places.Absent("the set has no record of the release that was live", AGAIN)
    if not looks.key(state):
        lost = f"the key {state}/{looks.KEY} is gone: the record cannot be compared"
        raise places.Absent(lost, AGAIN)
    return found


def look(request: CommandsRequest) -> ReleaseLook:
    """Return what is live, beside what was recorded, and whether this run has begun already.

    Raises:
        HostError: nobody recorded the previous release.
    """
    known, found = recorded(request.location.state), now(request)
    if found.problem:
        return ReleaseLook(recorded=known.lines, problem=found.problem, hint=found.hint)
    before = begun(request)
    is_back = found.digest == known.digest
    return ReleaseLook(
        live=found.lines,
        recorded=known.lines,
        is_back=is_back,
        unfinished=bool(before),
        strange=bool(before) and not is_back and found.digest != before,
        seen=found.digest,
    )


def now(request: CommandsRequest) -> Shown:
    """Return what is live."""
    return shown(request, looks.key(request.location.state))


def begun(request: CommandsRequest, journal: Optional[Journal] = None) -> str:
    """Return what was live when this run began to bring it back; "" when it has not, or has ended.

    `journal` is that of the run, where it is open.
    """
    folder = folder_of(request.location)
    if journal is None and folder is None:
        return ""
    written = journal.entries if journal else entries(os.path.join(folder or "", CHANGES))
    told = [each for each in written if each["event"] in (RETURNING, RETURNED)]
    return str(told[-1]["before"]) if told and told[-1]["event"] == RETURNING else ""


def previous(request: CommandsRequest) -> PreviousParts:
    """Return the release that was live before the deploy, and what is live now."""
    found = now(request)
    wrong = [PartFault(name, "unusable", why) for name, why in looks.faults(request)]
    if found.problem:
        wrong.append(PartFault("look", "unread", found.problem))
    name, back = "", False
    lines: Tuple[str, ...] = ()
    try:
        name = backup_set.read(request.location.state).previous.name
        known = recorded(request.location.state)
        lines, back = known.lines, not found.problem and found.digest == known.digest
    except places.Absent as error:
        wrong.append(PartFault("look", "unrecorded", error.message))
    place = Shown(lines).words
    part = PreviousPart(place, name, found.words, is_back=back, faults=tuple(wrong))
    return PreviousParts((part._replace(hint=found.hint),))


def prove(request: CommandsRequest) -> ReleaseProof:
    """Return whether `proves` says that the previous release is live."""
    try:
        outcome = called(request, request.proves, request.timeout)
    except HostError as refused:
        return ReleaseProof(passed=False, words="", problem=refused.message)
    words = masked(outcome.words)
    if outcome.timed_out:
        return ReleaseProof(
            passed=False, words=words, problem=f"it took longer than {request.timeout:g} s"
        )
    if outcome.code in (126, 127) or outcome.code < 0:
        why = f"{as_typed(request.proves)} was not run: {words}"
        return ReleaseProof(passed=False, words=words, problem=why)
    return ReleaseProof(outcome.code == 0, words)
