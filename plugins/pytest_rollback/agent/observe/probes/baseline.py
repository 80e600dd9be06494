"""The response times of a healthy system, kept in the state directory until they are needed."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from typing import Any, Dict

from ...errors import HostError
from ...files.tree import Irregular, open_regular
from ...messages.baseline import (
    Baseline,
    BaselineRequest,
    BaselineSaved,
    BaselineTimes,
    BaselineUpdate,
)
from ...state import directory as places

NAME = "baseline.json"
FRESH = ".baseline.json.new"
FORMAT = 1
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


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
        return read(directory, path)
    finally:
        os.close(directory)


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
            fresh = {name: each._replace(when=when) for name, each in request.probes.items()}
            write(directory, added(known, fresh))
    finally:
        os.close(directory)
    return BaselineSaved(path, tuple(sorted(fresh)))


def added(known: Baseline, fresh: Dict[str, BaselineTimes]) -> Baseline:
    """Return a baseline with times that replace those of the last store; the first ones stay.

    Those of a healthy release are what a later one is held against, however often that one stores.
    """
    stores = {**known.stores, **{name: known.stores.get(name, 0) + 1 for name in fresh}}
    first = {**fresh, **known.probes, **known.first}
    return Baseline(known.path, {**known.probes, **fresh}, first, stores)


def read(directory: int, path: str) -> Baseline:
    """Return what is stored; nothing where there is no file."""
    try:
        opened = open_regular(directory, NAME)
    except FileNotFoundError:
        return Baseline(path, {}, {}, {})
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


def parsed(path: str, raw: bytes) -> Baseline:
    """Return a baseline; one of `DAMAGE` is raised when it is none.

    One of an earlier version of this tool knows no first times: those that it has are the first.
    """
    document = json.loads(raw)
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r} instead of {FORMAT}")
    probes = times(document["probes"])
    stores = {str(name): int(count) for name, count in document.get("stores", {}).items()}
    return Baseline(path, probes, {**probes, **times(document.get("first", {}))}, stores)


def times(table: Dict[str, Dict[str, Any]]) -> Dict[str, BaselineTimes]:
    """Return the times of each probe in a table; one of `DAMAGE` is raised when they are none."""
    probes = {
        name: BaselineTimes(*(found[key] for key in BaselineTimes._fields))
        for name, found in table.items()
    }
    for name, each in probes.items():
        if not all(float(number) >= 0 for number in each[:-1]) or not each.when:
            raise ValueError(f"{name} has a negative number, or no time")
    return probes


def write(directory: int, kept: Baseline) -> None:
    """Put a baseline in the place of the one there."""
    path = kept.path
    document = {
        "format": FORMAT,
        "probes": {name: one._asdict() for name, one in kept.probes.items()},
        "first": {name: one._asdict() for name, one in kept.first.items()},
        "stores": kept.stores,
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
    return f"rm {path} on the host, then pytest suites/readiness while the system is healthy"
