"""A restore that the host or somebody else hinders: every step is refused, done otherwise, or ends.

Whatever happens between two calls of the system happens in a fork, before the very call.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import fsync
from pytest_rollback.agent.restore import apply, batch, diff
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state.journal import Journal
from tests.faults import tracing
from tests.unit.agent.restore.test_apply import NAMES, Tree
from tests.unit.support.apart import apart, before, injected, words

FIRST = "-rf"
"""The file whose turn comes first."""

NO_LINKS = "linkat:error=EPERM:when=1+"
"""How a file system answers that gives no file a second name, such as vfat."""


OF_THE_RUN = 5
"""Flushes of the folder of a run, which come before those of files."""


@pytest.fixture
def exchanged(tmp_path: Path) -> Tree:
    """A tree whose names are exchanged."""
    return Tree(tmp_path, way="exchange")


@pytest.fixture
def renamed(tmp_path: Path) -> Tree:
    """A tree whose new files are renamed into place."""
    return Tree(tmp_path, way="rename")


def ours(tree: Tree) -> list[Path]:
    """Return what lies below the root under names of our own."""
    return list(tree.root.rglob(".rollback-*"))


def copy(tree: Tree, name: str) -> Path:
    """Return the backup of a file."""
    return Path(f"{tree.path(name)}.backup")


def hindered(tree: Tree, event: str, act: object, number: int = 1) -> str:
    """Return how a restore ended in which something happened before the n-th event of a kind."""

    def task() -> None:
        before(event, act, number)  # type: ignore[arg-type]
        os.write(1, words(tree.apply).encode())

    code, said = apart(task)
    assert code == 0, said
    return said


def restored(tree: Tree) -> bool:
    """Tell whether every file is the previous release's."""
    return all(tree.path(name).read_text() == f"previous {name!r}" for name in NAMES)


@pytest.mark.parametrize("call", ["linkat:error=EPERM:when=1", "linkat:error=EMLINK:when=1"])
def test_where_a_copy_gets_no_second_name_it_is_copied(exchanged: Tree, call: str) -> None:
    """A file system that gives none to this file is no reason to stop."""
    assert injected(lambda: words(exchanged.apply), call) == ""
    assert restored(exchanged)
    assert copy(exchanged, FIRST).stat().st_ino != exchanged.path(FIRST).stat().st_ino


def test_a_disk_that_fails_to_link_ends_the_restore(exchanged: Tree) -> None:
    """Nothing was touched, and nothing of it is left."""
    live = exchanged.live()
    said = injected(lambda: words(exchanged.apply), "linkat:error=EIO:when=2")

    assert "Input/output error" in said
    assert (exchanged.live(), ours(exchanged)) == (live, [])


def test_a_copy_that_does_not_become_durable_ends_the_restore(exchanged: Tree) -> None:
    """Nothing is exchanged for what a power cut could take."""
    live = exchanged.live()
    said = injected(lambda: words(exchanged.apply), f"fsync:error=EIO:when={OF_THE_RUN + 1}")

    assert f"{FIRST}.backup: Input/output error" in said
    assert (exchanged.live(), ours(exchanged)) == (live, [])


@pytest.mark.parametrize("way", ["exchange", "rename"])
def test_files_are_compared_in_pieces(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one piece found is restored with the rest."""
    monkeypatch.setattr(diff, "PIECE", 3)
    tree = Tree(tmp_path, [f"{number}.py" for number in range(8)], way)
    tree.apply()

    assert all(
        tree.path(f"{number}.py").read_text() == f"previous '{number}.py'" for number in range(8)
    )


def test_links_that_a_dead_call_left_are_made_again(exchanged: Tree) -> None:
    """The names are there already, of whatever they are."""

    def dies() -> None:
        before("os.link", lambda: os._exit(9), 3)
        exchanged.apply()

    assert apart(dies).code == 9
    (left, _) = ours(exchanged)
    left.unlink()
    left.write_text("anything")
    exchanged.apply()

    assert restored(exchanged)


def test_a_copy_that_is_exchanged_for_another_is_not_linked(exchanged: Tree) -> None:
    """The file that was looked at has to be the one that got the name."""
    other = exchanged.root / "other"
    other.write_text("evil")
    live = exchanged.live()
    said = hindered(exchanged, "os.link", lambda: other.rename(copy(exchanged, FIRST)))

    assert f"the backup of {FIRST} changed while it was read" in said
    assert (exchanged.live(), ours(exchanged)) == (live, [])


def test_a_copy_that_changes_after_the_plan_is_not_restored(exchanged: Tree) -> None:
    """Of the same size, it is found by its content, when it is linked and when it is copied."""
    other = copy(exchanged, "sub/b.py")
    text = other.read_text()
    live = exchanged.live()
    said = hindered(exchanged, "os.link", lambda: other.write_text("x" * len(text)))

    assert "the backup of sub/b.py changed while it was read" in said
    assert (exchanged.live(), ours(exchanged)) == (live, [])


def test_a_copy_that_is_lost_after_the_plan_ends_the_restore(exchanged: Tree) -> None:
    """What cannot be staged is told with its path; no live file was touched."""
    live = exchanged.live()
    said = hindered(exchanged, "os.link", copy(exchanged, "sub/b.py").unlink)

    assert "sub/b.py" in said
    assert "No such file or directory" in said
    assert (exchanged.live(), ours(exchanged)) == (live, [])


def test_a_file_system_that_fails_to_exchange_is_told(exchanged: Tree) -> None:
    """One that cannot is known; one that fails is an error, with the directory it failed in."""
    live = exchanged.live()
    said = injected(lambda: words(exchanged.apply), "renameat2:error=EIO:when=1")

    assert said == f"HostError: {exchanged.root}/: Input/output error"
    assert (exchanged.live(), ours(exchanged)) == (live, [])


def test_where_the_failed_version_gets_no_second_name_it_is_copied(renamed: Tree) -> None:
    """With all that it carries; undo brings it back."""
    live = renamed.live()
    assert injected(lambda: words(renamed.apply), "linkat:error=EPERM:when=1") == ""
    assert restored(renamed)
    undo.undo(renamed.back())

    assert renamed.live() == live


def test_without_second_names_all_comes_back_and_goes_again(tmp_path: Path) -> None:
    """Also a file that the deploy deleted: there is no name to exchange or rename over."""
    for way in ("exchange", "rename"):
        tree = Tree(tmp_path / way, way=way)
        live = tree.live()
        assert injected(lambda: words(tree.apply), NO_LINKS) == ""  # noqa: B023 - called at once
        assert restored(tree)
        undo.undo(tree.back())

        assert (tree.live(), ours(tree)) == (live, [])


def test_without_second_names_what_appears_meanwhile_is_not_replaced(renamed: Tree) -> None:
    """It is somebody's, at the place of a file that was not there when the plan was made."""
    hotfix = renamed.path(NAMES[-1])

    def task() -> str:
        def appears(event: str, ends: tuple[object, ...]) -> None:
            if event == "os.link" and ends[1] == hotfix.name:
                hotfix.write_text("hotfix")

        sys.addaudithook(appears)
        return words(renamed.apply)

    assert "File exists" in injected(task, NO_LINKS)
    assert hotfix.read_text() == "hotfix"


def test_where_a_new_file_could_only_replace_nothing_is_begun(renamed: Tree) -> None:
    """Neither a second name nor a rename that replaces nothing: no live file changes."""
    live = renamed.live()
    no_way = (NO_LINKS, "renameat2:error=EINVAL:when=1+")
    said = injected(lambda: words(renamed.apply), *no_way)

    assert f"no new file can be put into {renamed.root}/sub" in said
    assert (renamed.live(), ours(renamed)) == (live, [])

    subprocess.run(["cp", "-a", copy(renamed, NAMES[-1]), renamed.path(NAMES[-1])], check=True)
    assert injected(lambda: words(renamed.apply), *no_way) == ""
    assert restored(renamed)


def test_without_a_deleted_file_no_new_one_has_to_be_put_anywhere(renamed: Tree) -> None:
    """What has a live file is renamed over it, and needs neither."""
    renamed.path(NAMES[-1]).write_text("current")
    no_way = (NO_LINKS, "renameat2:error=EINVAL:when=1+")

    assert injected(lambda: words(renamed.apply), *no_way) == ""
    assert restored(renamed)


def test_a_copy_of_the_failed_version_that_was_broken_off_is_taken_away(renamed: Tree) -> None:
    """Killed right before it got its name, then undone: nothing of the run's own is left."""
    live = renamed.live()

    def dies() -> bytes:
        before("os.rename", lambda: os._exit(9))
        renamed.apply()
        return b""

    tracing.apart(dies, ["-e", f"inject={NO_LINKS}"])
    assert any(path.name.endswith(".rollback") for path in renamed.root.rglob(".*"))
    undo.undo(renamed.back())

    assert renamed.live() == live
    assert list(renamed.root.rglob(".*")) == []


def test_a_failed_version_that_cannot_be_preserved_ends_the_restore(renamed: Tree) -> None:
    """Before any live file changes; the same command goes on."""
    live = renamed.live()
    said = injected(lambda: words(renamed.apply), "linkat:error=EIO:when=1")
    assert "Input/output error" in said
    assert renamed.live() == live

    renamed.apply()
    assert restored(renamed)


def test_a_file_that_changes_after_it_was_planned_is_left_alone(renamed: Tree) -> None:
    """What is preserved has to be what was planned for; no file is restored then."""
    hotfix = renamed.path(FIRST)
    said = hindered(renamed, "os.link", lambda: hotfix.write_text("hotfix"))

    assert f"changed since the plan, and not restored: {FIRST}" in said
    assert hotfix.read_text() == "hotfix"
    assert renamed.path("sub/b.py").read_text() == "current 'sub/b.py'"


def test_what_is_changed_after_its_restore_is_not_called_restored(renamed: Tree) -> None:
    """All is read again at the end, by its path."""
    said = hindered(renamed, "os.rename", lambda: renamed.path(FIRST).write_text("late"), 3)

    assert said == f"HostError: {FIRST}: not as recorded after the restore"


def test_a_failed_version_that_is_lost_is_not_replaced_by_nothing(renamed: Tree) -> None:
    """Undo says where to look for it, and leaves the restored file."""
    renamed.apply()
    place = renamed.path(FIRST).parent
    (lost,) = [
        path for path in place.glob(".rollback-*.old") if path.read_text() == f"current {FIRST!r}"
    ]
    lost.unlink()
    with pytest.raises(HostError, match="-rf: its failed version is gone, or changed, since"):
        undo.undo(renamed.back())

    assert renamed.path(FIRST).read_text() == f"previous {FIRST!r}"


@pytest.mark.parametrize("way", ["exchange", "rename"])
def test_many_directories_are_made_durable_side_by_side(tmp_path: Path, way: str) -> None:
    """Files in more directories than are worth one thread all come back."""
    names = [f"{number}/a.py" for number in range(fsync.FEW + 3)]
    tree = Tree(tmp_path, names, way)
    tree.apply()

    assert all(tree.path(name).read_text() == f"previous {name!r}" for name in names)


def test_a_plan_of_very_many_files_is_written_in_pieces(tmp_path: Path) -> None:
    """It is read as one, and restored whole."""
    names = [f"{number}" for number in range(apply.PIECE + 5)]
    tree = Tree(tmp_path, names)
    tree.apply()
    journal = tree.state / "runs" / "r1" / "journal"
    assert journal.read_text().count('"event": "items"') == 1
    undo.undo(tree.back())

    assert tree.path("7").read_text() == "current '7'"
    assert not tree.path(names[-1]).exists()


def test_an_empty_journal_knows_no_event(tmp_path: Path) -> None:
    """Before there is a plan there is nothing since it."""
    journal = Journal(str(tmp_path / "journal"))
    found = batch.since_plan(journal, "way")
    journal.close()

    assert found is None


def test_a_run_that_never_was_cannot_be_undone(renamed: Tree) -> None:
    """An id that nobody knows is a misspelt one, not a run without changes."""
    with pytest.raises(HostError, match=r"there is no run r9 in .*state"):
        undo.look(renamed.back("r9"))
