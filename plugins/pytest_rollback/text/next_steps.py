"""The exact commands that come next, ready to be copied into the terminal that shows them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_rollback.text.doors import door
from pytest_rollback.text.places import found

KEPT = ("--rollback-target", "--incident")
"""Options that select system and incident; all next commands repeat them."""

PLACES = ("rollback_target=", "rollback_reports=")
"""Settings given with `-o` that do the same."""

COMMAND = re.compile(
    r"(?<![\w/.~=-])(?P<called>pytest(?= suites/)|scripts/(?:rollback|verify_bundle))(?![\w/.-])"
    r"(?P<words>(?: (?:suites/[\w/-]+|--?[\w-]+(?:=[\w.,:%/@+-]*[\w%/])?|status"
    r"|\d{8}-\d{6}-\w{4}))*)"
)
"""A command of ours in a text; the words behind it are no options."""


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
        return shlex.join([self.program, *words, *self.where])

    def rollback(self) -> str:
        """Return the rollback of the same system, which asks before it changes anything."""
        return " ".join([door("scripts/rollback"), *map(shlex.quote, named(self.where))])

    def completed(self, text: str) -> str:
        """Return a text whose commands are about the same system, ready to be copied."""
        return COMMAND.sub(self._complete, text)

    def _complete(self, found: re.Match[str]) -> str:
        """Return one command with the options that say which system is meant."""
        called, words = found["called"], shlex.split(found["words"])
        is_pytest = called == "pytest"
        rest = found.string[found.end() :].lstrip(" '\"")
        if any(each.startswith("--rollback-target") for each in (*words, rest)):
            return found[0]
        where = self.where if is_pytest else tuple(named(self.where))
        return shlex.join([self.program if is_pytest else called, *words, *where])

    def again(self, words: Sequence[str]) -> str:
        """Return the same command once more."""
        return self.command or shlex.join([self.program, *words])


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
    """Return how pytest is called here."""
    return found("pytest")
