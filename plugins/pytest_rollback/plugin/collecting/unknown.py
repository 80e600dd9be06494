"""Options that nobody knows: one message of ours, where pytest would print its own usage."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.run.command_line.arguments import UNKNOWN, meant
from pytest_rollback.text.doors import rollback

SAID = ": error: "
"""What stands between the usage that pytest prints and what it has against the arguments."""


def refuse_unknown(config: pytest.Config, parser: pytest.Parser, words: Sequence[str]) -> None:
    """Refuse options that nobody knows, and values that an option does not take.

    Raises:
        pytest.UsageError: there is one.
    """
    lists = str(parser.extra_info.get("HINT", ""))
    typed = shlex.split(config.getini("rollback_door"))[1:2]
    door = [each for each in typed if not each.startswith("-")]
    every = f"{rollback(*door, '--help')}; options of pytest: pytest --help" if door else lists
    try:
        unknown = parser.parse_known_and_unknown_args(list(words))[1]
    except pytest.UsageError as error:
        said = str(error).partition(SAID)[2].partition("\n")[0] or str(error)
        told = str(parser.extra_info.get("HINT", ""))  # what to type, for an empty value
        raise _told(said, told if told != lists else every) from None
    if unknown:
        raise _told(UNKNOWN + shlex.join(unknown), meant(unknown, _known(parser)) + every)


def _told(words: str, hint: str) -> pytest.UsageError:
    return pytest.UsageError(str(UsageError(words, hint=hint)))


def _known(parser: pytest.Parser) -> Iterator[str]:
    """Yield every option that this session has: ours, pytest's, and those of all plugins."""
    for group in parser._groups:  # noqa: SLF001 - pytest has no other list of them
        for option in group.options:
            yield from option.names()
