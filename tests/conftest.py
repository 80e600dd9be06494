"""Marks each test by what `make test` and `make test-all` have time for; see tests/chosen.py.

What takes longest comes first: several processes share the tests, by file.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import chosen
from tests.long_sessions import LONG_SESSIONS
from tests.slow_tests import SLOW_TESTS

REPOSITORY = Path(__file__).parents[1]

# How long an example takes says nothing about the code where other processes are busy.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow and what is long, and put first what takes longest."""
    for item in items:
        file = item.path.relative_to(REPOSITORY)
        if file.parent == Path("tests/machine") and not _named(item, chosen.MACHINE, file.name):
            item.add_marker("long")
        if file.parent == Path(chosen.CONTAINERS):
            item.add_marker("long")
        if file.as_posix() == chosen.SABOTAGE and not _named(item, chosen.SHOWN, chosen.SABOTAGE):
            item.add_marker("long")
        if _named(item, LONG_SESSIONS, file.as_posix()):
            item.add_marker("long")
        if _is_slow(item, file):
            item.add_marker("slow")
    _leave_siblings(items)
    items.sort(key=_rank)


def _leave_siblings(items: list[pytest.Item]) -> None:
    """Mark as long what `make test-all` leaves of a slow function that has many cases."""
    cases: defaultdict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        file = item.path.relative_to(REPOSITORY).as_posix()
        if _marked(item) == {"slow"} and chosen.has_siblings(file):
            cases[file, getattr(item, "originalname", item.name)].append(item)
    for family in cases.values():
        for place, item in enumerate(family if len(family) > chosen.MANY else ()):
            if place % chosen.EACH:
                item.add_marker("long")


def _marked(item: pytest.Item) -> set[str]:
    """Return which of the two marks a test has."""
    return {mark.name for mark in item.iter_markers()} & {"slow", "long"}


def _rank(item: pytest.Item) -> int:
    """Return 0 for what is in the first of the files that take longest, and so on."""
    file = item.path.relative_to(REPOSITORY).as_posix()
    return chosen.FIRST.index(file) if file in chosen.FIRST else len(chosen.FIRST)


def _is_slow(item: pytest.Item, file: Path) -> bool:
    """Tell whether `make test` leaves a test to `make test-all`."""
    folder = file.parent.as_posix()
    if _named(item, SLOW_TESTS, file.as_posix()):
        return True
    if folder in chosen.SLOW:
        return not _named(item, chosen.SHOWN, file.as_posix())
    fixtures: list[str] = getattr(item, "fixturenames", [])
    call = getattr(item, "callspec", None)
    values = () if call is None else call.params.values()
    places = {value for value in values if isinstance(value, str)}
    on_a_machine = folder == "tests/contract" and places & chosen.PLACES_ON_A_MACHINE
    return bool(on_a_machine or chosen.ON_A_MACHINE.intersection(fixtures))


def _named(item: pytest.Item, names: dict[str, tuple[str, ...]], file: str) -> bool:
    """Tell whether a table names a test, or the function of which it is one case."""
    wanted = names.get(file, ())
    return item.name in wanted or getattr(item, "originalname", None) in wanted
