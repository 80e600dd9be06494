"""A look in two halves says the same as one, whatever becomes of the process that does one."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import parallel

NUMBER = parallel.MANY


def squares(start: int, end: int) -> list[int]:
    """Return the squares of some numbers."""
    return [number * number for number in range(start, end)]


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have two processors, whatever this machine has."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def joined(said: list[list[int]]) -> list[int]:
    """Return what the parts said as one."""
    return [number for part in said for number in part]


@pytest.mark.parametrize("number", [0, 1, NUMBER - 1, NUMBER, NUMBER + 1, 100_000])
def test_all_is_said_in_order(number: int) -> None:
    """Of few in one part, of many in two, also when the answer is longer than a pipe holds."""
    said = parallel.both(squares, number)

    assert joined(said) == squares(0, number)
    assert len(said) == (2 if number >= NUMBER else 1)


def test_one_processor_does_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second process would only take turns with the first."""
    monkeypatch.setattr(os, "cpu_count", lambda: None)

    assert parallel.both(squares, NUMBER) == [squares(0, NUMBER)]


def test_without_another_process_it_is_done_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with too many processes gives none."""

    def refused() -> int:
        raise OSError(errno.EAGAIN, "no more processes")

    before = sorted(Path("/proc/self/fd").iterdir())
    monkeypatch.setattr(os, "fork", refused)

    assert parallel.both(squares, NUMBER) == [squares(0, NUMBER)]
    assert sorted(Path("/proc/self/fd").iterdir()) == before


@pytest.fixture
def born(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that are made; whoever runs the tests may have others."""
    made, fork = list[int](), os.fork

    def noted() -> int:
        made.append(fork())
        return made[-1]

    monkeypatch.setattr(os, "fork", noted)
    return made


def ended(born: list[int]) -> bool:
    """Tell whether there was one process, which is gone and was waited for."""
    (pid,) = born
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return True


@pytest.mark.parametrize("how", ["raises", "is killed", "says too little"])
def test_the_half_of_a_process_that_fails_is_done_here(
    how: str, born: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ended it, nothing is missing, and no process is left."""
    mine = os.getpid()
    if how == "says too little":
        write = os.write
        monkeypatch.setattr(os, "write", lambda to, words: write(to, words[:9]) and len(words))

    def task(start: int, end: int) -> list[int]:
        if os.getpid() != mine and how == "raises":
            raise RuntimeError
        if os.getpid() != mine and how == "is killed":
            os.kill(os.getpid(), signal.SIGKILL)
        return squares(start, end)

    assert joined(parallel.both(task, NUMBER)) == squares(0, NUMBER)
    assert ended(born)


def test_a_half_that_fails_here_leaves_no_process(born: list[int]) -> None:
    """What it raised is raised, and the other half is not waited for."""
    mine = os.getpid()

    def task(start: int, end: int) -> list[int]:
        if os.getpid() == mine:
            raise ValueError(f"{start} to {end}")
        signal.pause()
        return []

    with pytest.raises(ValueError, match=f"0 to {NUMBER // 2}"):
        parallel.both(task, NUMBER)
    assert ended(born)


def test_the_other_process_holds_nothing_open(tmp_path: Path) -> None:
    """Not the lock, which would outlive us, nor the connection, which would wait for it."""
    with (tmp_path / "lock").open("w") as lock:
        place = f"/proc/self/fd/{lock.fileno()}"
        said = parallel.both(lambda *_: [int(os.path.lexists(place))], NUMBER)

    assert joined(said) == [1, 0]


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_problem_is_raised_and_not_tried_again(where: str, tmp_path: Path) -> None:
    """A flush that failed says so only once."""
    mine, tried = os.getpid(), tmp_path / "tried"
    tried.touch()

    def task(start: int, end: int) -> list[int]:
        if (os.getpid() == mine) == (where == "here"):
            with tried.open("a") as file:
                file.write("x")
            raise HostError("the disk has errors", "see dmesg", "unfinished")
        return squares(start, end)

    with pytest.raises(HostError, match="the disk has errors") as caught:
        parallel.both(task, NUMBER)

    assert (caught.value.hint, caught.value.kind) == ("see dmesg", "unfinished")
    assert tried.read_text() == "x"
