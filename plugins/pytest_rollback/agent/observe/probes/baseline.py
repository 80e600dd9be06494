"""The response times of a healthy system, kept in the state directory until they are needed."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import stat
from typing import Any

from ...errors import HostError
from ...files.tree import Irregular, open_regular
from ...state import directory as places

NAME = "baseline.json"
FRESH = ".baseline.json.new"
FORMAT = 1
KEPT = ("p50", "p95", "max", "samples")
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return the baseline: `probes` by name, each with p50, p95, max, samples and `when`.

    Raises:
        HostError: others can write it, or it is damaged.
    """
    path = os.path.join(question["state"], NAME)
    try:
        directory = places.opened(question["state"])
    except places.Absent:
        return {"path": path, "probes": {}}
    try:
        return {"path": path, "probes": read(directory, path)}
    finally:
        os.close(directory)


def save(question: dict[str, Any]) -> dict[str, Any]:
    """Keep the measured probes; what is known of others stays. Atomic, durable, 0600.

    Raises:
        HostError: the state directory cannot be used, or a run is at work in it.
    """
    state = question["state"]
    path = os.path.join(state, NAME)
    directory = places.made(state)
    try:
        with places.held(directory, state):
            known = read(directory, path)
            when = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
            fresh = {
                name: {"when": when, **{key: found[key] for key in KEPT}}
                for name, found in question["probes"].items()
            }
            write(directory, path, {**known, **fresh})
    finally:
        os.close(directory)
    return {"path": path, "stored": sorted(fresh)}


def read(directory: int, path: str) -> dict[str, dict[str, Any]]:
    """Return what is kept; nothing where there is no file."""
    try:
        opened = open_regular(directory, NAME)
    except FileNotFoundError:
        return {}
    except (Irregular, OSError) as error:
        raise HostError(f"the baseline {path} cannot be read: {error}", again(path)) from error
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(opened)
        if found.st_mode & places.OTHERS or found.st_uid not in {0, os.geteuid()}:
            raise HostError(f"the baseline {path} can be written by others", again(path))
        raw = file.read()
    try:
        return parsed(raw)
    except DAMAGE as error:
        raise HostError(f"the baseline {path} is damaged: {error}", again(path)) from error


def parsed(raw: bytes) -> dict[str, dict[str, Any]]:
    """Return the probes of a baseline; one of `DAMAGE` is raised when it is none."""
    document = json.loads(raw)
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r} instead of {FORMAT}")
    probes: dict[str, dict[str, Any]] = document["probes"]
    for name, found in probes.items():
        if not all(float(found[key]) >= 0 for key in KEPT) or not found["when"]:
            raise ValueError(f"{name} has a number that is none")
    return probes


def write(directory: int, path: str, probes: dict[str, dict[str, Any]]) -> None:
    """Put a baseline in the place of the one there."""
    raw = json.dumps({"format": FORMAT, "probes": probes}, indent=1, sort_keys=True).encode()
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
            f"make room and see 'df {os.path.dirname(path)}' on the host, then run it again",
        ) from error


def again(path: str) -> str:
    """Return how to get a good baseline in the place of a bad one."""
    return f"rm {path} on the host, then pytest suites/readiness while the system is healthy"
