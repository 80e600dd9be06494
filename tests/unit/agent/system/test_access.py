"""What an account may read, asked as that account."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.system import access
from tests.unit.support.apart import reachable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that everybody gets to, with a file, a directory and a group's file."""
    reachable(tmp_path)
    for name in ("open", "closed", "a name\n of 'two' lines"):
        (tmp_path / name).write_text("x")
    (tmp_path / "closed").chmod(0o600)
    (tmp_path / "folder").mkdir(mode=0o755)
    (tmp_path / "link").symlink_to("closed")
    return tmp_path


@as_root
def test_the_kernel_is_asked_as_that_account(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links are followed, directories entered; in several commands where there are many."""
    monkeypatch.setattr(access, "MOST", 2)
    names = [str(each) for each in sorted(place.iterdir())]
    lost = [Path(each).name for each in access.unreadable(names, "nobody")]
    assert lost == ["closed", "link"]
    assert list(access.unreadable(names, "")) == []


@as_root
def test_a_further_group_counts(place: Path) -> None:
    """A group that the unit names opens what the account alone may not read."""
    os.chown(place / "closed", 0, 4321)
    (place / "closed").chmod(0o640)
    assert list(access.unreadable([str(place / "closed")], "nobody", [65534, 4321])) == []


def test_an_unknown_account_is_an_error(place: Path) -> None:
    """Then nothing is known."""
    with pytest.raises(HostError, match="there is no user"):
        list(access.unreadable([str(place)], "nobody-of-this-name"))


def test_no_answer_is_no_yes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that fails, or is not there, is told."""
    monkeypatch.setattr(access, "SCRIPT", "exit 3")
    with pytest.raises(HostError, match="cannot be asked"):
        list(access.unreadable([str(place)], ""))
