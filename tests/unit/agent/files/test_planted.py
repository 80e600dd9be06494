"""What the service user plants where we look: links, fifos, directories that he exchanges."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import described, requirements
from pytest_rollback.agent.configuration.units import sources
from pytest_rollback.agent.database.postgresql import dump, load, server
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files.tree import Tree
from pytest_rollback.agent.messages.location import ComponentFiles, Selection
from pytest_rollback.agent.messages.system import PathsRequest
from pytest_rollback.agent.observe.probes import served
from pytest_rollback.agent.observe.trial import shadows
from pytest_rollback.agent.rollback import bytecode
from pytest_rollback.agent.system import tools
from tests.unit.support.apart import NOBODY, ROOT_ONLY, apart

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = ROOT_ONLY
SECRET = "for root alone"  # noqa: S105 - no password
LOCAL = server.Server("", 5432, "", "", "nobody", "shop", "")


@pytest.fixture
def his(open_place: Path) -> Path:
    """A directory of the service's account, beside one of root's alone."""
    closed = open_place / "closed"
    closed.mkdir(mode=0o700)
    (closed / "app.conf").write_text(SECRET)
    (closed / "evil.py").write_text("")
    (closed / "x.pyc").write_text("")
    place = open_place / "his"
    place.mkdir()
    given(place)
    return place


def given(*paths: Path) -> None:
    """Give something to the service's account; of a link itself."""
    for path in paths:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def led(place: Path, to: str = "closed") -> Path:
    """Return a link of his that leads to something of root's."""
    place.symlink_to(Path("..") / to)
    given(place)
    return place


@contextlib.contextmanager
def soon() -> Iterator[None]:
    """End with an error what waits for ever."""

    def late(*_: object) -> None:
        raise AssertionError("it waits for somebody who never writes")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", ["up", "up/app.conf"])
def test_what_lies_behind_his_link_is_not_told(his: Path, name: str) -> None:
    """Neither that it is there, nor what it is."""
    led(his / "up")

    assert tools.paths(PathsRequest(str(his), (name,))).kinds[name] != "file"
    assert dict(requirements.unread([str(his / "up/app.conf")])) != {}
    assert list(requirements.sizes([str(his / "up/app.conf")])) == []


def test_names_behind_his_link_are_not_listed(his: Path) -> None:
    """By no pattern, as no module that would be loaded, as no file of a component."""
    led(his / "up")
    whole = Selection(components=(ComponentFiles("app", ("up/*.conf",)),))

    assert sources.Installed().listed(f"{his}/up/*.conf") == []
    assert sources.Installed().listed(f"{his}/*/app.conf") == []
    assert list(shadows.modules(str(his / "up"))) == []
    assert list(described.unfound(str(his), whole, ())) == ["up/*.conf, in files of component app"]


def test_bytecode_behind_his_link_is_refused(his: Path) -> None:
    """A program would run it, and we would list and move what is not his."""
    (his / "app.py").write_text("")
    led(his / "__pycache__")

    with pytest.raises(HostError, match=r"__pycache__.*symlink"):
        bytecode.found(str(his), ["app.py"])


def test_content_behind_his_link_is_not_compared(his: Path) -> None:
    """Else an answer of his service would ask, bit by bit, what a file of root's holds."""
    led(his / "up")

    assert not served.holds(str(his / "up/app.conf"), SECRET.encode())


@pytest.mark.parametrize("way", ["root", "root/deeper"])
def test_his_link_is_no_root(his: Path, way: str) -> None:
    """What we write below the root would land where he leads."""
    (his.parent / "closed/deeper").mkdir()
    led(his / "root")

    with pytest.raises(HostError, match="given by nobody, leads to what nobody may not"):
        Tree(str(his / way))


def test_links_to_a_root_of_his_or_by_root_are_used(his: Path) -> None:
    """Releases beside each other, and a link to the current one, are a usual layout."""
    (his / "releases").mkdir()
    given(his / "releases")
    (his / "current").symlink_to("releases")
    given(his / "current")
    (his.parent / "app").symlink_to("closed")

    for root in (his / "current", his.parent / "app"):
        with Tree(str(root)) as tree:
            assert os.fstat(tree.root).st_ino == root.stat().st_ino


def test_a_fifo_beside_a_socket_is_no_file(his: Path) -> None:
    """Where sockets lie anybody may write; who opens a fifo for reading waits for a writer."""
    os.mkfifo(his / ".s.PGSQL.5432.lock")

    with soon():
        assert server.directory(LOCAL._replace(host=str(his))) == ""


@pytest.fixture
def dumped(his: Path) -> Path:
    """A dump in the format of a directory, his to write."""
    place = his / "dump"
    place.mkdir()
    for name in ("1.dat", "toc.dat"):
        (place / name).write_text(name)
    given(place, place / "1.dat", place / "toc.dat")
    return place


@pytest.mark.parametrize("kind", ["fifo", "link"])
def test_a_dump_of_a_fifo_or_a_link_is_not_read(dumped: Path, kind: str) -> None:
    """It is copied for another account: a link would have a file of root's copied for it."""
    (dumped / "1.dat").unlink()
    if kind == "fifo":
        os.mkfifo(dumped / "1.dat")
    else:
        (dumped / "1.dat").symlink_to("../../closed/app.conf")
        given(dumped / "1.dat")

    refused = pytest.raises(OSError, match="regular")
    with soon(), refused, load.opened(str(dumped)) as found, load.readable(LOCAL, found) as copied:
        assert SECRET not in Path(copied.path, "1.dat").read_text()


def test_a_copied_dump_is_given_away_at_the_end(dumped: Path) -> None:
    """Else he exchanges a copy for a link to what will be his then, while we give it to him."""
    victim = dumped.parent.parent / "closed/app.conf"

    def attack(event: str, _: tuple[object, ...]) -> None:
        if event != "os.chown":
            return
        for place in Path("/proc/self/cwd").glob("rollback-trial-dump-*/dump"):
            if NOBODY in (place.stat().st_uid, place.parent.stat().st_uid):
                for path in place.iterdir():
                    path.unlink()
                    path.symlink_to(victim)

    def copied() -> None:
        os.chdir(dumped.parent.parent)
        os.environ["TMPDIR"] = str(dumped.parent.parent)
        __import__("tempfile").tempdir = None
        sys.addaudithook(attack)
        with load.opened(str(dumped)) as found, load.readable(LOCAL, found):
            pass

    assert apart(copied).code == 0
    assert victim.stat().st_uid == 0


def test_the_copy_of_a_dump_is_its_accounts(dumped: Path) -> None:
    """It can be read by who restores it, and has what was hashed."""
    with load.opened(str(dumped)) as found, load.readable(LOCAL, found) as copied:
        place = Path(copied.path)
        assert {path.stat().st_uid for path in (place.parent, place, *place.iterdir())} == {NOBODY}
        assert (place / "toc.dat").read_text() == "toc.dat"


def test_a_dump_that_is_a_fifo_is_told(his: Path) -> None:
    """Nothing waits for it."""
    os.mkfifo(his / "shop.dump")

    with soon():
        found = dump.found(str(his / "shop.dump"))
    assert (found.format, found.bytes) == ("", 0)
