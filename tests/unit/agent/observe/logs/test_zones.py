"""Times without a zone are the writer's; an error that no time and no place dates is doubtful."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.logs import ComponentLog, LogReport
from pytest_rollback.agent.observe.logs import offsets, zones
from tests.unit.agent.observe.logs.test_inspection import Log

HOUR = 3600.0


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of its own directory, whose unit started a minute ago."""
    return Log(tmp_path / "web.log")


@contextmanager
def running(**variables: str) -> Iterator[int]:
    """Run a process with an environment; yield its number."""
    argv = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables
    ) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        try:
            yield process.pid
        finally:
            process.kill()


def looked(log: Log, pid: int = 0, state: str = "") -> LogReport:
    """Return what the log of a process says."""
    asked = ComponentLog("web", "web", (str(log.path),), log.start, pid)
    return log.look(components=(asked,), state=state)


def shifted(log: Log, hours: float) -> Callable[[float, str], str]:
    """Return what makes lines without a zone, so many hours off UTC."""

    def line(seconds: float, text: str) -> str:
        when = time.gmtime(log.start + seconds + hours * HOUR)
        return time.strftime("%Y-%m-%d %H:%M:%S,500 ", when) + text + "\n"

    return line


@pytest.mark.parametrize("hours", [5.0, -5.5, 0.0])
def test_the_zone_of_the_process_is_that_of_its_log(log: Log, hours: float) -> None:
    """POSIX counts zones the other way round."""
    line = shifted(log, hours)
    log.write(line(-30, "ERROR of before"), line(1, "INFO up"), line(40, "ERROR boom"))
    minutes = abs(int(hours % 1 * 60))
    zone = f"XXX{'-' if hours >= 0 else '+'}{abs(int(hours))}:{minutes:02d}"
    with running(TZ=zone) as pid:
        found = looked(log, pid)

    assert (found.errors, found.problem) == (1, "")
    assert os.environ.get("TZ") is None or os.environ["TZ"] != zone


def test_a_process_without_a_zone_has_that_of_its_host(log: Log) -> None:
    """And not that of the account that reads it."""
    line = shifted(log, time.localtime().tm_gmtoff / HOUR)
    log.write(line(-30, "ERROR of before"), line(1, "INFO up"), line(40, "ERROR boom"))
    with running(LANG="C") as pid, zones.read_in("XXX+7"):
        found = looked(log, pid)

    assert (found.errors, found.problem) == (1, "")


def test_utc_is_told_by_when_the_file_was_written(log: Log) -> None:
    """A program that writes UTC on a host that does not."""
    line = shifted(log, 0.0)
    log.write(line(-30, "ERROR of before"), line(1, "INFO up"), line(59, "ERROR boom"))
    with running(TZ="XXX-3") as pid:
        found = looked(log, pid)

    assert (found.errors, found.problem) == (1, "")


def test_a_zone_that_nothing_tells_proves_nothing(log: Log) -> None:
    """The whole log is five hours behind, and its process does not say why."""
    line = shifted(log, -5.0)
    log.write(line(-30, "INFO of before"), line(1, "ERROR boom"), line(59, "INFO ok"))

    assert "check the time zone" in looked(log).problem


def test_an_error_that_is_older_than_the_line_above_is_doubtful(log: Log) -> None:
    """Above or below the first line since the start; a traceback of its own counts."""
    behind, trace = shifted(log, -5.0), "Traceback (most recent call last):\n  File 'x'\nKeyError\n"
    up, ok = log.line(1, "INFO up"), log.line(40, "INFO ok")
    for wrong in (behind(1, "ERROR boom"), behind(1, "in thread 7") + trace):
        for lines in ((log.line(-2, "INFO old"), wrong, up, ok), (up, wrong, ok), (up, ok, wrong)):
            log.write(*lines)
            os.utime(log.path, (log.start + 30, log.start + 30))
            found = looked(log)

            assert found.errors or ("times go back" in found.problem and found.hint)


def test_its_place_proves_an_error_old(log: Log) -> None:
    """What stands above a line of before the start is older still, whatever its clock said."""
    behind, ahead = shifted(log, -5.0), shifted(log, 5.0)
    old, up = log.line(-90, "INFO old"), log.line(1, "INFO up")
    for wrong in (behind(-60, "ERROR boom"), ahead(-60, "ERROR boom")):
        log.write(log.line(-99, "INFO old"), wrong, old, log.line(-2, "INFO end"), up)
        found = looked(log)

        assert (found.errors, found.problem) == (0, "")


def test_a_mark_tells_that_an_error_is_not_from_before(log: Log, tmp_path: Path) -> None:
    """It stands first behind the mark, and its time is hours older."""
    log.write(log.line(-2, "ERROR of before"))
    state = str(tmp_path / "state")
    offsets.keep(state, str(log.path), offsets.taken(str(log.path)))
    with log.path.open("a") as file:
        file.write(shifted(log, -5.0)(1, "ERROR boom") + log.line(58, "INFO up"))

    assert "times go back" in looked(log, state=state).problem
