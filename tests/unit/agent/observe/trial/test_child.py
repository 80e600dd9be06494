"""What runs in a component's own interpreter: each of its parts, in forks of this process."""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.observe.trial import child
from tests.unit.support.apart import apart

if TYPE_CHECKING:
    from tests.unit.support.trees import Tree

MODULE = """
import time
class Quick:
    def __init__(self, name="x"): self.name = name
class Slow:
    def __init__(self): time.sleep(0.02)
class Bad:
    def __init__(self): raise ValueError("no port")
def leave(): raise SystemExit(3)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that can be imported, and its name."""
    name = f"component_{os.getpid()}_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return name


def asked(tree: Tree, root: Path, *ask: tuple[str, str, str], **more: Any) -> bytes:  # noqa: ANN401
    """Return a request as `trial` sends it."""
    request = {"trees": [[str(tree.root), str(root)]], "touched": [], "ask": ask, **more}
    return json.dumps(request).encode("ascii")


def answers(given: bytes, *paths: Path) -> list[dict[str, Any]]:
    """Return what the text answers when it is run as a program, with these places first."""

    def run() -> None:
        sys.path[:0] = [str(path) for path in paths]
        runpy.run_path(str(child.__file__), run_name="__main__")

    code, out = apart(run, given)
    assert code == 0, out
    return [json.loads(line) for line in out.splitlines()]


def test_a_source_compiles_or_its_line_is_told(tmp_path: Path) -> None:
    """A good source has no problem; a bad one, one with NUL and a missing one each have theirs."""
    for name, text in (("good.py", "x = 1"), ("bad.py", "\ndef f(:\n"), ("nul.py", "x\0")):
        (tmp_path / name).write_text(text)
    found = {
        name: child.compiled(str(tmp_path / name))["problem"]
        for name in ("good.py", "bad.py", "nul.py", "none.py")
    }

    assert found["good.py"] is None
    assert found["bad.py"] == "line 2: invalid syntax"
    assert "null bytes" in found["nul.py"]
    assert "No such file or directory" in found["none.py"]


def test_an_import_says_what_it_raises(module: str) -> None:
    """Modules, and names in them, load; what is not there is told, an exit is as well."""
    assert child.imported(module) == {"problem": None}
    assert child.imported(f"{module}:Quick.__init__") == {"problem": None}
    assert child.imported("no.such.module") == {
        "problem": "ModuleNotFoundError: No module named 'no'"
    }
    assert "has no attribute 'Other'" in child.imported(f"{module}:Other")["problem"]


def test_constructions_are_timed_each_by_itself(module: str) -> None:
    """The best of several calls counts; what one raises is told with its line."""
    quick = child.constructed(f"{module}:Quick", {"name": "y"})
    slow = child.constructed(f"{module}:Slow", {})

    assert quick["problem"] is slow["problem"] is None
    assert quick["ms"] <= quick["first_ms"] < 20 <= slow["ms"]
    assert child.constructed(f"{module}:Bad", {}) == {
        "problem": f"ValueError: no port ({module}.py:8)"
    }
    assert child.constructed(f"{module}:leave", {}) == {"problem": f"SystemExit: 3 ({module}.py:9)"}


def test_places_to_import_from_lead_into_the_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the live tree is taken from the staged one, but for an interpreter's own."""
    trees = [("/srv/app", "/stage/srv/app"), ("/etc/app", "/stage/etc/app")]
    monkeypatch.setattr(child, "TREES", trees)
    assert child.moved("/srv/app/lib") == "/stage/srv/app/lib"
    assert child.moved("/etc/app") == "/stage/etc/app"
    assert child.moved("/srv/apple") == "/srv/apple"
    assert child.is_own(sys.prefix + "/lib")
    assert not child.is_own("/srv/app/lib")
    monkeypatch.setattr(child, "TREES", [(str(Path(sys.prefix).parent), str(tmp_path))])
    assert child.moved(f"{sys.prefix}/lib") == f"{sys.prefix}/lib"


def test_the_guard_refuses_changes_and_notes_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changes below the live root are refused, all others are not; touched files are noted."""
    live, read = str(tmp_path / "live"), set[str]()
    monkeypatch.setattr(child, "TREES", [(live, str(tmp_path / "stage"))])
    hook = child.guard(frozenset([f"{live}/a.py"]), read)
    hook("open", (f"{live}/b.py", None, os.O_RDONLY))
    hook("open", (3, None, os.O_WRONLY))
    hook("open", (str(tmp_path / "log"), None, os.O_WRONLY | os.O_CREAT))
    hook("import", ("a",))
    hook("os.remove", (str(tmp_path / "log"), -1))
    assert read == set()
    hook("open", (os.fsencode(f"{live}/a.py"), None, None))
    assert read == {f"{live}/a.py"}

    for event, arguments in (
        ("open", (f"{live}/b.py", None, os.O_RDWR)),
        ("os.remove", (f"{live}/b.py", -1)),
        ("os.rename", (str(tmp_path / "log"), f"{live}/b.py", -1, -1)),
        ("os.chmod", (f"{live}/b.py", 0o600, -1)),
    ):
        with pytest.raises(PermissionError, match="a trial may not change the live tree"):
            hook(event, arguments)


def test_the_program_answers_each_question_in_a_line(tree: Tree, tmp_path: Path) -> None:
    """From its input to its output: compiled, imported from the stage, constructed."""
    stage = tmp_path / "stage"
    stage.mkdir()
    tree.write("app.py", "raise RuntimeError('live')")
    (stage / "app.py").write_text("class App: pass\nprint('not an answer')")
    ask = (
        ("compile", str(stage / "app.py"), ""),
        ("import", "app", ""),
        ("construct", "app:App", "{}"),
    )
    compiled, imported, constructed = answers(asked(tree, stage, *ask), tree.root)

    assert compiled == imported == {"problem": None}
    assert constructed["problem"] is None
    assert constructed["ms"] <= constructed["first_ms"]


def test_a_live_file_that_is_read_spoils_the_answer(tree: Tree, tmp_path: Path) -> None:
    """A trial that read the live version proves nothing about the restored one; a problem stays."""
    live = tree.write("settings.txt", "new")
    (tmp_path / "app.py").write_text(f"open({str(live)!r}).read()")
    (tmp_path / "worse.py").write_text(f"open({str(live)!r}).read()\nraise ValueError('worse')")
    given = asked(
        tree, tmp_path, ("import", "worse", ""), ("import", "app", ""), touched=[str(live)]
    )
    worse, app = answers(given, tmp_path)

    assert worse["problem"].startswith("ValueError: worse")
    assert app["problem"] == f"reads {live} from the live tree, so that the trial proves nothing"


def test_a_component_changes_nothing_in_the_live_tree(tree: Tree, tmp_path: Path) -> None:
    """What it writes there is refused, and the file is as it was."""
    live = tree.write("data.txt", "precious")
    (tmp_path / "app.py").write_text(f"open({str(live)!r}, 'w')")
    (found,) = answers(asked(tree, tmp_path, ("import", "app", "")), tmp_path)

    assert "a trial may not change the live tree" in found["problem"]
    assert live.read_text() == "precious"


@pytest.mark.parametrize("inside", [True, False], ids=["stage", "library"])
def test_bytecode_counts_outside_of_the_trees_only(
    tree: Tree, tmp_path: Path, *, inside: bool
) -> None:
    """Stale bytecode is not loaded in the stage; that of a library is."""
    stage, library = tmp_path / "stage", tmp_path / "library"
    for place in (stage, library):
        place.mkdir()
    source = (stage if inside else library) / "app.py"
    source.write_text("x = 1 #####")
    py_compile.compile(str(source))
    stamp = source.stat()
    source.write_text("raise Error")
    os.utime(source, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    (found,) = answers(asked(tree, stage, ("import", "app", "")), stage, library)

    assert (found["problem"] is not None) == inside


@pytest.mark.parametrize("kind", ["package", "bytecode"])
def test_what_is_loaded_in_place_of_a_source_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A package beside a module of its name, and bytecode that Python never compares."""
    source = tmp_path / "displaced.py"
    source.write_text("VALUE = 1\n")
    if kind == "package":
        (tmp_path / "displaced").mkdir()
        (tmp_path / "displaced/__init__.py").write_text("VALUE = 2\n")
    else:
        (tmp_path / "other.py").write_text("VALUE = 2\n")
        cached = importlib.util.cache_from_source(str(source))
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(tmp_path / "other.py"), cached, invalidation_mode=mode)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(child, "TREES", [(str(tmp_path), str(tmp_path))])
    try:
        found = child.imported("displaced")
    finally:
        sys.modules.pop("displaced", None)

    words = "hides displaced.py" if kind == "package" else "displaced.py would not be run"
    assert words in found["problem"]
