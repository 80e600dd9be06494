"""The exact commands that come next, ready to be copied into the terminal that shows them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.text.doors import COMMAND, SUITES, TARGETED, VERBS, door
from pytest_rollback.text.places import MANIFEST, found, home

TARGET = ("--rollback-target", "--target")
INCIDENT = "--incident"
KEPT = (*TARGET, INCIDENT)
"""Options that select system and incident; all next commands repeat them."""

PLACES = ("rollback_target=", "rollback_reports=")
"""Settings given with `-o` that do the same."""


@dataclass(frozen=True)
class NextSteps:
    """How the next command has to begin and to end.

    Args:
        program: what runs pytest here.
        where: the options that say which system is meant, as pytest takes them.
        command: the command that runs pytest, such as `rollback now ...`; "" for pytest itself.
        ours: what runs `rollback` here.
    """

    program: str = "pytest"
    where: tuple[str, ...] = ()
    command: str = ""
    ours: str = "rollback"

    def suites(self, suites: Collection[str], *words: str) -> str:
        """Return the command that runs suites on the same system."""
        name = door(suites)
        if name:
            return self.rollback(name, *words)
        paths = [f"suites/{each}".replace("/trouble", "/drill/trouble") for each in suites]
        return shlex.join([self.program, *paths, *words, *self.where])

    def rollback(self, name: str, *words: str) -> str:
        """Return a command of ours on the same system; `now` asks before it changes anything."""
        return shlex.join([self.ours, *name.split(), *words, *self.about(name)])

    def about(self, name: str) -> list[str]:
        """Return the options of a command of ours that say which system is meant."""
        command, _, verb = name.rpartition(" ")
        if name not in TARGETED and not (verb in VERBS and command in TARGETED):
            return []
        suite = name in SUITES
        return list(ours(self.where, incident=suite or name == "now", settings=suite))

    def completed(self, text: str) -> str:
        """Return a text whose commands are about the same system, ready to be copied."""
        return COMMAND.sub(self._complete, text)

    def _complete(self, found: re.Match[str]) -> str:
        """Return one command with the options that say which system is meant."""
        _, _, name = found["called"].partition(" ")
        words = shlex.split(found["words"])
        rest = found.string[found.end() :].lstrip(" '\"")
        where = self.about(name) if name else list(self.where)
        if any(each.startswith(TARGET) for each in (*words, rest)):
            where = []
        if any(each.startswith(f"{INCIDENT}=") for each in words):  # completed before
            where = [each for each in where if not each.startswith(f"{INCIDENT}=")]
        program = [self.ours, *name.split()] if name else [self.program]
        return shlex.join([*program, *words, *where])

    @property
    def asks(self) -> bool:
        """Whether the command is the one that asks, and then rolls back."""
        return shlex.split(self.command)[1:2] == ["now"]

    def again(self, words: Sequence[str]) -> str:
        """Return the same command once more."""
        return self.command or shlex.join([self.program, *words])


def next_steps(words: Sequence[str], command: str = "") -> NextSteps:
    """Return what the next command needs of the one that was given."""
    given = shlex.split(command)[1:] if command else words
    return NextSteps(found("pytest"), tuple(meant(given)), command, found("rollback"))


def meant(words: Sequence[str]) -> list[str]:
    """Return which system and incident are meant; a folder's own rollback.toml need not be named.

    A script of the checkout that was called from elsewhere is about that of the checkout.
    """
    where = [each for each in kept(words) if not is_own(each)]
    elsewhere = home() != Path.cwd() and not any(each.startswith(TARGET) for each in where)
    return [*where, f"{TARGET[0]}={home() / MANIFEST}"] if elsewhere else where


def is_own(word: str) -> bool:
    """Return whether an option names the rollback.toml of the current folder."""
    name, _, value = word.partition("=")
    return name in TARGET and Path(value).absolute() == Path.cwd() / MANIFEST


def kept(words: Sequence[str]) -> Iterator[str]:
    """Yield the options among words that say which system and which incident is meant."""
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if word == "-o":
            setting = next(left, "")
            yield from ["-o", setting] if setting.startswith(PLACES) else []
        elif name in KEPT:
            option = TARGET[0] if name in TARGET else name
            yield f"{option}={value if equals else next(left, '')}"


def ours(where: Sequence[str], *, incident: bool, settings: bool) -> Iterator[str]:
    """Yield those options as our own commands take them.

    Args:
        where: as pytest takes them.
        incident: whether the command knows incidents.
        settings: whether it hands settings on to pytest.
    """
    for number, word in enumerate(where):
        name, _, value = word.partition("=")
        if name in {TARGET[0], PLACES[0].rstrip("=")}:
            yield f"--target={value}"
        elif name == INCIDENT and incident:
            yield word
        elif word.startswith(PLACES) and settings:
            yield from where[number - 1 : number + 1]
