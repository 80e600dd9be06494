"""What a run moved or replaced is taken back piece by piece, from any point; nothing else is."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.backup import additions
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files.tree import Tree
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.restore import BackupsSeparated
from pytest_rollback.agent.restore import name_exchange
from pytest_rollback.agent.rollback import (
    default_undo,
    empty_directories,
    moved_back,
)
from pytest_rollback.agent.rollback.maintenance import page_file
from pytest_rollback.agent.services import unit_file_undo
from pytest_rollback.agent.state import evidence
from pytest_rollback.agent.state.backup_set import BackupSet
from pytest_rollback.agent.state.lock import ExclusiveRun, working
from tests.unit.agent.restore import test_apply
from tests.unit.support import requests
from tests.unit.support.apart import ROOT_ONLY, injected, somebody, words
from tests.unit.support.volumes import mounted

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_AGO = "2000-01-01T00:00:00+00:00"
SET = BackupSet("", "", "", LONG_AGO, "", Release("1", None), Release("2", None), (), ())


class Place:
    """A root with some files, and a run at work on it."""

    def __init__(self, home: Path, work: ExclusiveRun) -> None:
        self.root, self.work = home / "root", work
        self.evidence = Path(work.folder) / "evidence"

    def put(self, path: str, text: str) -> Path:
        """Write a file below the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def away(self, kind: str, *paths: str) -> int:
        """Move files into the evidence."""
        return evidence.put_away(self.work, kind, str(self.root), paths)

    def back(self) -> int:
        """Bring the last batch of moves back."""
        entry = self.work.journal.last(evidence.MOVING)
        assert entry
        return moved_back.bring_back(self.work.folder, entry)

    def standing(self) -> tuple[list[str], list[tuple[str, str]]]:
        """Return what bringing it back would do, and what stands in the way."""
        entry = self.work.journal.last(evidence.MOVING)
        assert entry
        return moved_back.standing(self.work.folder, entry)[:2]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A run at work."""
    (tmp_path / "root").mkdir()
    with working(requests.located(tmp_path / "root", tmp_path / "state")) as work:
        yield Place(tmp_path, work)


def test_a_path_that_is_moved_twice_is_kept_twice(place: Place) -> None:
    """The second one does not take the place of the first."""
    for text in ("one", "two"):
        place.put("a.py", text)
        assert place.away("added", "a.py") == 1

    assert (place.evidence / "added/a.py").read_text() == "one"
    assert (place.evidence / "added.2/a.py").read_text() == "two"


def test_what_is_at_its_place_again_is_no_conflict_when_it_is_the_same(place: Place) -> None:
    """A crash across file systems may leave a file in both places; undo takes one away."""
    file = place.put("a.py", "one")
    stamp = file.stat()
    place.away("added", "a.py")
    place.put("a.py", "one")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert place.standing() == ([], [])

    assert place.back() == 0
    assert file.read_text() == "one"
    assert not (place.evidence / "added/a.py").exists()


def test_what_took_a_place_meanwhile_stays(place: Place) -> None:
    """It is told, with all others back where they were."""
    for path in ("a.py", "b.py"):
        place.put(path, "added")
    place.away("added", "a.py", "b.py")
    place.put("a.py", "somebody else's")
    assert place.standing() == (["b.py"], [("a.py", "something else exists at a.py")])
    with pytest.raises(HostError, match=r"something else exists at a\.py"):
        place.back()

    assert (place.root / "a.py").read_text() == "somebody else's"
    assert (place.root / "b.py").read_text() == "added"
    assert (place.evidence / "added/a.py").read_text() == "added"


def test_what_was_made_anew_is_set_aside_for_what_it_was_made_from(place: Place) -> None:
    """Bytecode of the restored release is no conflict, and is kept."""
    place.put("c/a.pyc", "failed")
    place.away("caches", "c/a.pyc")
    place.put("c/a.pyc", "restored")
    assert place.back() == 1

    assert (place.root / "c/a.pyc").read_text() == "failed"
    assert (place.evidence / "superseded/c/a.pyc").read_text() == "restored"


@ROOT_ONLY
def test_a_link_crosses_file_systems_as_a_link(place: Place, tmp_path: Path) -> None:
    """What it leads to is neither read nor moved."""
    with mounted(tmp_path / "disk", "size=1m") as disk:
        place.root = disk
        (disk / "link").symlink_to("/etc/shadow")
        assert place.away("added", "link") == 1
        assert not os.path.lexists(disk / "link")
        assert (place.evidence / "added/link").readlink() == Path("/etc/shadow")
        assert place.back() == 1

        assert (disk / "link").readlink() == Path("/etc/shadow")


def test_a_name_that_somebody_takes_at_once_is_not_ours(place: Place) -> None:
    """A file that is there right after ours was moved away is another one, and stays."""
    file = place.put("a.py", "ours")

    def taken() -> None:
        until = time.monotonic() + 20
        while file.exists() and time.monotonic() < until:
            time.sleep(0.001)
        file.write_text("theirs")

    other = threading.Thread(target=taken)
    other.start()
    delay = "delay_exit=1000000:when=1"
    moved = injected(lambda: place.away("added", "a.py"), f"renameat:{delay}", f"renameat2:{delay}")
    other.join()

    assert moved == 1
    assert file.read_text() == "theirs"
    assert (place.evidence / "added/a.py").read_text() == "ours"


def test_a_default_is_taken_back_from_any_point(place: Place) -> None:
    """Twice brings nothing more; what somebody wrote since then is refused."""
    file = place.put("app.env", "A=1")
    before = page_file.digest(str(file))
    with Tree(str(place.root)) as tree, Tree(evidence.home(place.work)) as store:
        kept = default_undo.kept("app.env", before)
        evidence.make(store, kept.rpartition("/")[0])
        evidence.copy(tree.parent("app.env"), store.parent(kept))
    file.write_text("A=default")
    after = page_file.digest(str(file))
    entry = {"root": str(place.root), "path": "app.env", "before": before, "after": after}
    file.write_text("A=hotfix")
    with pytest.raises(HostError, match="changed after its default was installed"):
        default_undo.take_back(place.work, entry)
    assert file.read_text() == "A=hotfix"
    file.write_text("A=default")

    assert [default_undo.take_back(place.work, entry) for _ in range(2)] == [1, 0]
    assert file.read_text() == "A=1"


def test_a_page_is_taken_back_from_any_point(place: Place) -> None:
    """Once it is as it was there is nothing to do; a page of somebody else is not taken away."""
    page = place.put("page.html", "theirs")
    theirs = page_file.digest(str(page))
    entry = {"page": str(page), "run": "r1", "before": "", "after": "0" * 64}
    with pytest.raises(HostError, match=r"page\.html was written by"):
        page_file.take_back(place.work.folder, entry)

    assert page_file.take_back(place.work.folder, {**entry, "before": theirs}) == 0
    assert page.read_text() == "theirs"


def test_a_unit_file_that_was_changed_since_is_not_taken_back(place: Place) -> None:
    """Neither the one from before nor ours: it stays."""
    unit = place.put("app.service", "edited")
    entry = {"directory": str(place.root), "name": "app.service", "before": "", "after": "0" * 64}
    with pytest.raises(HostError, match=r"app\.service changed since it was installed"):
        unit_file_undo.take_back(evidence.home(place.work), entry)

    assert unit.read_text() == "edited"


def test_what_a_failed_installation_has_left_is_taken_away(place: Place) -> None:
    """Whether the unit file had its place already or not: nothing of ours is left there."""
    for before in ("", hashlib.sha256(b"edited").hexdigest()):
        left = place.put(".rollback-app.service.new", "half")
        if before:
            place.put("app.service", "edited")
        entry = {"directory": str(place.root), "name": "app.service"}
        entry |= {"before": before, "after": "0" * 64}

        assert unit_file_undo.take_back(evidence.home(place.work), entry) == 0
        assert not left.exists()


def test_what_lies_behind_a_file_is_not_there(place: Place) -> None:
    """A file where a directory was has nothing below it; a link is refused, for it may lead out."""
    place.put("way", "a file")
    (place.root / "link").symlink_to("/etc")
    with Tree(str(place.root)) as tree:
        assert not additions.is_there(tree, "way/new.py")
        with pytest.raises(HostError, match="'link' is a symlink"):
            additions.is_there(tree, "link/passwd")


@ROOT_ONLY
def test_what_cannot_be_looked_at_is_not_called_absent(open_tree: Any) -> None:  # noqa: ANN401
    """A directory that may not be entered may hold an added file."""
    open_tree.write("shut/new.py", "x").parent.chmod(0o700)
    with Tree(str(open_tree.root)) as tree, somebody():
        said = words(lambda: additions.is_there(tree, "shut/new.py"))

    assert said == f"HostError: {open_tree.root}/shut/new.py: Permission denied"


def test_of_directories_that_go_meanwhile_none_is_called_new(place: Place) -> None:
    """An empty directory too many harms less than one too few."""
    place.put("new/a.py", "x")
    root = str(place.root)

    assert empty_directories.born_after(root, ["new"], LONG_AGO) == ["new"]
    assert empty_directories.born_after(root, ["new", "gone"], LONG_AGO) == []


@ROOT_ONLY
def test_a_directory_in_which_something_is_mounted_stays(place: Place) -> None:
    """It is one that others use, and no empty one."""
    (place.root / "new").mkdir()
    with mounted(place.root / "new" / "deep", "size=1m"):
        empty_directories.take_away(place.work, str(place.root), ["new/deep/a.py"], SET)

        assert (place.root / "new/deep").is_mount()


def test_a_backup_that_is_gone_shares_nothing(tmp_path: Path) -> None:
    """The others are separated all the same; a disk that fails ends it, with every copy there."""
    tree = test_apply.Tree(tmp_path)
    tree.apply()
    Path(f"{tree.path('a.py')}.backup").unlink()
    request = requests.shared(tree.location())
    shared = name_exchange.look(request).paths
    assert len(shared) == len(tree.names) - 1
    assert "a.py" not in shared
    said = injected(
        lambda: words(lambda: name_exchange.separate(request)), "fsync:error=EIO:when=1"
    )
    assert "Input/output error" in said
    assert name_exchange.look(request).paths == shared

    assert name_exchange.separate(request) == BackupsSeparated(len(shared), room=True)
