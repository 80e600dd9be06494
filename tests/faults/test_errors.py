"""Each kind of twelve errors at every system call: said, nothing lost, and a way on or back."""

from __future__ import annotations

import pytest

from tests.faults import errors
from tests.faults.figures import every, measured
from tests.faults.sweep import Swept
from tests.faults.test_kills import CASES

STEP = 199
OLD = '.old"'
LOOKING = ("EIO", "EMFILE")


def test_a_reserve_that_cannot_be_flushed_is_said(benches: dict[str, Swept]) -> None:
    """A disk that fails there fails with the journal next; one that is only full has no reserve."""
    bench, phase = benches["exchange"].bench, benches["exchange"].phases["begin"]
    bench.violations = []
    (site,) = (s for s in bench.sites(phase) if s.call == "fsync" and "/reserve" in s.about)
    for error in ("EIO", "EROFS", "ENOSPC"):
        bench.failed(phase, site, error, undo=False)

    assert not bench.violations, "\n".join(bench.violations)


@pytest.mark.parametrize("name", ["files", "files, resumed"])
def test_a_version_beside_that_cannot_be_looked_at_is_said(
    benches: dict[str, Swept], name: str
) -> None:
    """It is neither taken for gone nor for nobody's: nothing of a directory is left or lost."""
    bench, phase = benches["exchange"].bench, benches["exchange"].phases[name]
    bench.violations, bench.tried = [], 0
    sites = [each for each in bench.sites(phase) if each.call == "openat" and OLD in each.about]
    for number, site in enumerate(sites):
        bench.failed(phase, site, LOOKING[number % len(LOOKING)], undo=number % 2 == 0)

    assert bench.tried, "no error was injected"
    assert not bench.violations, "\n".join(bench.violations)


RESUMED = ", resumed"
FIRST = "exchange"
UNDO = "undo after close"
"""It takes back all that any other undo does."""


def first(way: str, name: str) -> list[tuple[str, str]]:
    """Return the cases in which calls meet every kind of error that this one may have as well."""
    plain = name.removesuffix(RESUMED)
    longer = UNDO if plain.startswith("undo") else plain
    found = {(way, plain), (FIRST, plain), (FIRST, longer)} - {(way, name)}
    return sorted(found & {*CASES})


@pytest.mark.parametrize(("way", "name"), CASES)
def test_an_error_at_any_call(benches: dict[str, Swept], way: str, name: str) -> None:
    """Old or new at every path, both on the host; a full disk before all is staged changed nothing.

    Every other case goes on, the rest undo.
    """
    bench, phase = benches[way].bench, benches[way].phases[name]
    bench.violations, bench.tried = [], 0
    known = bench.sites(phase)
    elsewhere = [
        site
        for way_, name_ in first(way, name)
        for site in benches[way_].bench.sites(benches[way_].phases[name_])
    ]
    cases = errors.cases(known, elsewhere)
    for number in range(len(name) % every(STEP), len(cases), every(STEP)):
        bench.failed(phase, *cases[number], undo=number % 2 == 0)
    figure = f"{bench.tried} of {len(cases)} errors injected at {len(known)} sites"
    measured("error-safety", f"{way}, {name}: {figure}")

    assert bench.tried, "no error was injected"
    assert not bench.violations, "\n".join(bench.violations)
