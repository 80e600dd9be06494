"""Names that were exchanged: the backup is the live file until it gets bytes of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import exchange
from pytest_rollback.agent.messages.restore import BackupsSeparated
from pytest_rollback.agent.restore import apply, batch, name_exchange, stage
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state.journal import entries
from tests.unit.agent.restore.test_apply import NAMES, Tree
from tests.unit.support import requests
from tests.unit.support.apart import ROOT_ONLY
from tests.unit.support.volumes import mounted


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A tree that was restored by exchanging names."""
    tree = Tree(tmp_path, way="exchange")
    tree.apply()
    return tree


def copy(tree: Tree, name: str) -> Path:
    """Return where the backup of a file is."""
    return Path(f"{tree.path(name)}.backup")


def shared(tree: Tree) -> tuple[str, ...]:
    """Return the files whose backups are the live files."""
    return name_exchange.look(requests.shared(tree.location())).paths


def separate(tree: Tree) -> BackupsSeparated:
    """Give the backups bytes of their own."""
    return name_exchange.separate(requests.shared(tree.location()))


def test_an_exchange_writes_no_byte(tree: Tree) -> None:
    """The live file is the backup itself, and the failed version lies beside it."""
    assert all(tree.path(name).samefile(copy(tree, name)) for name in NAMES)
    assert shared(tree) == tuple(sorted(NAMES, key=lambda n: ("/" in n, n)))


def test_separated_copies_survive_whoever_writes_in_place(tree: Tree) -> None:
    """Each copy is its own file, as recorded; what is written to the live one stays there."""
    assert separate(tree) == BackupsSeparated(len(NAMES), room=True)
    tree.path("a.py").write_text("written in place")
    assert copy(tree, "a.py").read_text() == "previous 'a.py'"
    assert copy(tree, "a.py").stat().st_mode & 0o777 == 0o640
    assert shared(tree) == ()

    assert separate(tree).number == 0


def test_undo_after_the_separation_is_exact(tmp_path: Path) -> None:
    """Live files are the failed ones again, backups as they were saved."""
    tree = Tree(tmp_path, way="exchange")
    before = tree.live()
    saved = {name: copy(tree, name).stat().st_mtime_ns for name in NAMES}
    tree.apply()
    separate(tree)
    undo.undo(tree.back())

    assert tree.live() == before
    assert {name: copy(tree, name).stat().st_mtime_ns for name in NAMES} == saved
    assert list(tree.root.rglob(".rollback-*")) == []


def test_without_room_the_copies_stay_shared_and_that_is_said(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk does not keep the services down."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage, "copy", full)
    assert separate(tree) == BackupsSeparated(0, room=False)

    found = name_exchange.look(requests.shared(tree.location()))
    assert (found.paths, found.room, len(found.left)) == ((), False, len(NAMES))
    assert list(tree.root.rglob(".rollback-*.new")) == []


@pytest.mark.parametrize("code", sorted(exchange.UNABLE))
def test_where_names_cannot_be_exchanged_they_are_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Each file system is tried; one that cannot is no problem, unless the way was asked for."""

    def unable(*_: object) -> None:
        raise OSError(code, "cannot")

    monkeypatch.setattr(exchange, "exchange", unable)
    monkeypatch.setattr(batch, "has_room", lambda *_: False)
    tree = Tree(tmp_path, way="exchange")
    with pytest.raises(HostError, match="names cannot be exchanged in"):
        tree.apply()
    apply.apply(tree.planned("r2")._replace(way=""))

    assert not tree.path("a.py").samefile(copy(tree, "a.py"))
    assert list(tree.root.rglob(".rollback-*try*")) == []


def way(tree: Tree) -> str:
    """Return the way that the run's journal names."""
    (entry,) = (
        each for each in entries(str(tree.state / "runs/r1/journal")) if each["event"] == "way"
    )
    return str(entry["way"])


@pytest.mark.parametrize("number", [3, 600])
def test_copies_are_the_way_however_many_files_there_are(tmp_path: Path, number: int) -> None:
    """Names are exchanged on a host without room alone."""
    tree = Tree(tmp_path, [f"{each}.py" for each in range(number)], way="")
    tree.apply()

    assert way(tree) == "rename"
    assert not tree.path("0.py").samefile(copy(tree, "0.py"))
    assert shared(tree) == ()


@ROOT_ONLY
def test_a_host_without_room_for_copies_exchanges_names(tmp_path: Path) -> None:
    """They would take more than half of what is free; nobody has to ask for it."""
    with mounted(tmp_path / "disk", "size=1m") as disk:
        tree = Tree(disk, way="")
        (disk / "filler").write_bytes(b"\0" * (os.statvfs(disk).f_bavail - 10) * 4096)
        tree.apply()

        assert way(tree) == "exchange"
        assert tree.path("a.py").samefile(copy(tree, "a.py"))


def test_a_backup_that_somebody_made_the_live_file_is_separated_as_well(tmp_path: Path) -> None:
    """However the two came to share their bytes: what is written to one would be in both."""
    tree = Tree(tmp_path, way="rename")
    tree.apply()
    backup = copy(tree, "a.py")
    backup.unlink()
    backup.hardlink_to(tree.path("a.py"))
    assert shared(tree) == ("a.py",)
    assert separate(tree) == BackupsSeparated(1, room=True)

    assert shared(tree) == ()
    assert backup.read_text() == "previous 'a.py'"
