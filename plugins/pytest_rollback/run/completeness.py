"""How much of the declared suites was evaluated: expected criteria against those that ended.

Pure: what the suites ship, what pytest collected before anything was deselected, and what ended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pytest_rollback.text.quantities import part

ISOLATION = frozenset({"drill.state.saved", "drill.units.stopped"})
"""The criteria of a drill that goes no further than to stop what fails."""

MOST = 12
"""Criteria that a sentence names; the record has all of them."""

PARTIAL = "PARTIAL"
"""The verdict of a run that met everything it evaluated, and did not evaluate everything."""

CHANGING = frozenset({"drill", "troubleshooting"})
"""Suites that a rehearsal replaces: the whole plan is one criterion, drill.plan.made."""


class Instance(NamedTuple):
    """A criterion asked once: its id, the component or owner, and the test ("" if unknown)."""

    identity: str
    about: str | None = None
    nodeid: str = ""

    @property
    def suite(self) -> str:
        """The suite that it is part of."""
        return self.identity.split(".")[0]


@dataclass(frozen=True)
class DeclaredScope:
    """What the options of the command line declare as the whole.

    Args:
        dry: a rehearsal, which runs no criterion of a drill.
        isolate: a drill that only stops what fails.
    """

    dry: bool = False
    isolate: bool = False

    def has(self, each: Instance) -> bool:
        """Return whether a criterion is expected within this scope."""
        if self.dry and each.suite in CHANGING:
            return False
        return not (self.isolate and each.suite == "drill") or each.identity in ISOLATION


@dataclass(frozen=True)
class Completeness:
    """How many criteria were evaluated of those that make the whole.

    Args:
        evaluated, total: counted once for each component, as the rows of a report are.
        missing: what was not evaluated: ids, with the component where only some are missing.
        known: whether anybody said what was collected; if not, nothing is whole.
    """

    evaluated: int = 0
    total: int = 0
    missing: tuple[str, ...] = ()
    known: bool = True

    @property
    def whole(self) -> bool:
        """Whether everything was evaluated."""
        return self.known and not self.missing

    @property
    def words(self) -> str:
        """How much was evaluated: 11 of 16 criteria."""
        return part(self.evaluated, self.total, "criterion", "criteria")

    @property
    def left(self) -> str:
        """What was not evaluated, the first of it by name; "" if that is nothing."""
        more = f" and {len(self.missing) - MOST:,} more" if len(self.missing) > MOST else ""
        return f"not evaluated: {', '.join(self.missing[:MOST])}{more}" if self.missing else ""


def completeness(
    shipped: Iterable[Instance],
    collected: Collection[Instance],
    ended: Collection[Instance],
    scope: DeclaredScope,
) -> Completeness:
    """Return how much of the touched suites was evaluated.

    Args:
        shipped: every criterion of the touched suites, as their sources have them.
        collected: what pytest collected, before anything was deselected; none if nobody knows.
        ended: the criteria that have an outcome, whichever it is.
        scope: what the options declare as the whole.
    """
    known = bool(collected)
    found = list(dict.fromkeys(collected or (each for each in ended if each.nodeid)))
    expected = [each for each in (*found, *uncollected(shipped, found)) if scope.has(each)]
    tests = {each.nodeid for each in ended} - {""}
    missing = [each for each in expected if each.nodeid not in tests]
    names = tuple(named(expected, missing))
    return Completeness(len(expected) - len(missing), len(expected), names, known)


def uncollected(shipped: Iterable[Instance], collected: Iterable[Instance]) -> Iterator[Instance]:
    """Yield what was shipped and not collected, such as the rest of a suite beside one file.

    A source does not always tell that a test is asked once for each component; then one is enough.
    """
    rows = {(each.identity, each.about) for each in collected}
    ids = {identity for identity, _ in rows}
    for each in dict.fromkeys(shipped):
        known = each.identity in ids if each.about is None else (each[0], each[1]) in rows
        if not known:
            yield each


def named(expected: Iterable[Instance], missing: Collection[Instance]) -> Iterator[str]:
    """Yield the ids of what is missing, with the component where others of it are not."""
    left = set(missing)
    partly = {each.identity for each in expected if each not in left}
    seen = {
        f"{each.identity} [{each.about}]" if each.identity in partly and each.about else each[0]: 0
        for each in missing
    }
    yield from sorted(seen)
