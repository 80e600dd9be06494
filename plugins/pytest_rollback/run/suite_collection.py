"""What a session was asked for and collected, and how much of whole suites that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.criteria import SUITES, Outcome
from pytest_rollback.manifest.applicability import Lacks, NotApplicable
from pytest_rollback.run.completeness import Completeness, DeclaredScope, Instance, completeness
from pytest_rollback.run.shipped import PRACTICE, of, root_of, shipped, suites_of

PLACES = {PRACTICE: f"drill/{PRACTICE}"}
"""Where a suite lies, if not in a folder of its own name."""


@dataclass(frozen=True)
class SuiteCollection:
    """What a session was asked for and collected.

    Args:
        roots: the folders `suites` that it was about.
        suites: the suites that were named.
        left_out: files and folders that belong to a part that is not installed.
        instances: every criterion that pytest collected and that applies, before anything was
            deselected.
        beside: those that it collected and that do not apply to this system.
    """

    roots: frozenset[Path] = frozenset()
    suites: frozenset[str] = frozenset()
    left_out: tuple[Path, ...] = ()
    instances: tuple[Instance, ...] = ()
    beside: tuple[NotApplicable, ...] = ()

    @staticmethod
    def of(
        named: Iterable[Path], tests: Iterable[Path], left_out: Iterable[Path]
    ) -> SuiteCollection:
        """Return the collection of a session before pytest has collected anything.

        Args:
            named: the paths of the command line.
            tests: further files whose suites take part.
            left_out: files and folders that belong to a part that is not installed.
        """
        paths = list(named)
        roots = {root_of(path) for path in (*paths, *tests)} - {None}
        return SuiteCollection(
            frozenset(filter(None, roots)),
            frozenset(suite for path in paths for suite in suites_of(path)),
            tuple(left_out),
        )

    def touched(self, evaluated: Iterable[str]) -> list[str]:
        """Return the suites that were touched, in the order of an incident."""
        found = {each.suite for each in self.instances} | self.suites | set(evaluated)
        return [each for each in SUITES if each in found]

    def unknown(self, identities: Iterable[str]) -> list[str]:
        """Return the ids that no criterion has, of suites that the session knows whole.

        Of a suite that no path named, another repository may have further criteria.
        """
        ids = {
            each.identity for root in self.roots for suite in SUITES for each in of(root, suite, ())
        } | {each.identity for each in self.instances}
        whole = {each.suite for each in self.instances} | self.suites
        foreign = set(SUITES) - whole
        return [
            each for each in identities if each not in ids and each.partition(".")[0] not in foreign
        ]

    def completeness(
        self,
        suites: Iterable[str],
        names: Sequence[str],
        outcomes: Iterable[Outcome],
        scope: DeclaredScope,
        lacks: Lacks,
    ) -> Completeness:
        """Return how much was evaluated.

        Args:
            suites: of these suites; of all that were touched if none is named.
            names: the components that the run is about.
            outcomes: how every criterion ended.
            scope: what the options declare as the whole.
            lacks: tells which key of rollback.toml a criterion lacks.
        """
        ended = [Instance(each.identity, each.component, each.nodeid) for each in outcomes]
        touched = {each.suite for each in (*self.instances, *ended)} | self.suites
        mine = frozenset(suites) or touched
        return completeness(
            shipped(self.roots, mine, self.left_out, names, lacks),
            [each for each in self.instances if each.suite in mine],
            [each for each in ended if each.suite in mine],
            scope,
        )
