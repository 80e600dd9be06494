"""What a session collects before anything is deselected, also in workers of pytest-xdist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.criteria import Criterion
from pytest_rollback.errors import UsageError
from pytest_rollback.manifest.applicability import NotApplicable, lacks
from pytest_rollback.plugin.collecting.words import Named, named
from pytest_rollback.plugin.stash import criterion_of
from pytest_rollback.run import shipped
from pytest_rollback.run.completeness import Instance
from pytest_rollback.run.shipped import root_of
from pytest_rollback.run.suite_collection import SuiteCollection

if TYPE_CHECKING:
    from pytest_rollback.run.run import Run

HANDED = "rollback"
"""The name of what a worker hands to the controller."""


def about(item: pytest.Item) -> str | None:
    """Return the component or owner that a test is about; None for one about the whole system."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    component = params.get("component")
    return component.name if component else params.get("owner")


def instance(item: pytest.Item, criterion: Criterion) -> Instance:
    """Return which criterion a test is, and for whom."""
    return Instance(criterion.identity, about(item), item.nodeid)


def keep(config: pytest.Config, run: Run, items: Iterable[pytest.Item]) -> None:
    """Keep what was collected; a worker hands it to the controller."""
    mine = [(item, found) for item in items if (found := criterion_of(item))]
    beside = tuple(filter(None, (not_applicable(run, *each) for each in mine)))
    apply = [each for each in mine if not not_applicable(run, *each)]
    instances = tuple(instance(*each) for each in apply)
    asked = asked_for(config, {item.path for item, _ in mine})
    run.collection = replace(asked, instances=instances, beside=beside)
    refuse_unknown(run)
    if hasattr(config, "workeroutput"):
        config.workeroutput[HANDED] = [[*map(list, each)] for each in (instances, beside)]


def not_applicable(run: Run, item: pytest.Item, criterion: Criterion) -> NotApplicable | None:
    """Return that a criterion does not apply to the system, and which key would make it apply."""
    key = lacks(run.system)(criterion.needs, about(item))
    return NotApplicable(criterion.identity, about(item), key) if key else None


def refuse_unknown(run: Run) -> None:
    """Refuse a waiver of a criterion that there is not: it would excuse nothing, or later another.

    Raises:
        pytest.UsageError: there is one.
    """
    unknown = run.collection.unknown(each.criterion for each in run.system.waivers)
    if unknown:
        error = UsageError(
            f"rollback.toml has a waiver of {', '.join(unknown)}: there is no such criterion",
            hint="correct criterion in [[waivers]]; ids stand in the report and under suites/",
        )
        raise pytest.UsageError(str(error))


def receive(run: Run, handed: Mapping[str, Any]) -> None:
    """Take in what a worker collected; each of them collects everything."""
    instances, beside = handed.get(HANDED, ((), ()))
    if instances or beside:
        run.collection = replace(
            run.collection,
            instances=tuple(Instance(*each) for each in instances),
            beside=tuple(NotApplicable(*each) for each in beside),
        )


def asked_for(config: pytest.Config, tests: Iterable[Path] = ()) -> SuiteCollection:
    """Return the suites that the command line names, and their folders."""
    asked = [path for path in paths(config, config.args) if root_of(path)]
    return SuiteCollection.of(asked, tests, shipped.left_out())


def is_ours(config: pytest.Config, words: Iterable[str]) -> bool:
    """Return whether a session is about criteria: a path of the command line is one of suites."""
    return any(shipped.is_ours(path) for path in paths(config, words))


def alone(config: pytest.Config) -> bool:
    """Return whether every word of the command line names criteria, and nobody else's tests."""
    return all(map(shipped.is_ours, paths(config, config.args)))


def claimed(config: pytest.Config) -> list[Named]:
    """Return the words of the command line that name criteria which ship."""
    return [each for each in named(config, config.args) if each.claimed]


def paths(config: pytest.Config, words: Iterable[str]) -> Iterator[Path]:
    """Yield the files and folders that words of the command line name."""
    for each in named(config, words):
        yield from each.places
