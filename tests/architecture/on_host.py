"""What the agent may be made of: the standard library of any Python since 3.8, and itself."""

from __future__ import annotations

import ast
import sys

from tests.architecture.sources import PACKAGE, Sources, imports, matches, nodes

AGENT = "plugins/pytest_rollback/agent/*"


def foreign(found: Sources) -> list[str]:
    """Return what the agent imports beside the standard library and itself, relatively."""
    return [
        f"{path} imports {name}"
        for path, source in found.items()
        if matches(path, [AGENT])
        for whole in (_absolute(source),)
        for name in sorted(whole | set(imports(path, source)))
        if (name in whole and name.split(".")[0] not in sys.stdlib_module_names)
        or (name.startswith(PACKAGE) and not name.startswith(f"{PACKAGE}.agent"))
    ]


def _absolute(source: str) -> set[str]:
    """Return what a source imports by its full name."""
    found = nodes(source)
    plain = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        node.module
        for node in found
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }


def too_new(found: Sources) -> list[str]:
    """Return what an old Python on a host could not even read, of the agent."""
    return [f"{path}: {why}" for path in found if (why := _unread(path, found[path]))]


def _unread(path: str, source: str) -> str:
    try:
        ast.parse(source, feature_version=(3, 8)) if matches(path, [AGENT]) else None
    except SyntaxError as error:
        return str(error)
    return ""
