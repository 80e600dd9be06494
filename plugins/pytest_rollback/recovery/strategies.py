"""How the previous release of a system is kept: a strategy for each way, behind one interface.

A strategy says what is asked of the host before a deploy, so that it can be remembered, and what is
asked before and after a rollback: where the previous version is, whether it is whole, what would
take it away, and whether it is live again. What a rollback changes are recorded files; but for
`commands`, which has an action of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
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
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.release import COMMANDS, IMAGES, KEEP, LINKS, PACKAGES
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.call import AnyCall, Call
from pytest_rollback.transport.connection import Connection

PATIENT = 300.0
"""Seconds in which all files of a release are read."""

GRACE = 20.0
"""Seconds of a look at a release beside those of its commands."""

POOL = "packages"
"""The directory of archives, below the state directory."""


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
    return LinksRequest(where, release.switched, release.besides, keep, current, dry)


def _images(system: System) -> ImagesRequest:
    units = tuple(dict.fromkeys(each.unit for each in system.components))
    where = requests.location(system)
    address, files = requests.manager(system), system.release.images
    return ImagesRequest(where, address, units, system.about.name, files)


def packages(system: System, *, dry: bool = False) -> PackagesRequest:
    """Return what every request about packages states."""
    release, where = system.release, requests.location(system)
    pool = release.pool or f"{system.about.state}/{POOL}"
    keep = release.keep or KEEP
    return PackagesRequest(where, release.packages, pool, release.sources, dry, keep=keep)


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
    LINKS: Strategy(
        LINKS,
        lambda system: system.release.switched,
        lambda system, current, dry: Call(LINKS_RECORD, _links(system, current, dry=dry), PATIENT),
        lambda system: Call(LINKS_PREVIOUS, _links(system), PATIENT),
        lambda part: f"{part['link']} -> {part['target']}, {count(part['files'], 'file')} listed",
    ),
    IMAGES: Strategy(
        IMAGES,
        lambda system: system.release.switched,
        lambda system, _current, _dry: Call(IMAGES_RECORD, _images(system), PATIENT),
        lambda system: Call(IMAGES_PREVIOUS, _images(system), PATIENT),
        lambda part: f"{part['unit']} runs {part['reference']}, image {part['image'][:12]}",
    ),
    PACKAGES: Strategy(
        PACKAGES,
        lambda system: system.release.switched,
        lambda system, _current, dry: Call(PACKAGES_RECORD, packages(system, dry=dry), PATIENT),
        lambda system: Call(PACKAGES_PREVIOUS, packages(system), PATIENT),
        _told_package,
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


def used(system: System) -> tuple[Strategy, ...]:
    """Return the strategies of a system that remember more than files."""
    return tuple(each for name, each in STRATEGIES.items() if name == system.release.strategy)


def calls(chosen: Iterable[Strategy], system: System) -> dict[str, AnyCall]:
    """Return the calls that look at the previous version of each part, by strategy."""
    return {each.name: each.previous(system) for each in chosen}


def remembered(connection: Connection, request: SaveRequest, *, dry: bool = False) -> SaveRequest:
    """Return the request with what strategies have to remember of the release that is live.

    What a deploy switches is saved like a file that it changes. A previous release without a name
    gets that of its strategy.
    """
    system = connection.system
    chosen = used(system)
    if not chosen:
        return request
    asked = {each.name: each.record(system, request.current.name, dry) for each in chosen}
    answers = connection.ask_all([*asked.values()], deadline=PATIENT)
    known = {name: answers.of(call) for name, call in asked.items()}
    parts = {name: each.text for name, each in known.items()}
    switched = [path for each in chosen for path in each.files(system)]
    files = tuple(dict.fromkeys((*request.files, *switched)))
    named = next((each.release for each in known.values() if each.release), "")
    previous = request.previous if request.previous.name else Release(named, None)
    return request._replace(files=files, parts=parts, previous=previous)
