"""Two descriptions of one system, each with a state directory: they see each other's runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import HolderProcess, Location
from pytest_rollback.agent.messages.state.runs import (
    BeginRequest,
    EndRequest,
    Idle,
    IdleRequest,
    RunBegun,
)
from pytest_rollback.agent.state import lock, runs, unfinished
from pytest_rollback.agent.system.processes import here, started

UNITS = ("systemd /etc/systemd/system web", "systemd /etc/systemd/system jobs")
ME = HolderProcess(*here(), os.getpid(), started(os.getpid()))


class Two:
    """Two state directories, and what runs of them are about."""

    def __init__(self, place: Path) -> None:
        self.one, self.two = str(place / "one"), str(place / "two")
        self.root = place / "root"
        self.root.mkdir()
        self.links = place / "links" / unfinished.LINKS

    def begin(self, state: str, pid: int, root: object = "", *units: str) -> RunBegun:
        """Begin a run."""
        holder = HolderProcess(*here(), pid, started(pid))
        about = (str(root), units)
        return runs.begin(BeginRequest(state, f"r{pid}", "ann", holder, "here", (), (), *about))

    def ask(self, root: object, *units: str, open_too: bool = True) -> Idle:
        """Ask, with the second one, as a suite that judges does."""
        return unfinished.look(IdleRequest(self.two, ME, open_too, str(root), units))

    def changed(self, state: str, run: str) -> None:
        """Have a run stop something."""
        with lock.working(Location(str(self.root), state, ".old", run)) as work:
            for each in ("snapshot", "snapshot done", "stop", "stop done"):
                work.journal.add(each)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Two:
    """Two state directories, with links of their own."""
    monkeypatch.setattr(unfinished, "index", lambda: str(tmp_path / "links" / unfinished.LINKS))
    return Two(tmp_path)


@pytest.fixture
def other() -> Iterator[int]:
    """The number of another process, which lives."""
    child = subprocess.Popen(["sleep", "60"])
    yield child.pid
    child.kill()
    child.wait()


@pytest.mark.parametrize("by", ["root", "link", "unit"])
def test_a_run_of_another_state_directory_is_refused(two: Two, other: int, by: str) -> None:
    """By the root, a link to it, or one unit; by the gate and by a suite, naming the directory."""
    link = two.root.with_name("current")
    link.symlink_to(two.root)
    two.begin(two.one, other, two.root, *UNITS)
    root = {"root": two.root, "link": link, "unit": "/elsewhere"}[by]
    units = UNITS[:1] if by == "unit" else ()
    for act in (
        lambda: two.begin(two.two, os.getpid(), root, *units),
        lambda: two.ask(root, *units),
        lambda: two.ask(root, *units, open_too=False),
    ):
        with pytest.raises(HostError, match="held by ann") as told:
            act()
        assert told.value.kind == "held"
        assert f"state directory is {two.one}, not {two.two}" in told.value.message
        assert f'state = "{two.one}"' in told.value.hint
    assert not Path(two.two, "runs").exists()


def test_what_lies_half_done_is_refused_until_it_is_over(two: Two, other: int) -> None:
    """Its holder is dead: nobody begins beside it, and nobody judges."""
    two.begin(two.one, other, two.root)
    two.changed(two.one, f"r{other}")
    runs.end(EndRequest(two.one, f"r{other}", "interrupted"))
    with pytest.raises(HostError, match="is not finished"):
        two.begin(two.two, os.getpid(), two.root)
    with pytest.raises(HostError, match="is not finished"):
        two.ask(two.root)
    assert two.ask(two.root, open_too=False) == Idle()
    runs.end(EndRequest(two.one, f"r{other}", "recovered"))

    assert two.ask(two.root) == Idle()
    assert not two.begin(two.two, os.getpid(), two.root).adopted


def test_another_system_is_in_nobodys_way(two: Two, other: int) -> None:
    """Neither one with another root and other units, nor one of which nothing is known."""
    two.begin(two.one, other, two.root, *UNITS)
    apart = two.root.with_name("apart")

    assert two.ask(apart, "supervisord /run/a.sock web.service") == Idle()
    assert two.ask("") == Idle()
    assert not two.begin(two.two, os.getpid(), apart).adopted


def test_a_link_decides_nothing(two: Two, other: int) -> None:
    """Of a directory that is gone, is not ours to believe, or is the same by another name."""
    two.begin(two.one, other, two.root)
    Path(two.one).chmod(0o777)
    assert two.ask(two.root) == Idle()
    Path(two.one).chmod(0o700)
    same = Path(two.two)
    same.symlink_to(two.one)
    with pytest.raises(HostError, match=r"^held by ann"):
        two.ask(two.root)  # it is our own run: in the words for that
    same.unlink()
    shutil.rmtree(two.one)
    assert two.ask(two.root) == Idle()
    assert len([*two.links.iterdir()]) == 1
    two.begin(two.two, os.getpid())

    assert not [*two.links.iterdir()]


def test_a_run_begins_where_no_links_can_be(two: Two) -> None:
    """An account without a home has no place for them."""
    two.links.parent.write_text("no directory")

    assert two.begin(two.one, os.getpid(), two.root).run == f"r{os.getpid()}"
