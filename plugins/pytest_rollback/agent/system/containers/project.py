"""A compose project: its containers by service, as their labels say, and what its file defines.

The containers of a project are known by the labels that every compose program sets: the directory
and the files that they were made of. A name of the project is not needed, and not guessed.
"""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...errors import HostError
from ..command import CommandResult, run
from .container import LABELS, EngineContainer, label, read
from .engine import ENABLE, ONE_CALL, Engine, environment, installed, parsed

MARK = f"{LABELS[0]}project.working_dir"
SERVICE = f"{LABELS[0]}service"
START = 120.0
"""Seconds that compose may take to make and start a container."""


class Project(NamedTuple):
    """A compose file, and the engine that has its containers."""

    path: str
    engine: Engine

    def compose(self, *argv: str, timeout: float = ONE_CALL) -> CommandResult:
        """Run a command of compose for this project, in its directory.

        Raises:
            HostError: this host has no compose program for the engine.
        """
        if not self.engine.compose:
            raise HostError(
                f"this host has no compose program for {self.engine.name}", ENABLE, "unreachable"
            )
        words = [*self.engine.compose, "-f", self.path, *argv]
        return run(words, timeout, env=environment(), cwd=os.path.dirname(self.path))

    def by_hand(self, *argv: str) -> str:
        """Return a command of compose as somebody types it."""
        return " ".join([*(self.engine.compose or ("podman-compose",)), "-f", self.path, *argv])

    def ids(self) -> List[str]:
        """Return the ids of all containers of the project, running or not."""
        return _of(self.engine, self.path)

    def containers(self) -> List[EngineContainer]:
        """Return all containers of the project, running or not."""
        return inspected(self.engine, self.ids())

    def services(self) -> Tuple[str, ...]:
        """Return the names of the services that the compose file defines.

        Raises:
            HostError: compose does not read the file.
        """
        outcome = self.compose("config", "--services")
        if outcome.code or outcome.timed_out:
            raise HostError(
                f"{self.path} is not read: {outcome.words}", self.by_hand("config"), "unreachable"
            )
        return tuple(line.strip() for line in outcome.out.splitlines() if line.strip())


def of(path: str) -> Project:
    """Return the project of a compose file, with the engine that has containers of it.

    Where none has, it is the first one that has a compose program.

    Raises:
        HostError: there is no engine, or the one with the containers does not answer.
    """
    engines = installed()
    if not engines:
        raise HostError("this host has no podman and no docker", ENABLE, "unreachable")
    alive = []
    for engine in engines:
        found = _asked(engine, path)
        if found:
            return Project(path, engine)
        alive += [engine] if found is not None else []
    able = [engine for engine in alive if engine.compose] or alive
    if not able:
        engines[0].json("ps", *FORMAT)  # it says what is wrong
    return Project(path, able[0])


def running() -> Iterator[Tuple[Project, Tuple[str, ...]]]:
    """Yield each project that has containers on this host, by its first file, with their ids."""
    for engine in installed():
        found: Dict[str, List[str]] = {}
        with contextlib.suppress(HostError):  # a client without a daemon has no containers
            listed = engine.json("ps", "--all", "--no-trunc", "--filter", f"label={MARK}", *FORMAT)
            for each in listed:
                labels = _labels(each)
                name = label(labels, "project.config_files").partition(",")[0]
                path = os.path.join(label(labels, "project.working_dir"), name)
                found.setdefault(os.path.normpath(path), []).append(_id(each))
        for path, ids in sorted(found.items()):
            yield Project(path, engine), tuple(ids)


def _asked(engine: Engine, path: str) -> Optional[List[str]]:
    """Return the containers that an engine has of a file; None where it does not answer."""
    try:
        return _of(engine, path)
    except HostError:  # a client without a daemon has no containers
        return None


def _of(engine: Engine, path: str) -> List[str]:
    """Return the ids of the containers of a compose file."""
    listed = engine.json("ps", "--all", "--no-trunc", "--filter", f"label={MARK}", *FORMAT)
    return [_id(each) for each in listed if is_of(_labels(each), path)]


FORMAT = ("--format", "json")


def _id(listed: Dict[str, object]) -> str:
    return str(listed.get("Id") or listed.get("ID") or "")


def _labels(listed: Dict[str, object]) -> Dict[str, str]:
    """Return the labels of a listed container; docker writes them as one text.

    A value may hold commas, as that of several files does: a part without a mark goes on.
    """
    found = listed.get("Labels") or {}
    if isinstance(found, dict):
        return {str(name): str(value) for name, value in found.items()}
    pairs: Dict[str, str] = {}
    last = ""
    for part in str(found).split(","):
        name, mark, value = part.partition("=")
        if mark:
            last = name
            pairs[name] = value
        elif last:
            pairs[last] += f",{part}"
    return pairs


def is_of(labels: Dict[str, str], path: str) -> bool:
    """Return whether labels say that a container was made of this compose file."""
    directory = label(labels, "project.working_dir")
    files = label(labels, "project.config_files").split(",")
    own = os.path.realpath(path)
    return any(os.path.realpath(os.path.join(directory, each)) == own for each in files if each)


def inspected(engine: Engine, ids: Sequence[str]) -> List[EngineContainer]:
    """Return containers by their ids; one that was removed meanwhile is left out.

    Raises:
        HostError: the engine does not answer.
    """
    if not ids:
        return []
    argv = ("inspect", "--type", "container", *ids)
    outcome = engine.call(*argv)
    if outcome.code and len(ids) > 1:
        return [found for each in ids for found in inspected(engine, [each])]
    if outcome.code and "no such" in outcome.err.lower():
        return []
    return [read(each) for each in parsed(engine.checked(outcome, argv))]
