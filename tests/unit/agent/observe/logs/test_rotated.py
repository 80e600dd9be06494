"""The earlier part of a log is found under whatever name; where it is not, that is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.logs import ComponentLog
from pytest_rollback.agent.observe.logs import rotated
from tests.unit.agent.observe.logs.test_inspection import Log


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of its own directory, whose unit started a minute ago."""
    return Log(tmp_path / "app.log")


@pytest.mark.parametrize(
    "name",
    [
        "app.log.1",
        "app.log-20261128",
        "app.log.2026-11-28.0.gz",
        "app.1.log",
        "app-20261128.log",
        "app.2026-11-28.log",
        "app__2026-11-28_00-00-00.log",
        "app.log.old",
        "old/app.log.1",
        "archive/app.log",
    ],
)
def test_what_was_rotated_is_found_under_its_name(log: Log, name: str) -> None:
    """Logrotate's extension, daily rotators, pm2, another folder."""
    (log.path.parent / name).parent.mkdir(exist_ok=True)
    log.write(log.line(10, "INFO up"), log.line(30, "ERROR payment failed"), name=name)
    log.write(log.line(55, "INFO served"))
    found = log.look()

    assert found.errors == 1
    assert found.files == (str(log.path), str(log.path.parent / name))


@pytest.mark.parametrize(
    "name",
    [
        "app.logger",
        "app-2.log",
        "app-worker.log",
        "my-app.log.1",
        "app.py",
        "app2.log",
        "nginx/app.log.1",
    ],
)
def test_the_log_of_somebody_else_is_not_read(log: Log, name: str) -> None:
    """Of another component, instance or program, or no log at all."""
    (log.path.parent / name).parent.mkdir(exist_ok=True)
    log.write(log.line(30, "ERROR of somebody else"), name=name)
    log.write(log.line(1, "INFO up"))

    assert log.look().files == (str(log.path),)


def test_the_folder_that_logrotate_moves_files_to_is_looked_into(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`olddir`, absolute or relative to the log's folder."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "app.log-20261128").write_text(log.line(30, "ERROR boom"))
    rules = tmp_path / "logrotate.conf"
    rules.write_text(f"{log.path} {{\n  daily\n  olddir {elsewhere}\n}}\n")
    monkeypatch.setattr(rotated, "LOGROTATE", (str(rules),))
    log.path.parent.joinpath("deep").mkdir()
    log.write(log.line(55, "INFO served"))

    assert log.look().errors == 1


def test_a_file_that_the_process_still_holds_is_read(log: Log) -> None:
    """It was moved or deleted, and the process writes on."""
    log.write(log.line(10, "INFO up"), log.line(30, "ERROR boom"))
    hold = f"import time; file = open({str(log.path)!r}, 'a'); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        log.path.unlink()
        log.write(log.line(55, "INFO served"))
        asked = ComponentLog("web", "shop-web", (str(log.path),), log.start, process.pid)
        found = log.look(components=(asked,))
        process.kill()

    assert found.errors == 1


def test_seen_begins_with_the_first_line_that_was_seen(log: Log) -> None:
    """A file that holds the last seconds says so, where nothing tells what was before."""
    log.write(log.line(57, "INFO served"))
    os.utime(log.path)
    log.start = log.start - 60
    found = log.look()

    assert "only the last 3 s were seen" in found.problem
    assert found.hint
    assert found.seen < 10


def test_a_rotated_file_of_before_proves_that_nothing_is_missing(log: Log) -> None:
    """What was written last before the start ends where this one begins."""
    log.write(log.line(-200, "ERROR old"), name="app.log.1", old=True)
    log.write(log.line(57, "INFO served"))
    found = log.look()

    assert (found.problem, found.errors) == ("", 0)
    assert found.seen > 55


def test_lines_that_were_cut_off_are_told(log: Log) -> None:
    """Copytruncate leaves a hole of NUL; the copy fills it, without one nothing is concluded."""
    hole = b"\0" * 300_000
    log.path.write_bytes(hole + log.line(40, "INFO ok").encode())
    alone = log.look()
    log.write(log.line(-1, "INFO up"), log.line(30, "ERROR boom"), name="app.log.1")
    beside = log.look()
    log.path.write_bytes(
        log.line(-5, "INFO old").encode() + b"\0" * 64 + log.line(30, "INFO ok").encode()
    )
    inside = log.look()

    assert "NUL bytes stand for lines that are lost above" in alone.problem
    assert "INFO ok" in alone.problem
    assert (beside.problem, beside.errors) == ("", 1)
    assert "NUL bytes" in inside.problem


def test_an_error_behind_a_hole_counts(log: Log) -> None:
    """Its time is read behind the NUL bytes."""
    log.path.write_bytes(b"\0" * 100 + log.line(10, "ERROR boom").encode())

    assert log.look().errors == 1


def test_times_that_go_back_are_told_with_the_line(log: Log) -> None:
    """Two clocks in one file: an error of the slower one would be taken for an old one."""
    log.write(log.line(-9, "INFO"), log.line(1, "INFO up"), log.line(-3600, "ERROR boom"))
    found = log.look()

    assert found.errors == 0
    assert "times go back" in found.problem
    assert "ERROR boom" in found.problem


def test_a_pattern_without_an_end_is_ended_and_the_line_named(log: Log) -> None:
    """Some expressions take longer than the universe has been there."""
    log.write(log.line(1, "INFO up"), log.line(2, "INFO " + "a" * 60 + "!"))
    before = time.monotonic()
    found = log.look(errors="(a+)+$", timeout=0.5)

    assert "takes too long in this line" in found.problem
    assert "aaaa" in found.problem
    assert time.monotonic() - before < 10


def test_several_logs_of_a_component_are_one(log: Log) -> None:
    """Errors of all of them count, and one that is not there is told."""
    log.write(log.line(1, "INFO up"), log.line(2, "INFO ok"))
    second = log.write(log.line(1, "INFO up"), log.line(2, "ERROR boom"), name="jobs.log")
    both = ComponentLog("web", "shop-web", (str(log.path), str(second)), log.start)
    found = log.look(components=(both,))
    lacking = log.look(components=(both._replace(logs=(str(log.path), f"{second}.no")),))

    assert found.errors == 1
    assert found.findings[0].startswith(f"{second}: ")
    assert found.lines == 4
    assert "jobs.log.no" in lacking.problem
