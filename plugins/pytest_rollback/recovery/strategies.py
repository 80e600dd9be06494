"""How the previous release of a system is kept: a strategy for each way, behind one interface.

A strategy says what is asked of the host before a deploy, so that it can be remembered, and what is
asked before and after a rollback: where the previous version is, whether it is whole, what would
take it away, and whether it is live again. What a rollback changes are recorded files; but for
`commands`, which has an action of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytest_rollback.agent.messages.backup.commands import (
    COMMANDS_PREVIOUS,
    COMMANDS_RECORD,
    CommandsRequest,
)
from pytest_rollback.agent.messages.backup.packages import (
    PACKAGES_PREVIOUS,
    PACKAGES_RECORD,
    PackagesRequest,
)
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.strategies import (
    IMAGES_PREVIOUS,
    IMAGES_RECORD,
    LINKS_PREVIOUS,
    LINKS_RECORD,
    ImagesRequest,
    LinksRequest,
    PreviousParts,
    RecordedPart,
)
from pytest_rollback.agent.messages.location import HolderProcess, Release
from pytest_rollback.errors import RollbackError, UsageError
from pytest_rollback.manifest import parts, requests
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.release import BACKUPS, COMMANDS, IMAGES, KEEP, LINKS, PACKAGES
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.call import Answers, Call
from pytest_rollback.transport.connection import Connection

PATIENT = 300.0
"""Seconds in which all files of a release are read."""

GRACE = 20.0
"""Seconds of a look at a release beside those of its commands."""


@dataclass(frozen=True)
class Strategy:
    """One way to keep the previous release.

    Args:
        name: as `[release] strategy` has it.
        files: paths below the root that a deploy switches, and that are recorded like files.
        record: the call that reads what has to be remembered before a release is deployed.
        previous: the call that looks at the previous version.
        told: what was remembered of one part, for people.
    """

    name: str
    files: Callable[[System], tuple[str, ...]]
    record: Callable[[System, str, bool], Call[Any, RecordedPart]]
    previous: Callable[[System], Call[Any, PreviousParts]]
    told: Callable[[Mapping[str, Any]], str]


def _links(system: System, current: str = "", *, dry: bool = False) -> LinksRequest:
    release = system.release
    where, keep = requests.location(system), release.keep or 0
    return LinksRequest(where, release.links, release.besides, keep, current, dry)


def _images(system: System) -> ImagesRequest:
    shared = system.services.project  # its file names the images of all services
    chosen = (e for e in system.components if shared or parts.strategy(system, e) == IMAGES)
    units = tuple(dict.fromkeys(each.unit for each in chosen))
    where = requests.location(system)
    address, files = requests.manager(system), system.release.images
    return ImagesRequest(where, address, units, system.about.name, files)


def packages(system: System, *, dry: bool = False) -> PackagesRequest:
    """Return what every request about packages states."""
    release, where = system.release, requests.location(system)
    keep = release.keep or KEEP
    return PackagesRequest(
        where, release.packages, parts.pool(system), release.sources, dry, keep=keep
    )


def _told_package(part: Mapping[str, Any]) -> str:
    archive = part["sha256"][:12] or "to be fetched"
    more = f"; for an undo also the archive of {part['coming']}" if part["coming"] else ""
    return (
        f"{part['name']} {part['version']} ({part['architecture']}), archive {archive}, "
        f"{count(len(part['conffiles']), 'configuration file')} kept{more}"
    )


def commands(system: System, run: str = "", holder: HolderProcess | None = None) -> CommandsRequest:
    """Return what is run of a release that commands bring back; of any other one nothing."""
    told = system.release.commands
    where = requests.location(system, run, holder)
    if told is None:
        return CommandsRequest(where, (), ())
    return CommandsRequest(
        location=where,
        look=told.look,
        back=told.return_,
        undo=told.undo or (),
        proves=told.proves or (),
        user=told.user,
        timeout=told.timeout,
        change_timeout=told.change_timeout,
    )


def looks(system: System, times: int = 1) -> float:
    """Return the seconds in which a release that commands bring back is looked at so many times."""
    told = system.release.commands
    return GRACE + times * 2 * (told.timeout if told else 0.0)


STRATEGIES: Mapping[str, Strategy] = {
    PACKAGES: Strategy(
        PACKAGES,
        lambda _system: (),
        lambda system, _current, dry: Call(PACKAGES_RECORD, packages(system, dry=dry), PATIENT),
        lambda system: Call(PACKAGES_PREVIOUS, packages(system), PATIENT),
        _told_package,
    ),
    LINKS: Strategy(
        LINKS,
        lambda system: system.release.links,
        lambda system, current, dry: Call(LINKS_RECORD, _links(system, current, dry=dry), PATIENT),
        lambda system: Call(LINKS_PREVIOUS, _links(system), PATIENT),
        lambda part: f"{part['link']} -> {part['target']}, {count(part['files'], 'file')} listed",
    ),
    IMAGES: Strategy(
        IMAGES,
        lambda system: system.release.images,
        lambda system, _current, _dry: Call(IMAGES_RECORD, _images(system), PATIENT),
        lambda system: Call(IMAGES_PREVIOUS, _images(system), PATIENT),
        lambda part: f"{part['unit']} runs {part['reference']}, image {part['image'][:12]}",
    ),
    COMMANDS: Strategy(
        COMMANDS,
        lambda _system: (),
        lambda system, _current, dry: Call(
            COMMANDS_RECORD, commands(system)._replace(dry=dry), looks(system)
        ),
        lambda system: Call(COMMANDS_PREVIOUS, commands(system), looks(system)),
        lambda part: f"look shows {' / '.join(part['lines'])}",
    ),
}
"""Those that remember more than files, by their names."""


def told(name: str, part: Mapping[str, Any]) -> str:
    """Return what a strategy remembered of one part, for people."""
    return STRATEGIES[name].told(part)


def used(system: System, only: Collection[str] = ()) -> tuple[Strategy, ...]:
    """Return the strategies of a system that remember more than files, in the order of its parts.

    Of a release of several parts those that a rollback of some components brings back.
    """
    named = [name for name in parts.names(system) if name in STRATEGIES]
    mixed = parts.is_mixed(system)
    return tuple(STRATEGIES[n] for n in named if not mixed or parts.is_chosen(system, n, only))


Calls = Mapping[str, Call[Any, PreviousParts]]
"""The calls that look at the previous version of each part, by strategy."""


def calls(chosen: Iterable[Strategy], system: System) -> Calls:
    """Return the calls that look at the previous version of each part, by strategy."""
    return {each.name: each.previous(system) for each in chosen}


def previous(answers: Answers, system: System, asked: Calls) -> dict[str, PreviousParts]:
    """Return the previous version of each part, by strategy.

    Raises:
        RollbackError: what stood in the way of one.
    """
    return {name: answered(system, name, partial(answers.of, call)) for name, call in asked.items()}


def remembered(connection: Connection, request: SaveRequest, *, dry: bool = False) -> SaveRequest:
    """Return the request with what strategies have to remember of the release that is live.

    What a deploy switches is saved like a file that it changes. A previous release without a name
    gets that of its strategy; one of several parts needs a name of its own.

    Raises:
        UsageError: a part of the release would not be recorded, or it has no name.
    """
    system = connection.system
    chosen = used(system)
    if not chosen:
        return request
    demand_all(system, request)
    asked = {each.name: each.record(system, request.current.name, dry) for each in chosen}
    answers = connection.ask_all([*asked.values()], deadline=PATIENT)
    known = {n: answered(system, n, partial(answers.of, call)) for n, call in asked.items()}
    texts = {name: each.text for name, each in known.items()}
    switched = [path for each in chosen for path in each.files(system)]
    files = tuple(dict.fromkeys((*request.files, *switched)))
    named = next((each.release for each in known.values() if each.release), "")
    previous = request.previous if request.previous.name else Release(named, None)
    return request._replace(files=files, parts=texts, previous=previous)


def demand_all(system: System, request: SaveRequest) -> None:
    """Check that a record would have every part of a release of several, under one name.

    Raises:
        UsageError: it would not; nothing was recorded.
    """
    if not parts.is_mixed(system):
        return
    names = ", ".join(each.words for each in parts.of(system))
    if not request.previous.name:
        raise UsageError(
            f"--previous is missing: the parts of this release have no name in common: {names}",
            hint="add --previous NAME, the release that is live",
        )
    own = parts.words(system, BACKUPS)
    switched = set(system.release.switched)
    if BACKUPS in parts.names(system) and not (request.added or {*request.files} - switched):
        raise UsageError(
            f"no file was named of {own}: only the rest of {request.previous.name} would be "
            "recorded, and half a release is none",
            hint="name what the deploy changes there; where it changes nothing, one file of it: "
            "rollback save --previous OLD --current NEW FILE",
        )


def answered(system: System, name: str, answer: Callable[[], Any]) -> Any:  # noqa: ANN401 - any answer
    """Return an answer about a part; an error names the part, where the release has several.

    Raises:
        RollbackError: what stood in its way.
    """
    part = parts.words(system, name)
    try:
        return answer()
    except RollbackError as error:
        if not part:
            raise
        said = f"{part}: {error.message}"
        raise type(error)(said, hint=error.hint, findings=error.findings) from error
