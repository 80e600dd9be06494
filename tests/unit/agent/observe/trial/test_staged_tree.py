"""Staged trees: what they are made of, and the live tree stays as it is."""

from __future__ import annotations

import os
import py_compile
import tempfile
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.support.trees import Tree

SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.mark.parametrize(
    "mode",
    [py_compile.PycInvalidationMode.TIMESTAMP, py_compile.PycInvalidationMode.UNCHECKED_HASH],
)
def test_stale_bytecode_hides_nothing(tree: Tree, mode: py_compile.PycInvalidationMode) -> None:
    """Bytecode that is taken for that of a broken source is not used, touched or not."""
    source = tree.write("core/plain.py", "x = 1\n#######")
    py_compile.compile(str(source), invalidation_mode=mode)
    state = source.stat()
    source.write_text("raise OSError")
    os.utime(source, ns=(state.st_atime_ns, state.st_mtime_ns))
    tree.changed("core/app.py", "bad = 1", "from core import plain")

    assert "OSError" in str(tree.imports("core.app"))


def test_bytecode_without_a_source_is_kept(tree: Tree) -> None:
    """A module that is only there as bytecode belongs to the release, and is imported."""
    source = tree.write("core/lic.py", "key = 1")
    py_compile.compile(str(source), cfile=str(tree.root / "core/lic.pyc"))
    source.unlink()
    tree.changed("core/app.py", "bad = 1", "from core.lic import key")

    assert tree.imports("core.app:key") is None


def test_a_missing_backup_is_told(tree: Tree) -> None:
    """A backup that is not there makes its file a problem, not the whole trial."""
    tree.changed("core/app.py", "app = 1", "app = 1")
    (tree.root / "core/app.py.backup").unlink()
    found = tree.try_(imports=["core.app"])

    assert "its backup cannot be read" in found.faults["core/app.py"]
    assert "No module named" in found.components["app"].imports["core.app"]


def test_a_backup_that_is_a_link_is_not_followed(tree: Tree, tmp_path: Path) -> None:
    """A backup that is a link to a file elsewhere is not read."""
    tree.changed("core/app.py", "app = 1", "app = 1")
    (tmp_path / "secret").write_text("root only")
    (tree.root / "core/app.py.backup").unlink()
    (tree.root / "core/app.py.backup").symlink_to(tmp_path / "secret")

    assert "its backup cannot be read" in tree.try_().faults["core/app.py"]


def test_the_live_tree_stays_as_it_is(tree: Tree) -> None:
    """Nothing appears, disappears or changes in the live root: no bytecode, no log, no copy."""
    tree.changed("core/app.py", "bad = 1", "import core.logs, other.plain")
    tree.write("core/logs.py", "open('core/data.txt', 'a').write('x')")
    tree.write("core/data.txt", "old")
    tree.write("other/plain.py", "import os; os.makedirs('other', exist_ok=True)")
    before = tree.listing()
    problem = tree.imports("core.app")

    assert tree.listing() == before
    assert "a trial may not change the live tree" in str(problem)


def test_nothing_is_left_behind(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage is gone afterwards, and so is what a killed run left an hour ago."""
    place = tmp_path / "tmp"
    (place / "rollback-trial-dead").mkdir(parents=True)
    os.utime(place / "rollback-trial-dead", (1, 1))
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    tree.changed("core/app.py", "bad = 1", "app = 1")
    tree.try_(imports=["core.app"])

    assert list(place.iterdir()) == []


def test_reading_around_the_stage_is_told(tree: Tree) -> None:
    """Code that names the live root reads what will be replaced: that trial proves nothing."""
    tree.changed("config/app.json", "{}", "{}")
    tree.changed("app.py", "", f"open({str(tree.root / 'config/app.json')!r}).read()")

    assert "the trial proves nothing" in str(tree.imports("app"))


def test_an_added_module_found_around_the_stage_is_told(tree: Tree) -> None:
    """A path of its own that leads to the live root does not bring an added module back."""
    tree.changed("app.py", "", f"import sys; sys.path.append({str(tree.root)!r}); import helper")
    tree.deployed("helper.py", "x = 1")

    assert "the trial proves nothing" in str(tree.imports("app"))


def test_the_working_directory_is_in_the_stage(tree: Tree) -> None:
    """A component that runs in a directory nobody touched still finds the restored files."""
    tree.write("services/gateway/main.py", "import sys; sys.path.append('../..'); import shared")
    tree.changed("shared.py", "raise RuntimeError", "x = 1")

    assert tree.imports("main", directory="services/gateway") is None


def test_links_that_stay_inside_lead_into_the_stage(tree: Tree) -> None:
    """A live link to a restored file leads to the restored one, relative or absolute."""
    tree.changed("shared/app.py", "raise RuntimeError", "x = 1")
    tree.write("one/keep", "")
    (tree.root / "relative.py").symlink_to("shared/app.py")
    (tree.root / "absolute.py").symlink_to(tree.root / "shared/app.py")
    found = tree.try_(imports=["relative", "absolute"]).components["app"].imports

    assert found == {"relative": None, "absolute": None}


def test_a_file_that_the_deploy_removed_is_back(tree: Tree) -> None:
    """A file of which only the backup is left is there in the restored tree."""
    tree.changed("app.py", "", "from old.deep import thing")
    tree.changed("old/deep/thing.py", "", "x = 1")
    (tree.root / "old/deep/thing.py").unlink()

    assert tree.imports("app") is None


def test_a_backup_behind_a_linked_directory_is_told(tree: Tree) -> None:
    """A directory that is a link is not followed: a restore would refuse it as well."""
    tree.changed("real/app.py", "", "x = 1")
    (tree.root / "linked").symlink_to("real")
    tree.files.append("linked/app.py")

    assert "is a symlink" in tree.try_().faults["linked/app.py"]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../b"])
def test_a_path_that_leads_out_of_the_root_is_refused(tree: Tree, path: str) -> None:
    """A record that names files elsewhere is refused."""
    tree.files.append(path)
    with pytest.raises(HostError):
        tree.try_()


def test_names_with_newlines_and_dashes_are_names(tree: Tree) -> None:
    """Hostile names are staged and told as they are."""
    for name in ("-rf.py", "a\nb.py", "caf\udce9.py"):
        tree.changed(name, "", "x = (")

    assert set(tree.try_().compiles) == {"-rf.py", "a\nb.py", "caf\udce9.py"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_what_the_service_user_may_not_read_is_told(open_tree: Tree) -> None:
    """An untouched file that only root can read fails as it would for the unit."""
    open_tree.changed("app.py", "", "import hidden")
    open_tree.write("hidden.py", "x = 1").chmod(0o600)

    assert "PermissionError" in str(
        open_tree.imports("app", user="nobody", interpreter=SYSTEM_PYTHON)
    )
