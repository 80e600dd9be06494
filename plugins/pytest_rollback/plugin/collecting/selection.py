"""What the operator selects of the criteria; what a file or the environment adds does not count."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.plugin.options import dest

SELECTING = {"keyword": "", "markexpr": "", "deselect": None}
"""pytest's options that select tests, with what they are where nobody gave them."""

ENDING = (
    *("collectonly", "setuponly", "setupplan"),
    *("maxfail", "lf", "failedfirst", "newfirst", "stepwise", "stepwise_skip"),
    *("usepdb", "trace"),
)
"""Where pytest keeps those of its options by which a session evaluates less, or waits for somebody.
Of plugins that are left out there are none."""

LOOK = "grep -n addopts pyproject.toml pytest.* .pytest.* tox.ini setup.cfg"
TYPED = (
    "--arm",
    "--accept-loss",
    "--dry-run",
    "--isolate",
    "--component",
    "--despite",
    "--use-defaults",
)
"""Options of ours that permit changes or declare a smaller whole: who types them knows of them."""

LONGEST = 15 * 60
"""Seconds that a criterion may take: the procedure's RTO."""

WARNINGS = ("default", "ignore:record_property is incompatible with junit_family")
"""What becomes of warnings. Families of JUnit without properties of a test lose these alone."""


def typed(config: pytest.Config) -> dict[str, Any]:
    """Return the options as they were typed, without those of `addopts` and `PYTEST_ADDOPTS`."""
    words = config.invocation_params.args
    given = config._parser.parse_known_args(words)  # noqa: SLF001 - `option` has both
    return vars(given)


def end_as_typed(config: pytest.Config) -> None:
    """Have a session end by what was typed alone; called before other plugins read their options.

    Raises:
        UsageError: an option of ours, which has to be typed, was not.
    """
    given = typed(config)
    known = vars(config.option)
    known.update({name: given[name] for name in ENDING if name in known and name in given})
    for each in TYPED:
        if known.get(dest(each)) and not given.get(dest(each)):
            raise UsageError(
                f"{each} stands in PYTEST_ADDOPTS or addopts, and counts only where it is typed",
                hint=f"type it behind pytest, or take it away: unset PYTEST_ADDOPTS; {LOOK}",
            )


def ignored(config: pytest.Config, paths: Iterable[Path]) -> set[Path]:
    """Return which paths the command line leaves out by --ignore and --ignore-glob."""
    given, here = typed(config), config.invocation_params.dir
    whole = [Path(os.path.normpath(here / each)) for each in given.get("ignore") or ()]
    globs = [os.path.normpath(here / each) for each in given.get("ignore_glob") or ()]
    return {
        path
        for path in paths
        if any(path.is_relative_to(each) for each in whole)
        or any(fnmatch(str(each), glob) for each in (path, *path.parents) for glob in globs)
    }


@contextmanager
def as_typed(config: pytest.Config) -> Iterator[None]:
    """Have pytest select by what was typed alone, for as long as this lasts."""
    before = {name: getattr(config.option, name) for name in SELECTING}
    given = typed(config)
    vars(config.option).update({name: given.get(name, none) for name, none in SELECTING.items()})
    try:
        yield
    finally:
        vars(config.option).update(before)


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take away what -k, -m and --deselect of the command line leave out."""
    with as_typed(config):
        for name in ("main", "mark"):
            plugin: Any = config.pluginmanager.get_plugin(name)
            plugin.pytest_collection_modifyitems(items=items, config=config)


def settle(item: pytest.Item) -> None:
    """Give a criterion what it needs of pytest, whatever is set for other tests.

    A criterion with a limit of its own keeps it.
    """
    own = item.get_closest_marker("timeout")
    if own is None and item.config.pluginmanager.has_plugin("timeout"):
        item.add_marker(pytest.mark.timeout(LONGEST, method="signal", func_only=False))
    for each in WARNINGS:
        item.add_marker(pytest.mark.filterwarnings(each))
