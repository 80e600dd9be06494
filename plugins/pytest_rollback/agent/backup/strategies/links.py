"""Releases in directories of their own, behind a link that a deploy switches.

The link is a recorded file like any other: that it leads to the previous release again is one
rename. Here is what it leads to: recorded before the deploy, and compared before a rollback.
"""

from __future__ import annotations

import contextlib
import os
from typing import List, NamedTuple, Optional

from ...errors import HostError
from ...files import lookup
from ...messages.backup.strategies import (
    LinksRequest,
    PartFault,
    PreviousPart,
    PreviousParts,
    RecordedPart,
)
from ...state import backup_set
from ...state import directory as places
from ...state.releases import linked
from ...state.releases.linked import LinkedRelease
from . import history, listing


class LiveLink(NamedTuple):
    """A link as it is now: the name it leads to, as written, and the real path of that."""

    target: str
    place: str


def live(root: str, link: str) -> LiveLink:
    """Return where a link leads now.

    Raises:
        HostError: there is none, or it leads to no directory.
    """
    path = os.path.join(root, link)
    try:
        target = lookup.target(path)
    except OSError as error:
        kind = lookup.kind(path, follow=False)
        said = f"is a {kind}, and no link" if kind else "is not there"
        hint = (
            f"name the links below {root} that the deploy switches in links of [release]; see "
            f"'ls -l {root}'"
        )
        if lookup.kind(root, follow=False) == "symlink":
            above, name = os.path.split(root)
            hint = f'the root is the link itself: set root = "{above}" and links = ["{name}"]'
        raise HostError(
            f'{path} {said}: with [release] strategy = "links" a deploy switches it', hint
        ) from error
    place = os.path.realpath(path)
    if lookup.kind(path) != "directory":
        raise HostError(
            f"{path} leads to {target}, which is no directory",
            f"see 'ls -l {path}' on the host, and where releases are: 'ls -l {root}'",
        )
    return LiveLink(target, place)


def record(request: LinksRequest) -> RecordedPart:
    """Return what a record has of the releases that the links lead to now; their listings are kept.

    Raises:
        HostError: a link leads to no directory, or something in it cannot be read.
    """
    root, state = request.location.root, request.location.state
    found: List[LinkedRelease] = []
    if not request.dry:
        linked.forget(state, _listings(state))
    for link in request.links:
        now = live(root, link)
        if os.path.basename(now.place) == request.current:
            raise HostError(
                f"{root}/{link} leads to {request.current} already, the release to be deployed: "
                "what was live before is not recorded",
                "call rollback save in the deploy before it switches the link",
            )
        made = listing.made(now.place, request.besides)
        if made.faults:
            first = made.faults[0]
            raise HostError(
                f"{len(made.faults)} files of {now.place} cannot be recorded: {first.path}: "
                f"{first.detail}",
                "run as root on the host, or set [target] sudo = true",
            )
        digest = linked.keep(state, made.entries, dry=request.dry)
        besides, dangling = tuple(request.besides), tuple(made.dangling)
        sizes = (len(made.entries), made.bytes)
        facts = (now.target, now.place, digest, *sizes, besides, dangling, request.current)
        found.append(LinkedRelease(link, *facts))
    words = ", ".join(f"{each.link} -> {each.target}" for each in found)
    files, size = sum(each.files for each in found), sum(each.bytes for each in found)
    name = os.path.basename(found[0].place) if found else ""
    return RecordedPart(linked.text(found), files, size, words, name)


def _listings(state: str) -> List[str]:
    """Return the listings that the record needs which is there; of a damaged one nothing does."""
    with contextlib.suppress(HostError):
        return [each.listing for each in linked.of(backup_set.read(state))]
    return []


def previous(request: LinksRequest) -> PreviousParts:
    """Return the release that each link led to before the deploy, and how it is now."""
    known: List[LinkedRelease] = []
    name, why = "", ""
    try:
        found = backup_set.read(request.location.state)
        known, name = linked.of(found), found.previous.name
    except places.Absent as error:
        why = error.message
    listed = {each.link: each for each in known}
    return PreviousParts(
        tuple(
            _kept(request, listed[link], name)
            if link in listed
            else _unrecorded(request, link, why)
            for link in request.links
        )
    )


def _unrecorded(request: LinksRequest, link: str, why: str) -> PreviousPart:
    """Return what is known of the release before the live one, of which nothing was recorded."""
    root = request.location.root
    now = live(root, link)
    before = history.before(os.path.join(root, link), now.place)
    said = why or f"nothing was recorded of what {link} led to"
    if before:
        said += f"; {before.source} names {before.place} as the release before {now.place}"
    fault = PartFault(link, "unrecorded", said)
    return PreviousPart(before.place if before else "", "", now.target, faults=(fault,))


def _kept(request: LinksRequest, known: LinkedRelease, name: str) -> PreviousPart:
    """Return a recorded release as it is now."""
    root = request.location.root
    now = live(root, known.link)
    found = PreviousPart(
        known.place,
        name,
        now.target,
        is_back=now.place == known.place,
        files=known.files,
        bytes=known.bytes,
    )
    kind = lookup.kind(known.place, follow=False)
    if kind != "directory":
        said = f"is a {kind} now, and no directory" if kind else "the directory is gone"
        fault = PartFault(known.place, "missing", said)
        return found._replace(faults=(fault,))
    recorded = linked.listed(request.location.state, known)
    faults = listing.compared(known.place, recorded)
    gone = {each.path for each in faults}
    for path in listing.dangling(known.place, recorded):
        if path not in gone and path not in known.dangling:
            faults.append(PartFault(path, "dangling", "leads to nothing any more"))
    return found._replace(
        faults=tuple(faults),
        more=tuple(listing.more(known.place, recorded, known.besides)),
        threats=tuple(_threats(request, known)),
        unexpected=_unexpected(request, known, now),
    )


def _threats(request: LinksRequest, known: LinkedRelease) -> List[str]:
    """Return what would take the previous release away."""
    if not request.keep:
        return []
    above = os.path.dirname(known.place)
    there = [name for name in lookup.names(above) if _is_release(above, name)]
    kept = sorted(there, key=lambda name: history.order(above, name))[-request.keep :]
    if request.keep > 1 and os.path.basename(known.place) in kept:
        return []
    name = os.path.basename(known.place)
    kept_of = f"the deploy tool keeps {request.keep} of {len(there)} releases in {above}"
    return [f"{kept_of}: {name} is removed by the next clean-up"]


def _is_release(above: str, name: str) -> bool:
    return lookup.kind(os.path.join(above, name), follow=False) == "directory"


def _unexpected(request: LinksRequest, known: LinkedRelease, now: LiveLink) -> str:
    """Return why what is live is neither the recorded release nor the one deployed after it."""
    if now.place == known.place:
        return ""
    before: Optional[history.Before] = history.before(
        os.path.join(request.location.root, known.link), now.place
    )
    if before and before.place != known.place:
        return (
            f"{known.link} leads to {now.place}, and {before.source} says that {before.place} was "
            f"live before it, not {known.place}"
        )
    deployed = os.path.join(os.path.dirname(known.place), known.current)
    if known.current and now.place != deployed and _is_release(*os.path.split(deployed)):
        return (
            f"{known.link} leads to {now.place}, and the record was made for the deploy of "
            f"{known.current}, which is there as well"
        )
    return ""
