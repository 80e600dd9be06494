"""The exact commands that come next, ready to be copied into the terminal that shows them."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[3]
"""Where suites and scripts are, unless the plugin was installed without them."""

KEPT = ("--rollback-target", "--incident")
"""Options that select system and incident; all next commands repeat them."""

PLACES = ("rollback_target=", "rollback_reports=")
"""Settings given with `-o` that do the same."""


@dataclass(frozen=True)
class NextSteps:
    """How the next command has to begin and to end.

    Args:
        program: what runs pytest here.
        where: the options that say which system is meant.
        command: the command that runs pytest, such as `scripts/rollback ...`; "" for pytest itself.
    """

    program: str = "pytest"
    where: tuple[str, ...] = ()
    command: str = ""

    def pytest(self, *words: str) -> str:
        """Return pytest on the same system."""
        return shlex.join([self.program, *map(reached, words), *self.where])

    def rollback(self) -> str:
        """Return the rollback of the same system, which asks before it changes anything."""
        return shlex.join([reached("scripts/rollback"), *named(self.where)])

    def again(self, words: Sequence[str]) -> str:
        """Return the same command once more."""
        return self.command or shlex.join([self.program, *words])


def reached(word: str) -> str:
    """Return a word; where it names a suite or a script of ours, as it is found from here."""
    ours = HOME / word
    if not word.startswith(("suites/", "scripts/")) or Path(word).exists() or not ours.exists():
        return word
    return str(ours)


def next_steps(words: Sequence[str], command: str = "") -> NextSteps:
    """Return what the next command needs of the one that was given."""
    given = shlex.split(command)[1:] if command else words
    return NextSteps(program(), tuple(kept(given)), command)


def kept(words: Sequence[str]) -> Iterator[str]:
    """Yield the options among words that say which system and which incident is meant."""
    left = iter(words)
    for word in left:
        name, equals, value = word.partition("=")
        if word == "-o":
            setting = next(left, "")
            yield from ["-o", setting] if setting.startswith(PLACES) else []
        elif name in KEPT:
            yield f"{name}={value if equals else next(left, '')}"


def named(where: Iterable[str]) -> Iterator[str]:
    """Yield those options that every command of ours knows."""
    return (word for word in where if word.startswith(KEPT))


def program() -> str:
    """Return how pytest is called here: by its name where that is found, else by its path."""
    mine = Path(sys.executable).absolute().with_name("pytest")
    found = shutil.which("pytest")
    if not mine.exists() or (found and Path(found).absolute() == mine):
        return "pytest"
    here = Path.cwd()
    return os.path.relpath(mine, here) if mine.is_relative_to(here) else str(mine)
