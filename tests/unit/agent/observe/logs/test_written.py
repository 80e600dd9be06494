"""What a unit writes is read under whatever name it goes on; what is no text is named."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_rollback.agent.configuration.units import supervisord
from pytest_rollback.agent.messages.logs import ComponentLog, LogReport
from pytest_rollback.agent.observe.logs import written
from pytest_rollback.agent.system.processes import processes
from tests.unit.agent.observe.logs.test_inspection import Log

HOLDS = "import sys; held = [open(name, 'a') for name in sys.argv[1:]]; print(flush=True); input()"
QUIET = """
import os, sys
held = [open(name, "a") for name in sys.argv[1:]]
ready = os.dup(1)  # said once all is as it stays: whoever is told looks at once
if held:
    for number in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
os.write(ready, b"\n")
os.close(ready)
input()
"""


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of its own directory, whose unit started a minute ago."""
    (tmp_path / "site").mkdir()
    return Log(tmp_path / "site" / "app.log")


@contextmanager
def holding(*paths: Path) -> Iterator[int]:
    """Run a process that has files open for appending; yield its number."""
    argv = [sys.executable, "-c", HOLDS, *map(str, paths)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        try:
            yield process.pid
        finally:
            process.kill()


def looked(log: Log, pid: int) -> LogReport:
    """Return what the log of a process says, with what it writes elsewhere."""
    return log.look(components=(ComponentLog("web", "web", (str(log.path),), log.start, pid),))


@pytest.mark.parametrize("name", ["app.txt", "elsewhere/was-app.log", "a name with (deleted)"])
def test_a_log_that_was_renamed_is_read_under_its_new_name(log: Log, name: str) -> None:
    """The writer goes on in the old file, and the new one shows a quiet service."""
    other = log.path.parent / name
    other.parent.mkdir(exist_ok=True)
    log.write(log.line(10, "INFO up"), log.line(30, "ERROR boom"))
    with holding(log.path) as pid:
        log.path.rename(other)
        log.write(log.line(1, "INFO up"), log.line(55, "INFO served"))
        found = looked(log, pid)

    assert found.errors == 1
    assert found.findings[0].startswith(f"{other}: ")
    assert str(other) in found.files


def test_a_log_that_was_renamed_and_deleted_is_read(log: Log) -> None:
    """No name leads to it any more; the process has it open."""
    log.write(log.line(10, "INFO up"), log.line(30, "ERROR boom"))
    with holding(log.path) as pid:
        log.path.rename(log.path.with_name("x.txt")).unlink()
        log.write(log.line(1, "INFO up"), log.line(55, "INFO served"))

        assert looked(log, pid).errors == 1


@pytest.mark.parametrize("name", ["app-errors.log", "requests.txt", "../elsewhere/stderr"])
def test_a_file_beside_the_described_log_is_read(log: Log, name: str) -> None:
    """A library has a log of its own."""
    other = log.path.parent / name
    other.parent.mkdir(exist_ok=True)
    log.write(log.line(1, "INFO up"), log.line(55, "INFO served"))
    log.write(log.line(-9, "ERROR of before"), log.line(30, "ERROR boom"), name=name)
    with holding(log.path, other) as pid:
        found = looked(log, pid)

    assert found.errors == 1


@pytest.mark.parametrize("name", ["../data/events.txt", "app.pid", "store.json", "store.db-wal"])
def test_a_file_that_is_no_log_is_not_read(log: Log, name: str) -> None:
    """Data of a service may hold any word, wherever it lies."""
    other = log.path.parent / name
    other.parent.mkdir(exist_ok=True)
    log.write(log.line(1, "INFO up"), log.line(55, "INFO served"))
    log.write(log.line(30, "ERROR is what a user typed"), name=name)
    with holding(log.path, other) as pid:
        found = looked(log, pid)

    assert (found.errors, found.problem, found.files) == (0, "", (str(log.path),))


def test_a_quiet_file_beside_the_log_is_no_doubt(log: Log) -> None:
    """It began late, or is empty, or has no times: only errors in it would tell something."""
    log.write(log.line(1, "INFO up"), log.line(55, "INFO served"))
    names = ("late.log", "empty.log", "timeless.log")
    log.write(log.line(50, "INFO first request"), name=names[0])
    log.write(name=names[1])
    log.write("began\n", name=names[2])
    with holding(*(log.path.parent / name for name in names)) as pid:
        found = looked(log, pid)

    assert (found.errors, found.problem) == (0, "")
    assert found.seen > 55


def test_what_is_no_text_is_named(log: Log) -> None:
    """A store of keys calls its journal a log."""
    log.write(log.line(1, "INFO up"), log.line(55, "INFO served"))
    other = log.path.parent / "000003.log"
    other.write_bytes(b"\x00\x07ERROR\x01" * 40)
    with holding(log.path, other) as pid:
        found = looked(log, pid)

    assert (found.errors, found.problem, found.unread) == (0, "", (str(other),))


CONFIGURATION = """
[supervisord]
logfile={0}/supervisord.log
[program:web]
command=web
stdout_logfile={0}/web.log
redirect_stderr=true
[program:jobs]
command=jobs
stdout_logfile={0}/jobs.log
stderr_logfile={0}/jobs.err
"""


def managed(tmp_path: Path, unit: str, *held: str) -> set[str]:
    """Return the names of files that a supervisord with these open files writes for a unit."""
    text = CONFIGURATION.format(tmp_path)
    programs = supervisord.read("/main.conf", lambda _: text, lambda _: (), {})
    on = written.Host({one.pid: one for one in processes()}, os.getpid(), programs)
    for name in held:
        (tmp_path / name).write_text("x")
    with holding(*(tmp_path / name for name in held)) as pid:
        opened = written.opened(pid)
        named = written.named_for(on, unit)
        return {Path(each.name).name for each in written.of_manager(opened, named, unit)}


def test_the_manager_writes_for_its_programs(tmp_path: Path) -> None:
    """What belongs to nobody is the unit's whose own file is not open; others' never are."""
    usual = ("supervisord.log", "web.log", "jobs.log", "jobs.err", "web-stderr---sup-1.log")

    assert managed(tmp_path, "web", *usual) == {"web.log", "web-stderr---sup-1.log"}
    assert managed(tmp_path, "jobs", *usual) == {"jobs.log", "jobs.err"}
    assert managed(tmp_path, "jobs:jobs", *usual) == {"jobs.log", "jobs.err"}
    moved = ("supervisord.log", "renamed", "jobs.log", "jobs.err")
    assert managed(tmp_path, "web", *moved) == {"renamed"}
    assert managed(tmp_path, "jobs", *moved) == {"jobs.log", "jobs.err"}


@pytest.mark.parametrize("line", ["INFO of the release before", None])
def test_a_log_of_a_unit_that_says_nothing_is_clean(log: Log, line: str | None) -> None:
    """It is open where the unit's output goes, and nobody has touched it since the start."""
    log.write(*([log.line(-300, line)] if line else []))
    time.sleep(0.05)
    with holding(log.path) as pid:
        log.start = time.time()  # as the unit had begun just now
        quiet = looked(log, pid)
        log.path.chmod(0o600)  # as whoever empties it, or puts another in its place
        touched = looked(log, pid)

    assert (quiet.problem, quiet.errors, quiet.lines) == ("", 0, 0)
    assert touched.problem


@pytest.mark.parametrize("way", ["nobody has it open", "its output is thrown away"])
def test_silence_proves_nothing_where_nobody_would_hear(log: Log, way: str) -> None:
    """A log that no process of the unit writes is as quiet as one of a unit that is well."""
    log.write(log.line(-300, "INFO of before"))
    time.sleep(0.05)
    held = [log.path] if way != "nobody has it open" else []
    argv = [sys.executable, "-c", QUIET, *map(str, held)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        log.start = time.time()
        try:
            found = looked(log, process.pid)
        finally:
            process.kill()

    assert found.problem
