"""No reading of the host outlives its suite: the worst false green is yesterday's answer."""

from __future__ import annotations

import ast
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
LASTING = {"system", "connection", "scope", "run", "page", "troubleshoot"}
"""What is the same for the whole session, and asks the host nothing; `troubleshoot` is a tool."""


def lasting(source: str) -> set[str]:
    """Return the fixtures of a source that are made once for a session."""
    return {
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        for keyword in decorator.keywords
        if keyword.arg == "scope" and ast.literal_eval(keyword.value) != "function"
    }


def test_only_what_asks_nothing_lasts_for_a_session() -> None:
    """A reading is a fact, made anew for each suite."""
    sources = [*REPOSITORY.glob("fixtures/*.py"), *REPOSITORY.glob("suites/**/*.py")]
    assert len(sources) > 20
    assert {name for path in sources for name in lasting(path.read_text())} <= LASTING


def test_a_lasting_reading_is_seen() -> None:
    """The rule can fail."""
    source = "import pytest\n@pytest.fixture(scope='session')\ndef answers(): ...\n"
    assert lasting(source) == {"answers"}
