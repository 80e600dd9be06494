"""The nodes that pytest collects for criteria: those that ship, and beside them a folder's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.nodes import Node

from pytest_rollback.plugin.collecting.selection import ignored
from pytest_rollback.plugin.collecting.words import Named, files
from pytest_rollback.run.shipped import FOLDER, left_out
from pytest_rollback.text.places import SUITES


class ShippedFile(pytest.Module):
    """A file of criteria that ships: no setting says which of its functions are tests."""

    def _getobj(self) -> ModuleType:
        """Import it by its name in the package, whatever the import mode of the session is."""
        words = self.path.relative_to(SUITES.parent).with_suffix("").parts
        return import_module(".".join(("pytest_rollback", *words)))

    def funcnamefilter(self, name: str) -> bool:
        """Return whether a function is a test, by its name."""
        return name.startswith("test_")

    def classnamefilter(self, name: str) -> bool:  # noqa: ARG002 - pytest's own signature
        """Return that no class is: a criterion is a function."""
        return False


class Criteria(pytest.Collector):
    """The root of all criteria of a session.

    Fixtures, which are looked up from a test to its root, tell by it what is ours.
    """

    asked: tuple[Named, ...]

    @classmethod
    def of(cls, session: pytest.Session, asked: Iterable[Named]) -> Criteria:
        """Return the node for what the command line names."""
        found: Criteria = cls.from_parent(session, name="criteria", nodeid=FOLDER)
        found.asked = tuple(asked)
        return found

    def collect(self) -> Iterator[pytest.Collector]:
        """Yield each file that ships, and the folder's own `suites`."""
        taken = self._own_files()
        placed = {self.own_root / path.relative_to(SUITES): path for path in self._shipped()}
        for as_own in sorted(placed.keys() - ignored(self.config, placed)):
            path, relative = placed[as_own], as_own.relative_to(self.own_root)
            own = relative in taken
            place = (FOLDER, *relative.parts[:-1], *(["shipped"] if own else []), relative.name)
            yield ShippedFile.from_parent(self, path=path, nodeid="/".join(place))
        if any(each.own for each in self.asked):
            yield pytest.Dir.from_parent(self, path=self.own_root)

    def has(self, path: Path) -> bool:
        """Return whether somebody's own file, or a folder above or below, was asked for."""
        asked = [each.own for each in self.asked if each.own]
        return any(path.is_relative_to(each) or each.is_relative_to(path) for each in asked)

    def owns(self, path: Path) -> bool:
        """Return whether a path lies in the own `suites` that take part."""
        return path.is_relative_to(self.own_root) and any(each.own for each in self.asked)

    def _shipped(self) -> Iterator[Path]:
        return files(self.asked, left_out())

    @property
    def own_root(self) -> Path:
        """The folder's own `suites`, whether there is one or not."""
        return Path(self.config.invocation_params.dir) / FOLDER

    def _own_files(self) -> set[Path]:
        """Return the own files as they lie in `suites`: theirs is the id that pytest gives them."""
        root = self.own_root
        return {path.relative_to(root) for path in root.rglob("test_*.py") if self.owns(path)}


def root_node(node: Node) -> Criteria | None:
    """Return the root of all criteria above a node; None for what is somebody else's."""
    return next((each for each in node.iter_parents() if isinstance(each, Criteria)), None)


def is_shipped(node: Node) -> bool:
    """Return whether a node is of a file that ships."""
    return node.getparent(ShippedFile) is not None


def chosen(asked: Sequence[Named], items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that were asked for: of ours, those that `::` names where one is named.

    Raises:
        pytest.UsageError: there is no such test.
    """
    ours = {item for item in items if root_node(item)}
    for each in asked:
        if each.test and not any(each.has(item) for item in ours):
            raise pytest.UsageError(f"not found: {each.word}")
    beside = [each for each in items if each in ours and not any(one.has(each) for one in asked)]
    if beside:
        beside[0].config.hook.pytest_deselected(items=beside)
    return [each for each in items if each not in beside]
