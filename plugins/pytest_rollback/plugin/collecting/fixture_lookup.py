"""Fixtures for criteria: ours are never replaced by somebody's of the same name, nor seen by them.

pytest looks a fixture up by its name, and that of the nearest conftest wins. A `dump` or `system`
of a guest would take the place of what a criterion judges by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest.fixtures import FixtureDef, FixtureManager
from _pytest.nodes import Node

from pytest_rollback.plugin.collecting.nodes import is_shipped, root_node
from pytest_rollback.run.shipped import root_of

PACKAGE = "pytest_rollback."
BUILT_IN = "_pytest."


class CriteriaFixtures(FixtureManager):
    """pytest's own, which finds for each test what is meant for it."""

    def getfixturedefs(self, argname: str, node: Node) -> Sequence[FixtureDef[Any]] | None:
        """Return the fixtures of a name that a test can see; the last of them is the one."""
        found = super().getfixturedefs(argname, node)
        if not found:
            return found
        ours = [each for each in found if of(each).startswith(PACKAGE)]
        theirs = [each for each in found if each not in ours]
        if is_shipped(node):
            return ours or [each for each in theirs if of(each).startswith(BUILT_IN)] or None
        root = root_node(node)
        if root is None:
            return found if root_of(node.path) else theirs or None
        beside = [each for each in theirs if root.owns(file_of(each))]
        return [*(each for each in theirs if each not in beside), *ours, *beside]

    def _getautousenames(self, node: Node) -> Iterator[str]:
        """Yield what a test uses without asking: for a criterion that ships, that is nothing."""
        if not is_shipped(node):
            yield from super()._getautousenames(node)


def of(fixture: FixtureDef[Any]) -> str:
    """Return the name of the module that a fixture is from."""
    return str(getattr(fixture.func, "__module__", "") or "")


def file_of(fixture: FixtureDef[Any]) -> Path:
    """Return the file that a fixture is from; an empty path if that is none."""
    code = getattr(fixture.func, "__code__", None)
    return Path(code.co_filename if code else "")


def look_up(session: pytest.Session) -> None:
    """Have a session look fixtures up in this way."""
    session._fixturemanager.__class__ = CriteriaFixtures  # noqa: SLF001 - pytest has no way in
