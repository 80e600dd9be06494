"""Modules of no release in front of a unit's libraries: which there are, and which are loaded."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.observe.trial import shadows
from tests.unit.agent.observe.trial.test_child import answers, asked
from tests.unit.support.trees import Tree

LIBRARY = "def go():\n    import speedups, os\n"
DOCS = '"""Use it so:\n\n    import speedups\n"""\n'


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A place with a library that imports another module later, when it is used."""
    place = tmp_path / "libraries"
    (place / "quick").mkdir(parents=True)
    (place / "quick" / "__init__.py").write_text("")
    (place / "quick" / "late.py").write_text(LIBRARY)
    return place


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree that is tried, in which the component starts."""
    root = tmp_path / "stage"
    root.mkdir()
    monkeypatch.chdir(root)
    return root


def said(tree: Tree, root: Path, library: Path, *, loads: bool = True) -> str | None:
    """Return what is told of `speedups.py` in a root, after the library was loaded or not."""
    module = root / "speedups.py"
    names = f'{{"names": {{"speedups": "{module}"}}}}'
    first = ("import", "quick" if loads else "json", "")
    found = answers(asked(tree, root, first, ("shadow", "", names)), root, library)
    assert not found[0]["problem"]
    problem = found[1]["problem"]
    assert problem is None or isinstance(problem, str)
    return problem


@pytest.mark.parametrize(
    "case",
    [
        ("raise RuntimeError('a stub')\n", False, "RuntimeError: a stub (speedups.py:1)"),
        ("raise RuntimeError('a stub')\n", True, "RuntimeError: a stub"),
        ("import nothing_of_that_name\n", True, "ModuleNotFoundError"),
        ("import nothing_of_that_name\n", False, ""),
        ("raise SystemExit(0)\n", False, "SystemExit"),
        ("fast = True\n", True, "and hides "),
        ("fast = True\n", False, ""),
    ],
)
def test_what_a_library_would_load_is_told(
    tree: Tree, root: Path, library: Path, case: tuple[str, bool, str]
) -> None:
    """One that raises, or stands in front of an installed one; a library can do without others."""
    text, installed, words = case
    (root / "speedups.py").write_text(text)
    if installed:
        (library / "speedups.py").write_text("")
    problem = said(tree, root, library) or ""

    assert words in problem
    assert bool(problem) == bool(words)
    assert not problem or f"{library}/quick/late.py would load speedups.py" in problem


@pytest.mark.parametrize("how", ["nobody loads the library", "in its words only"])
def test_what_no_library_imports_is_left_alone(
    tree: Tree, root: Path, library: Path, how: str
) -> None:
    """A file that somebody left in the root is not even tried."""
    (root / "speedups.py").write_text("raise RuntimeError\n")
    if "words" in how:
        (library / "quick" / "late.py").write_text(DOCS)

    assert said(tree, root, library, loads="words" in how) is None


def test_only_what_came_after_the_set_and_is_not_in_it_is_asked_for(tmp_path: Path) -> None:
    """Modules and packages; what was there has been started with already."""
    for name in ("old.py", "recorded.py"):
        (tmp_path / name).write_text("")
    time.sleep(0.05)
    created = dt.datetime.now(dt.UTC).isoformat()
    time.sleep(0.05)
    for name in ("recorded.py", "new.py", "notes.txt", "fast.cpython-311-x86_64-linux-gnu.so"):
        (tmp_path / name).write_text("changed")
    for name in ("package/__init__.py", "data/x.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
    found = shadows.fresh([str(tmp_path)], str(tmp_path), ["recorded.py"], created)

    assert sorted(found) == ["fast", "new", "package"]
    assert found["package"] == str(tmp_path / "package/__init__.py")
    assert shadows.fresh([str(tmp_path)], str(tmp_path), [], "") == {}
    assert shadows.fresh([str(tmp_path / "gone")], str(tmp_path), [], created) == {}


@pytest.mark.parametrize(
    ("directory", "script", "path", "found"),
    [
        ("/srv/app", "", "", ["/srv/app"]),
        ("/srv/app", "/srv/app/bin/run.py", "", ["/srv/app/bin"]),
        ("/srv/app", "/opt/venv/bin/uvicorn", "", ["/srv/app"]),
        ("/srv/app", "", "lib:/opt/other:/srv/app", ["/srv/app", "/srv/app/lib"]),
        ("/", "", "/srv/app", ["/srv/app"]),
        ("/srv/apple", "", "", []),
    ],
)
def test_where_a_python_looks_first(
    directory: str, script: str, path: str, found: list[str]
) -> None:
    """By what its unit gives it to run, where that starts, and by PYTHONPATH."""
    environment = {"PYTHONPATH": path} if path else {}

    assert list(shadows.places(directory, script, environment, ["/srv/app"])) == found


def test_the_answer_names_no_place_of_the_trial(tree: Tree, root: Path, library: Path) -> None:
    """The staged tree is gone when somebody reads it."""
    (root / "speedups.py").write_text("raise RuntimeError\n")

    assert str(root) + os.sep not in (said(tree, root, library) or "")
    assert sys.path[0] != str(root)
