"""What cannot be opened, read or asked of a file is told as it is, never taken for its absence."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import handles, metadata, reach, read, state
from pytest_rollback.agent.files.tree import Tree
from pytest_rollback.agent.system import disk, sockets, tools
from tests.unit.support.apart import ROOT_ONLY, elsewhere, injected, somebody, words

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody may enter."""
    found = Path(tempfile.mkdtemp())
    found.chmod(0o755)
    yield found
    shutil.rmtree(found)


@pytest.fixture
def here(place: Path) -> Iterator[int]:
    """Its descriptor."""
    opened = os.open(place, os.O_RDONLY)
    yield opened
    os.close(opened)


def test_only_regular_files_of_some_size_are_read(place: Path) -> None:
    """A fifo would block for ever, and a huge file would fill the memory."""
    os.mkfifo(place / "fifo")
    (place / "huge").touch()
    os.truncate(place / "huge", reach.MOST + 1)
    for name, why in (("fifo", "is not a regular file"), ("huge", "is larger than 16 MiB")):
        with pytest.raises(OSError, match=why) as caught:
            reach.whole(str(place / name))
        assert caught.value.filename == str(place / name)

    (place / "huge").write_bytes(b"small")
    assert reach.whole(str(place / "huge")) == b"small"


def test_a_file_larger_than_a_block_is_hashed_whole(place: Path) -> None:
    """Block by block, to its end, also where that is the end of a block."""
    for size in (2 * read.BLOCK, 2 * read.BLOCK + 5):
        content = os.urandom(size)
        (place / "large").write_bytes(content)
        with (place / "large").open("rb") as file:
            assert read.sha256(file.fileno(), size) == hashlib.sha256(content).hexdigest()


@ROOT_ONLY
def test_who_does_not_own_a_file_reads_it_all_the_same(place: Path, here: int) -> None:
    """Only its owner may leave its time of reading alone."""
    (place / "file").write_text("words")
    with somebody():
        opened = handles.open_regular(here, "file")
    assert os.read(opened, 9) == b"words"
    os.close(opened)


@ROOT_ONLY
def test_what_may_not_be_opened_or_reached_is_no_absent_file(place: Path) -> None:
    """Neither a file without rights nor one in such a directory."""
    (place / "secret").write_text("words")
    (place / "secret").chmod(0o600)
    (place / "shut").mkdir(mode=0o700)
    with somebody(), Tree(str(place)) as tree:
        opened, reached = state.live(tree, "secret"), state.live(tree, "shut/file")

    assert (opened.kind, opened.detail) == ("error", "cannot be opened: Permission denied")
    assert (reached.kind, reached.detail) == ("error", "cannot be reached: Permission denied")


def test_a_file_that_fails_while_it_is_read_is_an_error() -> None:
    """The memory of a process is a regular file whose first page cannot be read."""
    here = os.open("/proc/self", os.O_RDONLY)
    found = state.look(here, "mem")
    os.close(here)

    assert (found.kind, found.detail) == ("error", "cannot be read: Input/output error")


def test_a_file_system_without_flags_has_no_immutable_files() -> None:
    """The kernel's own lists have no such attributes."""
    here = os.open("/proc/self", os.O_RDONLY)
    opened = os.open("status", os.O_RDONLY, dir_fd=here)
    try:
        assert not metadata.flags(opened)
        assert tools.flagged(here, "status") == ""
    finally:
        os.close(opened)
        os.close(here)


def test_a_link_that_goes_while_it_is_looked_at_is_gone(place: Path, here: int) -> None:
    """What was no file a moment ago may be nothing now."""
    (place / "link").symlink_to("file")

    def opened() -> str:
        return words(lambda: handles.open_regular(here, "link"))

    assert opened() == "Irregular: 'link' is a symlink"
    gone = injected(opened, "newfstatat:error=ENOENT:when=1")
    assert gone == "FileNotFoundError: [Errno 2] No such file or directory: 'link'"


def test_a_link_on_the_way_is_told_with_the_whole_path(place: Path) -> None:
    """Whatever is done with a file below: the path of it is named, not the component alone."""
    (place / "real").mkdir()
    (place / "way").symlink_to("real")
    with (
        Tree(str(place)) as tree,
        pytest.raises(HostError, match="'way' is a symlink") as caught,
        tree.naming("way/file"),
    ):
        tree.parent("way/file")

    assert caught.value.message == f"{place}/way/file: 'way' is a symlink"
    assert f"ls -ld {place}/way/file {place}/way" in caught.value.hint


def test_attributes_that_there_are_not_are_none(place: Path) -> None:
    """A file system without them has none; one that fails is an error."""
    (place / "file").touch()
    os.setxattr(place / "file", "user.who", b"ann")

    def asked() -> str:
        with (place / "file").open("rb") as file:
            return str(metadata.xattrs(file.fileno()))

    assert asked() == "{'user.who': b'ann'}"
    assert injected(asked, "flistxattr:error=EOPNOTSUPP:when=1") == "{}"
    failed = injected(lambda: words(asked), "flistxattr:error=EIO:when=1")
    assert failed.startswith("OSError: [Errno 5] Input/output error")


def test_only_attributes_that_differ_are_set(place: Path) -> None:
    """One that is right is left alone, another one's value is corrected, a third one goes."""
    (place / "file").touch()
    for name in ("right", "wrong", "more"):
        os.setxattr(place / "file", f"user.{name}", name.encode())
    with (place / "file").open("rb") as file:
        found = metadata.read(file.fileno())
        wanted = {"user.right": b"right", "user.wrong": b"righted"}

        def applied() -> str:
            return words(lambda: metadata.apply(file.fileno(), found._replace(xattrs=wanted)))

        assert injected(applied, "fsetxattr:error=EIO:when=2+") == ""  # one is set, not two
        assert metadata.xattrs(file.fileno()) == wanted


@ROOT_ONLY
def test_without_proc_nothing_is_mounted_and_nobody_listens(place: Path) -> None:
    """What the kernel does not list is not made up."""
    assert "/" in disk.points()
    with elsewhere(place):
        assert disk.points() == frozenset()
        assert sockets.listening() == frozenset()


@ROOT_ONLY
def test_a_directory_that_we_may_not_write_is_closed(place: Path) -> None:
    """It is told before anything is tried in it."""
    inside = str(place / "new")
    assert tools.denials([inside]) == {}
    with somebody():
        assert tools.denials([inside]) == {inside: f"the directory {place} is not writable"}


def test_a_file_that_grows_without_end_has_an_end(place: Path) -> None:
    """Whoever appends while we read keeps nobody reading for ever."""
    path = place / "log"
    path.write_bytes(bytes(2 * read.BLOCK))
    with path.open("rb") as file, path.open("ab", buffering=0) as more:
        read_ = 0
        for block in read.blocks(file.fileno(), 2 * read.BLOCK):
            read_ += len(block)
            more.write(bytes(read.BLOCK)) if read_ < 1 << 26 else None

    assert read_ <= 4 * read.BLOCK
