"""What files, folders and names look like: rules over syntax trees."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import PurePosixPath
from statistics import median

from tests.architecture.sources import (
    PACKAGE,
    Sources,
    classes,
    entries,
    functions,
    matches,
    nodes,
    tree,
)

GENERAL = (
    "plugins",
    "suites",
    "scripts",
    "benchmarks",
    "fixtures",
    "conftest.py",
    "pyproject.toml",
)
"""Places that serve any system: nothing of a particular one is named in them."""

CROWDED = 15
"""Entries of a folder."""

SHORTEST, LONGEST = 40, 300
"""Lines of a file."""

LONGEST_FUNCTION, MEDIAN_FUNCTION = 40, 10
SHORTEST_FACE = 5
"""Lines of the docstring of a package."""

RIDDLES = frozenset(
    re.findall(
        r"\w+",
        """
    acting ahead amending asking carrying closing comparing defaulted emptying exchanging
    fetched flushing judging measuring night nouns onward parting placing rebuilding
    renaming returning said seen staging swapping tally telling told traps troubles
    undoing whereabouts working
    """,
    )
)
"""Words that are no part of a module's or a class's name: what they mean takes the file to see."""

VAGUE = frozenset(
    re.findall(
        r"\w+",
        """
    advice answers artefacts bundle complaints dated fresh greeting halves holder intent
    manual marks named needs overview peers people problem question reserve review stamps
    strays together trouble watch
    """,
    )
)
"""Words that are no module's whole name; docs/glossary.md has the field's own for them."""


def crowded(found: Sources) -> list[str]:
    """Return the folders of plugins/ and tests/ with more entries than a reader takes in."""
    return [
        f"{folder}/ has {len(names)} entries, {CROWDED} is the limit"
        for folder, names in entries(found).items()
        if folder.startswith(("plugins/", "tests/")) and len(names) > CROWDED
    ]


def sized(found: Sources) -> list[str]:
    """Return the files with too many or too few lines.

    Short may be what has its name from Python or pytest (a face, a conftest), and what is cut by
    its subject: a file of criteria, an action, the messages of one package, tests of one module.
    """
    lengths = {path: len(text.splitlines()) for path, text in found.items()}
    return [
        f"{path} has {lines} lines, not {SHORTEST} to {LONGEST}"
        for path, lines in lengths.items()
        if lines > LONGEST or (lines < SHORTEST and not _may_be_short(path))
    ]


def _may_be_short(path: str) -> bool:
    name = PurePosixPath(path).name
    faces = {"__init__.py", "conftest.py"}
    package = "plugins/pytest_rollback"
    subjects = ("suites/", "scripts/", f"{package}/recovery/actions/", f"{package}/agent/messages/")
    return name in faces or name.startswith("test_") or path.startswith(subjects)


def twice(found: Sources) -> list[str]:
    """Return the class names of the package that stand for more than one class."""
    places: dict[str, list[str]] = {}
    for path in (each for each in found if each.startswith("plugins/")):
        for name in classes(found[path]):
            places.setdefault(name, []).append(path)
    return [f"{name} is a class in {' and '.join(in_)}" for name, in_ in places.items() if in_[1:]]


def riddles(found: Sources) -> list[str]:
    """Return the modules and classes whose name says nothing of the field."""
    modules = {path: PurePosixPath(path).stem.removeprefix("test_") for path in found}
    listed = [f"{path} is named by {bad}" for path, name in modules.items() if (bad := _bad(name))]
    return listed + [
        f"{path}: class {name} is named by {bad}"
        for path, source in found.items()
        for name in classes(source)
        if (bad := _bad(name)) and bad not in VAGUE
    ]


def _bad(name: str) -> str:
    """Return the word of a name that is not to be used, "" if there is none."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+", name)]
    return name if name in VAGUE else next((word for word in words if word in RIDDLES), "")


def long_functions(found: Sources) -> list[str]:
    """Return the functions of the package that are too long, and whether most are."""
    mine = {path: functions(found[path]) for path in found if path.startswith("plugins/")}
    lengths = [length for each in mine.values() for _, length in each]
    middle = median(lengths) if lengths else 0
    return [
        f"{path}: {name} has {length} lines, {LONGEST_FUNCTION} is the limit"
        for path, each in mine.items()
        for name, length in each
        if length > LONGEST_FUNCTION
    ] + [f"plugins/: the median function has {middle} lines"] * (middle > MEDIAN_FUNCTION)


def faceless(found: Sources) -> list[str]:
    """Return the packages whose `__init__.py` does not say what they promise."""
    folders = {
        PurePosixPath(path).parent for path in found if path.startswith(f"plugins/{PACKAGE}")
    }
    faces = {f"{folder}/__init__.py" for folder in folders}
    return [f"{face} says nothing" for face in sorted(faces - found.keys())] + [
        f"{face} says too little"
        for face in sorted(faces & found.keys())
        if len((ast.get_docstring(tree(found[face])) or "").splitlines()) < SHORTEST_FACE
    ]


def of_one_system(found: Sources, name: str = "aivillage") -> list[str]:
    """Return the lines in which the general part names one system."""
    return [
        f"{path}:{number}"
        for path, source in found.items()
        if path.split("/")[0] in GENERAL
        for number, line in enumerate(source.splitlines(), 1)
        if name in line.lower()
    ]


def elsewhere(found: Sources) -> list[str]:
    """Return the lines that lead out of the repository."""
    outside = re.compile(r"\.\./shared|\bdesign\.md's\b")
    return [
        f"{path}:{number}"
        for path, source in found.items()
        for number, line in enumerate(source.splitlines(), 1)
        if outside.search(line) and not path.startswith("tests/architecture/")
    ]


def criteria(found: Sources) -> list[tuple[str, str | None]]:
    """Return every test under suites/ as `path::name`, with its criterion id where it has one."""
    return [
        (f"{path}::{node.name}", _identity(node))
        for path, source in found.items()
        if matches(path, ["suites/*"])
        for node in nodes(source)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    ]


def _identity(test: ast.FunctionDef) -> str | None:
    for node in test.decorator_list:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            first = node.args[0]
            if node.func.id == "criterion" and isinstance(first, ast.Constant):
                return str(first.value)
    return None


def nameless(found: Sources) -> list[str]:
    """Return the tests under suites/ without an id, and the ids that two of them share."""
    listed = criteria(found)
    counted = Counter(identity for _, identity in listed if identity)
    return [
        *(f"{test} has no criterion id" for test, identity in listed if identity is None),
        *(f"{identity} stands for {n} criteria" for identity, n in counted.items() if n > 1),
    ]
