"""Which words of the command line name criteria that ship, and which are left to pytest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_rollback.criteria import SUITES as NAMES
from pytest_rollback.run.shipped import FOLDER, PRACTICE
from pytest_rollback.text.places import MANIFEST, SUITES


@dataclass(frozen=True)
class Named:
    """One word of the command line.

    Args:
        word: as it was typed.
        shipped: the file or folder of the package that it names.
        own: that of the folder where pytest was called.
        test: what stands behind `::`, "" for everything in there.
    """

    word: str
    shipped: Path | None = None
    own: Path | None = None
    test: str = ""

    @property
    def claimed(self) -> bool:
        """Whether it names criteria that ship; all others are left to pytest."""
        return self.shipped is not None

    @property
    def places(self) -> tuple[Path, ...]:
        """The files and folders that it names."""
        return tuple(each for each in (self.shipped, self.own) if each)

    def has(self, item: pytest.Item) -> bool:
        """Return whether it names a test."""
        if not any(item.path.is_relative_to(place) for place in self.places):
            return False
        return not self.test or self.test in {item.name, item.name.partition("[")[0]}


def named(config: pytest.Config, words: Iterable[str]) -> list[Named]:
    """Return what words of the command line name."""
    here = Path(config.invocation_params.dir)
    about = (here / MANIFEST).is_file() or target_named(config)
    return [_named(here, word, about=about) for word in words]


def target_named(config: pytest.Config) -> bool:
    """Return whether the command line, or a setting, names a target."""
    given = getattr(config.known_args_namespace, "rollback_target", None)
    return bool(given or config.getini("rollback_target"))


def _named(here: Path, word: str, *, about: bool) -> Named:
    """Return what one word names.

    Args:
        here: the folder where pytest was called.
        word: the word.
        about: whether that folder is about a target.
    """
    place, _, test = word.partition("::")
    path = Path(os.path.normpath(here / place))
    if inside := _inside(path):
        return Named(word, SUITES / inside, test=test)
    own = path if path.exists() else None
    other = Named(word, own=own or path, test=test)
    if Path(place).is_absolute() or (own and not about) or not path.is_relative_to(here):
        return other
    first, *rest = path.relative_to(here).parts or ("",)
    shipped = SUITES.joinpath(*rest)
    if first != FOLDER or (rest and rest[0] not in NAMES) or not shipped.exists():
        return other
    return Named(word, shipped, own, test)


def _inside(path: Path) -> Path | None:
    """Return where in our own suites a path lies, also by way of the checkout's folder."""
    for root in (SUITES, SUITES.resolve()):
        if path.is_relative_to(root):
            return path.relative_to(root)
    return None


def files(named: Iterable[Named], left_out: Iterable[Path]) -> Iterator[Path]:
    """Yield the files of criteria that words name, each once; the practice only by its own path."""
    gone = tuple(left_out)
    found: dict[Path, None] = {}
    for place in (each.shipped for each in named if each.shipped):
        listed = [place] if place.is_file() else sorted(place.rglob("test_*.py"))
        practice = PRACTICE in place.relative_to(SUITES).parts
        found |= dict.fromkeys(
            each for each in listed if practice or PRACTICE not in each.relative_to(SUITES).parts
        )
    yield from (each for each in found if not any(each.is_relative_to(part) for part in gone))
