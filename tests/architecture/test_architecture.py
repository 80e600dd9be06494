"""docs/architecture.md is as the code is, and every file that a page or a face names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path, PurePosixPath

import pytest

from tests.architecture import figures
from tests.architecture.rules import CHECKS, EXEMPT
from tests.architecture.sources import REPOSITORY, ROOT, Sources, classes, functions, sources, tree

PAGE = REPOSITORY / "docs/architecture.md"
NAMED = re.compile(r"`((?:[\w.-]+/)+[\w.*-]*|[\w-]+\.(?:py|toml|md))`")
WORD = re.compile(r"`([a-z_]+)(?:\.([a-z_]+))?`")
MAPS = ["docs/architecture.md", "docs/design.md", "docs/glossary.md", "CONTRIBUTING.md"]
RULES = {
    "circles of modules": "no circle of modules",
    "circles of packages": "no circle of packages",
    "class names used twice": "one class name",
}
DRIFT = 0.15
"""How far a count in the page may be from today's before it has to be renewed."""


@pytest.fixture(scope="module")
def found() -> Sources:
    """Every source."""
    return sources()


def missing(page: str) -> list[str]:
    """Return the paths in a page that are neither in the repository nor in the package.

    NAME stands for any part of `extras/`.
    """
    blocks = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    made = set(re.findall(r"^```python (\S+)$", page, re.MULTILINE))
    names = [
        name
        for name in NAMED.findall(blocks.sub("", page))
        if name not in made and "NAME" not in name
    ]
    places = (REPOSITORY, REPOSITORY / ROOT)
    return [name for name in names if not any((place / name).exists() for place in places)]


@pytest.mark.parametrize("name", MAPS)
def test_named_files_exist(name: str) -> None:
    """A page leads to no file that is not there."""
    assert missing((REPOSITORY / name).read_text()) == []


def test_a_missing_file_would_be_found() -> None:
    """The look at names is not blind."""
    page = "See `run/no_such.py`, `run/run.py`, `docs/` and `no-such.toml`."

    assert missing(page) == ["run/no_such.py", "no-such.toml"]


@pytest.mark.parametrize(("name", "draw"), [("tree", figures.house), ("floors", figures.floors)])
def test_tree_and_floors_are_those_of_the_code(name: str, draw: object, found: Sources) -> None:
    """When this fails: scripts/dev/architecture --write."""
    assert callable(draw)
    assert figures.part(PAGE.read_text(), name).rstrip() == draw(found)


def test_figures_are_about_those_of_the_code(found: Sources) -> None:
    """Rules exactly, counts roughly: a page that is renewed at every line helps nobody."""
    shown = figures.part(PAGE.read_text(), "figures")
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in shown.splitlines()[2:]]
    now = figures.figures(found, timed=False)

    assert [row[0] for row in rows[: len(now)]] == [row.what for row in now]
    off = [
        (row.what, shown_, row.now)
        for row, (_, shown_, _) in zip(now, rows, strict=False)
        if far(counts(shown_), counts(row.now))
    ]
    assert off == [], "scripts/dev/architecture --write"


def counts(text: str) -> list[float]:
    """Return the numbers in a cell, names aside."""
    return [float(n.replace(",", "")) for n in re.findall(r"(?<![`\w])\d[\d,.]*", text)]


def far(shown: list[float], now: list[float]) -> bool:
    """Tell whether numbers differ by more than a page may be behind."""
    pairs = list(zip(shown, now, strict=False))
    return len(shown) != len(now) or any(abs(a - b) > max(1, DRIFT * max(a, b)) for a, b in pairs)


def test_limits_in_the_page_hold(found: Sources) -> None:
    """Where a figure is over its limit, the rule has an exception that is named."""
    rows = figures.figures(found, timed=False)
    over = {row.what for row in rows if row.limit == "0" and row.now != "0"}
    rules = {what: RULES[what] for what in over}
    excused = {each.rule for each in EXEMPT}

    assert {what for what, rule in rules.items() if rule not in excused} == set()


def strangers(path: str, text: str, found: Sources) -> list[str]:
    """Return the words in backticks of a face that name nothing in its package or the floors."""
    folder = PurePosixPath(path).parent
    docstring = ast.get_docstring(tree(text)) or ""
    beside = {each.stem for each in map(PurePosixPath, found) if each.parent == folder}
    below = {
        part
        for each in map(PurePosixPath, found)
        if each.is_relative_to(folder)
        for part in each.relative_to(folder).parts
    }
    near = {each.stem for each in map(PurePosixPath, found) if each.parent == folder.parent}
    near |= {
        each.parent.name
        for each in map(PurePosixPath, found)
        if each.parent.parent == folder.parent
    }
    known = beside | below | near | {"begin"}
    around = f"{folder.parent if path.count('/') > ROOT.count('/') else folder}/"
    code = {name for each in found if each.startswith(around) for name in names(found[each])}
    return [
        word
        for word, member in WORD.findall(docstring)
        if (word not in known | code) or (member and member not in code)
    ]


def names(text: str) -> set[str]:
    """Return the names of functions and classes of a source."""
    return {name for name, _ in functions(text)} | set(classes(text))


def test_faces_name_what_is_there(found: Sources) -> None:
    """What a package's docstring has in backticks is a module, a neighbour or a function."""
    faces = {path: text for path, text in found.items() if path.startswith(ROOT)}
    odd = {
        path: strange
        for path, text in faces.items()
        if path.endswith("/__init__.py") and (strange := strangers(path, text, found))
    }

    assert odd == {}


def test_every_module_is_in_its_face(found: Sources) -> None:
    """A module that the order of calls leaves out is one that nobody finds.

    Messages are found by the name of the package that answers them.
    """
    lost = []
    for path in found:
        face = f"{PurePosixPath(path).parent}/__init__.py"
        name = PurePosixPath(path).stem
        mine = path.startswith(ROOT) and not path.startswith(f"{ROOT}agent/messages/")
        if mine and name != "__init__" and face in found:
            docstring = ast.get_docstring(tree(found[face])) or ""
            is_named = re.search(rf"\b{name}\b", docstring) or face == f"{ROOT}__init__.py"
            lost += [] if is_named else [path]

    assert lost == []


def test_the_command_checks_the_page() -> None:
    """Its logic is that of the tests; every rule has a sentence."""
    assert (REPOSITORY / "scripts/dev/architecture").stat().st_mode & 0o111
    assert all(len(name) > 10 for name in CHECKS)
    assert Path(PAGE).is_file()
