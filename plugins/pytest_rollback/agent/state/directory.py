"""The state directory: the record, the journal and the evidence. Nobody else's to write."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
from typing import Iterator, Sequence

from ..errors import HostError
from ..files.handles import DIRECTORY, kind_of

RECORD, SNAPSHOT = "backups.json", "snapshot"
"""Names of the record, and of the folder of a run in which its snapshot is."""

OWN = ".rollback-"
"""How names of ours begin below the root."""

DIGEST = ".sha256"
"""End of the name under which a snapshot keeps the digest of a secret file."""

PRIVATE = 0o700
OTHERS = stat.S_IWGRP | stat.S_IWOTH


class Absent(HostError):
    """There is no state directory yet, or nothing is recorded in it."""


def record_of(state: str) -> str:
    """Return the digest of the backup set's record, "" where there is none."""
    try:
        with open(os.path.join(state, RECORD), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return ""


def is_copy(path: str, secrets: Sequence[str]) -> bool:
    """Return whether a path below the root is that of a secret file, or of a copy beside one."""
    return any(
        path == each or path.startswith((f"{each}.", f"{each}~", f"{each}-")) for each in secrets
    )


def faults(state: str, roots: Sequence[str]) -> list[str]:
    """Return what is wrong with the place of a state directory, which need not exist yet."""
    here, found = os.path.realpath(state), []
    for root in roots:
        there = os.path.realpath(root)
        if os.path.commonpath([here, there]) in {here, there}:
            found.append(f"one of state directory {state} and root {root} is inside the other")
    with contextlib.suppress(FileNotFoundError):
        found += _exposure(state, os.lstat(state))
    return found


def _exposure(path: str, found: os.stat_result) -> list[str]:
    """Return why others could change the content of the path."""
    if not stat.S_ISDIR(found.st_mode):
        return [f"the state directory {path} is a {kind_of(found.st_mode)}"]
    said = []
    if found.st_uid not in {0, os.geteuid()}:
        said.append(f"the state directory {path} belongs to uid {found.st_uid}")
    if found.st_mode & OTHERS:
        said.append(f"the state directory {path} can be written by others")
    return said


def hint(state: str) -> str:
    """Return the commands that put a state directory right."""
    return (
        f"choose [system] state outside the root, then: sudo chown root {state} && sudo chmod "
        f"0700 {state}"
    )


def opened(state: str) -> int:
    """Return a descriptor of the state directory.

    Raises:
        Absent: it is missing.
        HostError: it is a link, or can be written by others.
    """
    try:
        directory = os.open(state, DIRECTORY)
    except FileNotFoundError as error:
        raise Absent(
            f"the state directory {state} does not exist",
            "call rollback save in the deploy script, which creates it",
        ) from error
    except OSError as error:
        raise HostError(
            f"the state directory {state} cannot be used: {error.strerror}",
            f"as root on the host: ls -ld {state}",
        ) from error
    said = _exposure(state, os.fstat(directory))
    if said:
        os.close(directory)
        raise HostError("; ".join(said), hint(state))
    return directory


def made(state: str) -> int:
    """Return a descriptor of the state directory, made 0700 when it is missing."""
    try:
        os.makedirs(os.path.dirname(state) or ".", 0o755, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkdir(state, PRIVATE)
    except OSError as error:
        raise HostError(
            f"the state directory {state} cannot be created: {error.strerror}",
            f"as root on the host: mkdir -m 0700 -p {state}, or set [target] sudo = true",
        ) from error
    return opened(state)


@contextlib.contextmanager
def held(directory: int, state: str) -> Iterator[None]:
    """Keep every other backup run off the state directory; the kernel frees it when we die.

    Raises:
        HostError: another one is at work, kind `held`.
    """
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise HostError(
            f"another run is writing backups recorded in {state}",
            f"wait for it; 'fuser -v {state}' on the host shows its process",
            kind="held",
        ) from error
    try:
        yield
    finally:
        fcntl.flock(directory, fcntl.LOCK_UN)
