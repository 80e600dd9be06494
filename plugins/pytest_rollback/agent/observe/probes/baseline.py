"""The response times of a healthy system, kept in the state directory until they are needed.

Each release keeps its own: one that is a little slower must not be what the release before it is
held against after a rollback.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from typing import Any, Dict, NamedTuple, Tuple

from ...errors import HostError
from ...files.handles import Irregular, open_regular
from ...messages.baseline import (
    Baseline,
    BaselineRequest,
    BaselineSaved,
    BaselineTimes,
    BaselineUpdate,
)
from ...state import backup_set
from ...state import directory as places

NAME = "baseline.json"
FRESH = ".baseline.json.new"
FORMAT = 1
RELEASES = 5
"""Releases whose times are kept, the latest ones."""

DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


ReleaseTimes = Dict[str, Dict[str, BaselineTimes]]
"""The times of each probe, by the release that was live; the one that stored last is the last."""


KEYS = frozenset(BaselineTimes._fields)


class KeptTimes(NamedTuple):
    """What the file holds: the last times and the first ones, and those of each release."""

    last: Baseline
    releases: ReleaseTimes


def look(request: BaselineRequest) -> Baseline:
    """Return the baseline.

    Raises:
        HostError: others can write it, or it is damaged.
    """
    path = os.path.join(request.state, NAME)
    try:
        directory = places.opened(request.state)
    except places.Absent:
        return Baseline(path, {}, {}, {})
    try:
        kept = read(directory, path)
    finally:
        os.close(directory)
    if not request.previous:
        return kept.last
    own = of_previous(kept.releases, *named(request.state))
    return kept.last._replace(probes={**kept.last.probes, **own})


def named(state: str) -> Tuple[str, str]:
    """Return the previous and the current release by their names, "" where no record tells them."""
    try:
        record = backup_set.read(state)
    except HostError:  # other criteria are about the record
        return "", ""
    return record.previous.name, record.current.name


def of_previous(releases: ReleaseTimes, previous: str, current: str) -> Dict[str, BaselineTimes]:
    """Return the times of the previous release; of none that is known, none.

    A record that was closed names no releases: then it is the one before the last that stored any,
    unless that one has no name: it was stored after the rollback.
    """
    if previous in releases:
        return releases[previous]
    if not releases:
        return {}
    live = current or list(releases)[-1]
    if not live:
        return releases[live]
    others = [name for name in releases if name != live]
    return releases[others[-1]] if others else {}


def save(request: BaselineUpdate) -> BaselineSaved:
    """Store the times of some probes; those of others stay. Atomic, durable, 0600.

    Raises:
        HostError: the state directory cannot be used, or a run is at work in it.
    """
    path = os.path.join(request.state, NAME)
    directory = places.made(request.state)
    try:
        with places.held(directory, request.state):
            known = read(directory, path)
            when = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
            release = named(request.state)[1]
            fresh = {
                name: each._replace(when=when, release=release)
                for name, each in request.probes.items()
            }
            write(directory, added(known, fresh, release))
    finally:
        os.close(directory)
    return BaselineSaved(path, tuple(sorted(fresh)))


def added(kept: KeptTimes, fresh: Dict[str, BaselineTimes], release: str) -> KeptTimes:
    """Return a baseline with times that replace those of the last store; the first ones stay.

    Those of a healthy release are what a later one is held against, however often that one stores.
    """
    known, releases = kept
    stores = {**known.stores, **{name: known.stores.get(name, 0) + 1 for name in fresh}}
    first = {**fresh, **known.probes, **known.first}
    others = {name: probes for name, probes in releases.items() if name != release}
    mine = {**releases.get(release, {}), **fresh}
    latest = list(others.items())[1 - RELEASES :]
    last = Baseline(known.path, {**known.probes, **fresh}, first, stores)
    return KeptTimes(last, {**dict(latest), release: mine})


def read(directory: int, path: str) -> KeptTimes:
    """Return what is stored; nothing where there is no file."""
    try:
        opened = open_regular(directory, NAME)
    except FileNotFoundError:
        return KeptTimes(Baseline(path, {}, {}, {}), {})
    except (Irregular, OSError) as error:
        raise HostError(f"the baseline {path} cannot be read: {error}", again(path)) from error
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(opened)
        if found.st_mode & places.OTHERS or found.st_uid not in {0, os.geteuid()}:
            raise HostError(f"the baseline {path} can be written by others", again(path))
        raw = file.read()
    try:
        return parsed(path, raw)
    except DAMAGE as error:
        raise HostError(f"the baseline {path} is damaged: {error}", again(path)) from error


def parsed(path: str, raw: bytes) -> KeptTimes:
    """Return a baseline; one of `DAMAGE` is raised when it is none.

    One of an earlier version of this tool knows no first times: those that it has are the first. It
    knows no releases either: what it has is then of any.
    """
    document = json.loads(raw)
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r} instead of {FORMAT}")
    probes = times(document["probes"])
    stores = {str(name): int(count) for name, count in document.get("stores", {}).items()}
    releases = {str(name): times(table) for name, table in document.get("releases", [])}
    first = {**probes, **times(document.get("first", {}))}
    return KeptTimes(Baseline(path, probes, first, stores), releases)


def times(table: Dict[str, Dict[str, Any]]) -> Dict[str, BaselineTimes]:
    """Return the times of each probe in a table; one of `DAMAGE` is raised when they are none."""
    probes = {
        name: BaselineTimes(**{"release": "", **{key: found[key] for key in found if key in KEYS}})
        for name, found in table.items()
    }
    for name, each in probes.items():
        if not all(float(number) >= 0 for number in each[:4]) or not each.when:
            raise ValueError(f"{name} has a negative number, or no time")
    return probes


def write(directory: int, times_: KeptTimes) -> None:
    """Put a baseline in the place of the one there."""
    kept, releases = times_
    path = kept.path
    document = {
        "format": FORMAT,
        "probes": {name: one._asdict() for name, one in kept.probes.items()},
        "first": {name: one._asdict() for name, one in kept.first.items()},
        "stores": kept.stores,
        "releases": [
            [release, {name: one._asdict() for name, one in probes.items()}]
            for release, probes in releases.items()
        ],
    }
    raw = json.dumps(document, indent=1, sort_keys=True).encode()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(FRESH, dir_fd=directory)
        opened = os.open(FRESH, flags, stat.S_IRUSR | stat.S_IWUSR, dir_fd=directory)
        with os.fdopen(opened, "wb") as file:
            file.write(raw + b"\n")
            file.flush()
            os.fsync(opened)
        os.rename(FRESH, NAME, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)
    except OSError as error:
        raise HostError(
            f"the baseline {path} cannot be written: {error.strerror}",
            f"free space, see 'df {os.path.dirname(path)}' on the host; then run it again",
        ) from error


def again(path: str) -> str:
    """Return how to get a good baseline in the place of a bad one."""
    aside = f"mv -n {path} {path}.bad"
    return f"{aside} on the host, then rollback ready while the system is healthy"
