"""Trials of restored trees: what would not work is told."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.support.trees import construct

if TYPE_CHECKING:
    from tests.unit.support.trees import Tree

SYSTEM_PYTHON = "/usr/bin/python3"


def test_the_restored_files_are_tried_not_the_live_ones(tree: Tree) -> None:
    """A live release that is broken does not matter when its backup works."""
    tree.changed("core/app.py", "raise RuntimeError('bad')", "app = 1")

    assert tree.imports("core.app:app") is None


def test_a_backup_that_does_not_import_is_told(tree: Tree) -> None:
    """A backup that fails is a problem with its line, although the live file works."""
    tree.changed("core/app.py", "app = 1", "x = 1\nimport nothing_like_this")

    assert tree.imports("core.app:app") == (
        "ModuleNotFoundError: No module named 'nothing_like_this' (core/app.py:2)"
    )


def test_a_module_that_the_deploy_added_is_gone(tree: Tree) -> None:
    """A restored file that needs what only the failed release has does not import."""
    tree.changed("core/app.py", "app = 1", "from core.legacy import handler")
    tree.deployed("core/legacy.py", "handler = 1")

    assert "No module named 'core.legacy'" in str(tree.imports("core.app"))


def test_a_missing_name_is_told(tree: Tree) -> None:
    """A module without the name that is imported from it is a problem."""
    tree.changed("core/app.py", "app = 1", "other = 1")

    assert "has no attribute 'app'" in str(tree.imports("core.app:app"))


def test_an_untouched_file_that_needs_the_new_release_is_told(tree: Tree) -> None:
    """The combination counts: an untouched module that needs the new one's name fails."""
    tree.changed("core/app.py", "new_name = 1", "old_name = 1")
    tree.write("other/user.py", "from core.app import new_name")

    assert "cannot import name 'new_name'" in str(tree.imports("other.user"))


def test_a_missing_interpreter_is_told(tree: Tree) -> None:
    """An interpreter that is not there fails each import and each compilation, in words."""
    tree.changed("core/app.py", "app = 1", "app = 1")
    found = tree.try_(interpreter="/no/such/python", imports=["core.app"])

    words = "its interpreter /no/such/python does not exist"
    assert found.components["app"].imports == {"core.app": words}
    assert found.compiles == {"core/app.py": words}


def test_a_source_that_does_not_compile_is_told_by_line(tree: Tree) -> None:
    """Every restored Python file is compiled; other files are not."""
    tree.changed("core/app.py", "app = 1", "app = 1\ndef broken(:\n")
    tree.changed("core/good.py", "", "x = 1")
    tree.changed("config/.env", "", "A=1")

    assert tree.try_().compiles == {"core/app.py": "line 2: invalid syntax"}


def test_compiling_runs_nothing(tree: Tree, tmp_path: Path) -> None:
    """A file that is compiled is not executed."""
    tree.changed("core/app.py", "", f"open({str(tmp_path / 'ran')!r}, 'w')")
    tree.try_()

    assert not (tmp_path / "ran").exists()


def test_the_environment_is_that_of_the_restored_files(tree: Tree) -> None:
    """Settings come from the unit and its restored files, with paths in the staged tree."""
    tree.changed("config/.env", "WHO=new", f"export WHO='old'\n# x\nDATA={tree.root}/data/x\n")
    tree.changed(
        "app.py",
        "",
        "import os\nassert os.environ['WHO'] == 'old'\nassert os.environ['UNIT'] == 'yes'\n"
        f"assert not os.environ['DATA'].startswith({str(tree.root)!r})\n"
        "assert os.environ['DATA'].endswith('/data/x')\nassert 'LC_ALL' not in os.environ\n",
    )
    problem = tree.imports("app", environment={"UNIT": "yes"}, environment_files=["config/.env"])

    assert problem is None


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("A=1\nB='open", "line 2: B: quotes are not closed")],
)
def test_an_environment_file_that_cannot_be_used_is_told(
    tree: Tree, content: str | None, words: str
) -> None:
    """A unit whose environment file is missing or broken would not start: nor does the trial."""
    tree.changed("app.py", "", "x = 1")
    if content:
        tree.write("config/.env", content)

    assert words in str(tree.imports("app", environment_files=["config/.env"]))


def test_pythonpath_leads_into_the_stage(tree: Tree) -> None:
    """A PYTHONPATH below the root is followed in the staged tree."""
    tree.changed("lib/tool.py", "raise RuntimeError", "x = 1")

    assert tree.imports("tool", environment={"PYTHONPATH": f"{tree.root}/lib"}) is None


def test_a_hanging_import_ends_in_time_and_the_others_are_told(tree: Tree) -> None:
    """An import that never ends costs its share; those before it have their answer."""
    tree.changed("good.py", "", "x = 1")
    tree.changed("slow.py", "", "import time; time.sleep(600)")
    started = time.monotonic()
    found = tree.try_(imports=["good", "slow"], timeout=5.0).components["app"].imports

    assert found["good"] is None
    assert "did not finish" in found["slow"]
    assert time.monotonic() - started < 600


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import os; os._exit(3)", "the process ended with code 3"),
        (
            "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
            None,
        ),
        (r"import sys; sys.stdout.buffer.write(b'\xff{')", None),
    ],
    ids=["exit", "hard-exit", "thread", "bytes"],
)
def test_what_a_module_does_to_its_process_is_survived(
    tree: Tree, code: str, words: str | None
) -> None:
    """Exits, threads and output of a module neither hang the trial nor spoil its answers."""
    tree.changed("app.py", "", code)
    problem = tree.imports("app")

    assert problem is None if words is None else words in str(problem)


def test_constructs_are_timed_without_their_import(tree: Tree) -> None:
    """A slow import is not the construct's; a slow construct is told with its limit."""
    tree.changed(
        "app.py",
        "",
        "import time\ntime.sleep(1)\nclass Fast:\n    def __init__(self, name): self.n = name\n"
        "class Slow:\n    def __init__(self): time.sleep(0.15)\n"
        "class Bad:\n    def __init__(self): raise ValueError('no port')\n",
    )
    fast, slow, bad = (
        tree.try_(
            constructs=(
                construct("app:Fast", name="x"),
                construct("app:Slow"),
                construct("app:Bad"),
            )
        )
        .components["app"]
        .constructs
    )

    assert fast.problem is None
    assert fast.ms <= fast.first_ms < 1000
    assert slow.problem == f"takes {slow.ms:.1f} ms, the limit is 100 ms"
    assert bad.problem == "ValueError: no port (app.py:8)"


def test_the_live_tree_is_tried_in_place(tree: Tree) -> None:
    """After a rollback the same questions are asked of the live tree itself, unchanged."""
    tree.changed("core/app.py", "app = 1", "raise RuntimeError")
    before = tree.listing()

    assert tree.imports("core.app:app", live=True) is None
    assert tree.listing() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_trial_runs_as_the_service_user(open_tree: Tree) -> None:
    """The component's code runs as the service user and can read its secret files, nobody else."""
    open_tree.changed("config/.env", "", "PASSWORD=x")
    (open_tree.root / "config/.env.backup").chmod(0o600)
    open_tree.changed(
        "app.py",
        "",
        "import os\nassert os.getuid() == 65534, os.getuid()\nopen('config/.env').read()\n"
        "assert os.stat('config/.env').st_mode & 0o777 == 0o600\n",
    )

    assert open_tree.imports("app", user="nobody", interpreter=SYSTEM_PYTHON) is None


def test_the_text_that_is_sent_imports_nothing_of_ours() -> None:
    """What runs in the component's interpreter stands alone, and does nothing when imported."""
    spec = importlib.util.find_spec("pytest_rollback.agent.observe.trial.child")
    assert spec
    assert spec.origin
    assert "from ." not in Path(spec.origin).read_text(encoding="utf-8")


def test_an_interpreter_inside_the_live_tree_keeps_its_libraries(tree: Tree) -> None:
    """A virtual environment below the root is used as it is; the sources beside it are staged."""
    subprocess.run([SYSTEM_PYTHON, "-m", "venv", "--without-pip", tree.root / "venv"], check=True)
    (library,) = (tree.root / "venv/lib").glob("*/site-packages")
    tree.write(str((library / "tool.py").relative_to(tree.root)), "where = __file__")
    tree.changed("app.py", "bad", "import tool; assert '/live/venv/' in tool.where, tool.where")

    assert tree.imports("app", interpreter=f"{tree.root}/venv/bin/python") is None


def test_libraries_are_not_compiled_anew(tree: Tree) -> None:
    """What lies outside the tree has its bytecode: a trial costs what its imports cost."""
    outside = tree.root.parent / "library"
    outside.mkdir()
    (outside / "large.py").write_text("x = 1 #####")
    py_compile.compile(str(outside / "large.py"))
    stamp = (outside / "large.py").stat()
    (outside / "large.py").write_text("raise Error")
    os.utime(outside / "large.py", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    tree.changed("app.py", "bad", "import large")

    assert tree.imports("app", environment={"PYTHONPATH": str(outside)}) is None
