"""What pytest calls while it collects and runs criteria that ship."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from pytest_rollback.plugin.collecting.fixture_lookup import look_up
from pytest_rollback.plugin.collecting.nodes import Criteria, root_node
from pytest_rollback.plugin.collecting.words import Named


class CollectingHooks:
    """The plugin.

    Args:
        config: pytest's.
        named: what the words of the command line name.
    """

    def __init__(self, config: pytest.Config, named: Sequence[Named]) -> None:
        self.config, self.named = config, named
        self.claimed = [each for each in named if each.claimed]
        self.collectors: list[pytest.Collector] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Leave to pytest what is not claimed; the words may name no file of this folder."""
        look_up(session)
        self.config.args = [each.word for each in self.named if not each.claimed]
        try:
            return (yield)
        finally:
            self._restore()

    def _restore(self) -> None:
        self.config.args = [each.word for each in self.named]

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Add criteria to what the session collects."""
        self._restore()  # pytest has resolved them
        self.collectors.append(collector)
        try:
            report = yield
        finally:
            self.collectors.pop()
        if isinstance(collector, pytest.Session) and report.passed and self.claimed:
            report.result = [*report.result, Criteria.of(collector, self.claimed)]
        return report

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out what the folder's own `suites` has beside that which was asked for."""
        root = root_node(self.collectors[-1]) if self.collectors else None
        return True if root and not root.has(collection_path) else None


def once(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test once, whoever would run it again; return that it was run."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    runtestprotocol(item, nextitem=nextitem)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
