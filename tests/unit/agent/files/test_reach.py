"""Paths that somebody else can lead elsewhere lead only to what he may read himself."""

from __future__ import annotations

import os
import pwd
import stat
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.files import ownership, reach

if TYPE_CHECKING:
    from pathlib import Path

HIS = pwd.getpwnam("nobody")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root reads what he may not")


@pytest.fixture
def his(open_place: Path) -> Path:
    """A directory of the service's account beside files and a directory of root's alone."""
    for name, mode in (("secret", 0o600), ("public", 0o644), ("group", 0o640)):
        (open_place / name).write_text(name)
        (open_place / name).chmod(mode)
    os.chown(open_place / "group", 0, HIS.pw_gid)
    (open_place / "closed").mkdir(mode=0o700)
    (open_place / "closed/public").write_text("closed")
    place = open_place / "his"
    place.mkdir()
    given(place)
    return place


def given(path: Path) -> None:
    """Give something to the service's account; of a link itself."""
    os.chown(path, HIS.pw_uid, HIS.pw_gid, follow_symlinks=False)


def text(path: Path) -> str:
    """Return what is read at a path, or why nothing is."""
    try:
        with reach.file(str(path)) as file:
            return file.read().decode()
    except OSError as error:
        return str(error.strerror)


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("../secret", "may not read"),
        ("{above}/secret", "may not read"),
        ("../closed/public", "may not read"),
        ("other", "may not read"),
        ("../public", "public"),
        ("../group", "group"),
        ("../../../../../../../../../../etc/shadow", "may not read"),
        ("loop", "too many links"),
        ("missing", "No such file"),
    ],
)
def test_a_link_of_his_leads_to_what_he_may_read(his: Path, to: str, said: str) -> None:
    """Relative, absolute, through other links and directories: what he may not read is not read."""
    for name, target in (("other", "../secret"), ("loop", "loop"), ("log", to)):
        (his / name).symlink_to(target.format(above=his.parent))
        given(his / name)

    assert said in text(his / "log")


def test_a_directory_of_his_that_is_a_link(his: Path) -> None:
    """A link on the way to a file counts like one at its end."""
    (his / "logs").symlink_to("../closed")
    given(his / "logs")

    assert "given by nobody, leads to what nobody may not read" in text(his / "logs/public")


def test_a_link_of_root_in_a_place_of_his(his: Path) -> None:
    """He can move there whatever link root once made."""
    (his / "log").symlink_to("../secret")

    assert "may not read" in text(his / "log")


def test_a_link_of_root_is_followed(his: Path) -> None:
    """A link that nobody but root could have placed leads anywhere."""
    (his.parent / "link").symlink_to("closed")

    assert text(his.parent / "link/public") == "closed"


def test_another_name_of_a_file_that_is_not_his(his: Path) -> None:
    """A hard link to a file of root's is none that he may read."""
    (his / "log").hardlink_to(his.parent / "secret")

    assert "may not read" in text(his / "log")


def test_a_file_of_root_in_a_place_of_his(his: Path) -> None:
    """Settings that root wrote for a unit, beside files of his, are read, as by systemd."""
    (his / ".env").write_text("A=1")
    (his / ".env").chmod(0o600)

    assert text(his / ".env") == "A=1"


@pytest.mark.parametrize("kind", ["fifo", "directory", "device"])
def test_what_is_no_file_is_not_waited_for(his: Path, kind: str) -> None:
    """A fifo has no reader that waits, and a device none at all."""
    if kind == "fifo":
        os.mkfifo(his / "log")
    elif kind == "directory":
        (his / "log").mkdir()
    else:
        os.mknod(his / "log", stat.S_IFCHR | 0o666, os.makedev(1, 5))

    assert text(his / "log") == "is not a regular file"


def test_who_can_change_what_a_path_leads_to(his: Path) -> None:
    """The owners of files, of directories on the way and of links count; /tmp's users do not."""
    (his / "app").write_text("")
    (his.parent / "shared").write_text("")
    (his.parent / "shared").chmod(0o666)
    (his.parent / "link").symlink_to("his/app")

    assert ownership.changers(str(his.parent / "public")) == frozenset()
    assert ownership.changers(str(his / "app")) == {HIS.pw_uid}
    assert ownership.changers(str(his.parent / "link")) == {HIS.pw_uid}
    assert ownership.changers(str(his.parent / "shared")) == {reach.ANYBODY}
