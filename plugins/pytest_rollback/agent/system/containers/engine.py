"""The container engine of this host: podman or docker, by its command line, in bounded time."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from ...errors import HostError
from ...files import lookup
from ..command import CommandResult, run, surroundings

ONE_CALL = 10.0
"""Seconds that one question may take; a busy disk makes podman slow."""

MOST = 16 << 20
"""Bytes of an answer in JSON that are read."""

HANDED = ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "DOCKER_CONTEXT")
"""Variables by which an engine without root finds its own, and a client its daemon."""

COMPOSE: Dict[str, Tuple[Tuple[str, ...], ...]] = {
    "podman": (("podman-compose",),),
    "docker": (("docker", "compose"), ("docker-compose",)),
}
"""The programs that read a compose file for an engine, the better one first."""

FOUND: Dict[str, Tuple[str, ...]] = {}
"""The compose program of each engine that was looked for by this process."""

ENABLE = "apt-get install podman podman-compose, or docker.io docker-compose"


class Engine(NamedTuple):
    """An engine by the name of its program."""

    name: str

    @property
    def compose(self) -> Tuple[str, ...]:
        """The words that begin a command of compose; none where this host has no such program."""
        if self.name not in FOUND:
            FOUND[self.name] = _compose(COMPOSE[self.name], surroundings()["PATH"])
        return FOUND[self.name]

    def call(self, *argv: str, timeout: float = ONE_CALL) -> CommandResult:
        """Run a command of the engine and return how it ended, whatever that is."""
        return run([self.name, *argv], timeout, env=environment(), most=MOST)

    def told(self, *argv: str, timeout: float = ONE_CALL) -> str:
        """Return what the engine answers.

        Raises:
            HostError: it failed, or did not answer in time.
        """
        return self.checked(self.call(*argv, timeout=timeout), argv)

    def checked(self, outcome: CommandResult, argv: Sequence[str]) -> str:
        """Return the answer of a command that ended well.

        Raises:
            HostError: it failed, or did not answer in time.
        """
        if outcome.code or outcome.timed_out:
            late = f"no answer in {outcome.seconds:.0f} s"
            words = late if outcome.timed_out else outcome.words
            raise HostError(
                f"{self.name} {argv[0]} failed: {words}",
                f"{self.name} {' '.join(argv)}",
                "unreachable",
            )
        return outcome.out

    def json(self, *argv: str) -> Any:  # noqa: ANN401 - JSON
        """Return an answer in JSON: of podman a list, of docker a list or a document a line."""
        return parsed(self.told(*argv))


def parsed(said: str) -> Any:  # noqa: ANN401 - JSON
    """Return an answer in JSON; docker writes one document a line where podman writes a list."""
    text = said.strip()
    try:
        if text.startswith("[") or not text:
            return json.loads(text or "[]")
        return [json.loads(line) for line in text.splitlines()]
    except ValueError as error:
        raise HostError(
            f"the container engine answered no JSON: {error}", "podman version", "unreachable"
        ) from error


def environment() -> Dict[str, str]:
    """Return the environment of an engine: as for each command, and where it finds its own.

    An engine without root keeps its state in the run directory of its account, which a session
    without login does not name.
    """
    found = surroundings()
    found.update((name, os.environ[name]) for name in HANDED if os.environ.get(name))
    own = f"/run/user/{os.geteuid()}"
    if os.geteuid() and "XDG_RUNTIME_DIR" not in found and lookup.kind(own) == "directory":
        found["XDG_RUNTIME_DIR"] = own
    return found


def installed() -> List[Engine]:
    """Return the engines whose program is on this host, podman first."""
    places = surroundings()["PATH"]
    return [Engine(name) for name in COMPOSE if _program(name, places)]


def _program(name: str, places: str) -> bool:
    """Return whether a program is in one of the places of a PATH."""
    return any(lookup.kind(os.path.join(each, name)) == "file" for each in places.split(":"))


def _compose(programs: Tuple[Tuple[str, ...], ...], places: str) -> Tuple[str, ...]:
    """Return the first program that is there; a plugin of docker is asked for its version."""
    for argv in programs:
        if not _program(argv[0], places):
            continue
        if len(argv) == 1 or not run([*argv, "version"], ONE_CALL, env=environment()).code:
            return argv
    return ()


def any_engine() -> Engine:
    """Return the engine of this host; where there are two, the one that answers first.

    Raises:
        HostError: there is none, or none answers.
    """
    words = "this host has no podman and no docker"
    for engine in installed():
        outcome = engine.call("version")
        if not outcome.code and not outcome.timed_out:
            return engine
        words = f"{engine.name} does not answer: {outcome.words}"
    raise HostError(words, ENABLE, "unreachable")
