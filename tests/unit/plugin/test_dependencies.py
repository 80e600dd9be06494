"""What the package imports is declared: nothing comes by chance, through somebody else."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
PACKAGE = REPOSITORY / "plugins/pytest_rollback"
OURS = {"pytest_rollback"}
BUNDLED = {"_pytest": "pytest"}
"""Modules that belong to a declared distribution under another name."""


def declared() -> set[str]:
    """Return the distributions that pyproject.toml names, in all extras but those for tests."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = [*project["dependencies"], *extras["sandbox"], *extras["notify"]]
    return {canonical(re.split(r"[\[<>=~!; ]", each)[0]) for each in named}


def canonical(name: str) -> str:
    """Return a distribution's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def imported() -> set[str]:
    """Return the top-level modules that the package, its suites and its fixtures import."""
    files = [
        path
        for place in (PACKAGE, REPOSITORY / "suites", REPOSITORY / "fixtures")
        for path in place.rglob("*.py")
        if "village" not in path.parts
    ]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text()))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    taken = {
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) if not node.level
    }
    return {name.partition(".")[0] for name in plain | taken}


def test_each_import_is_declared() -> None:
    """By the distribution that has it."""
    known = packages_distributions()
    foreign = imported() - set(sys.stdlib_module_names) - OURS
    needed = {canonical(BUNDLED.get(name) or known[name][0]) for name in foreign}

    assert "jinja2" in needed
    assert needed <= declared(), needed - declared()
