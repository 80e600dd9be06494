"""Our Python files as text by path, and what their syntax trees say: imports and classes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

REPOSITORY = Path(__file__).parents[2]
PACKAGE = "pytest_rollback"
ROOT = "plugins/pytest_rollback/"
PLACES = ("plugins", "fixtures", "suites", "scripts", "benchmarks", "tests")
VILLAGE = "fixtures/village/"
"""The releases of the sandbox: what they look like is part of the story, not of our code."""

LINKED = re.compile(rf"^{PACKAGE}\.(?=(fixtures|suites)(\.|$))")

Named = ast.Import | ast.ImportFrom | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Sources = Mapping[str, str]
"""Text of Python files by path, as `sources` returns them; the tests hand in a few of their own."""


def sources(repository: Path = REPOSITORY) -> dict[str, str]:
    """Return our Python files by path, relative to the repository, but for the sandbox's releases.

    Scripts without a suffix count when their first line calls Python.
    """
    found = [path for place in PLACES for path in (repository / place).rglob("*")]
    named = {path.relative_to(repository).as_posix(): path for path in found if path.is_file()}
    return {
        name: path.read_text("utf-8")
        for name, path in sorted(named.items())
        if not name.startswith(VILLAGE) and is_python(path)
    }


def is_python(path: Path) -> bool:
    """Tell whether a file is Python: by its suffix, or by its first line under scripts/."""
    if path.suffix or "scripts" not in path.parts:
        return path.suffix == ".py"
    with path.open("rb") as file:
        return file.readline().startswith(b"#!/usr/bin/env python3")


def matches(text: str, patterns: Iterable[str]) -> bool:
    """Tell whether a text matches one of the patterns; `*` stands for any characters."""
    return any(fnmatch(text, pattern) for pattern in patterns)


def module(path: str) -> str:
    """Return the dotted name of a source; that of a package ends with `.__init__`."""
    return path.removeprefix("plugins/").removesuffix(".py").replace("/", ".")


@cache
def tree(source: str) -> ast.Module:
    """Return the syntax tree of a source."""
    return ast.parse(source)


@cache
def nodes(source: str) -> tuple[Named, ...]:
    """Return the imports, classes and functions of a source, wherever in it."""
    return tuple(node for node in ast.walk(tree(source)) if isinstance(node, Named))


@cache
def imports(path: str, source: str) -> tuple[str, ...]:
    """Return the full name of everything that a source imports: for types, in functions, anywhere.

    `from a.b import c` gives `a.b` and `a.b.c`: whether c is a module is for the caller to know.
    Fixtures and suites have the names of their folders here, to which the package links.
    """
    found = _imports(module(path).split(".")[:-1], nodes(source))
    return tuple(dict.fromkeys(LINKED.sub("", each) for each in found))


def _imports(package: list[str], found: Iterable[Named]) -> Iterator[str]:
    for node in found:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))


def classes(source: str) -> list[str]:
    """Return the names of the classes that a source defines."""
    return [node.name for node in nodes(source) if isinstance(node, ast.ClassDef)]


def functions(source: str) -> list[tuple[str, int]]:
    """Return name and length in lines of the functions of a source, decorators not counted."""
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in nodes(source)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def entries(found: Iterable[str]) -> dict[str, set[str]]:
    """Return what lies in each folder, files and folders; a package's face does not count."""
    inside: dict[str, set[str]] = {}
    for path in map(PurePosixPath, found):
        for entry in (path, *path.parents[:-1]):
            if entry.name not in {"__init__.py", "py.typed"}:
                inside.setdefault(entry.parent.as_posix(), set()).add(entry.name)
    return inside
