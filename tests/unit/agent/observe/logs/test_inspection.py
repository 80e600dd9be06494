"""Errors in log files since a unit's start: which count, which do not, and when nobody can tell."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import os
import random
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.messages.logs import (
    ComponentLog,
    KnownNoise,
    LogReport,
    LogsRequest,
)
from pytest_rollback.agent.observe.logs import inspection, log_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ERRORS = r"\b(ERROR|CRITICAL|FATAL)\b|Traceback \(most recent call last\)"


class Log:
    """A log file of a unit that started a minute ago."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = time.time()
        self.start = self.now - 60.0

    def line(self, seconds: float, text: str) -> str:
        """Return a line that was written so many seconds after the start."""
        when = dt.datetime.fromtimestamp(self.start + seconds, dt.UTC)
        return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z {text}\n"

    def write(self, *lines: str, name: str = "", old: bool = False) -> Path:
        """Write a file beside the log, or the log itself."""
        path = self.path.parent / name if name else self.path
        packers: dict[str, Callable[..., bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress}
        path.write_bytes(packers.get(path.suffix, bytes)("".join(lines).encode()))
        if old:
            os.utime(path, (self.start - 9, self.start - 9))
        return path

    def look(self, *, is_up: bool = True, **more: Any) -> LogReport:  # noqa: ANN401 - any field
        """Return what the log says."""
        asked = ComponentLog("web", "shop-web", (str(self.path),), self.start if is_up else None)
        request = LogsRequest((asked,), ERRORS, (), window=300.0, timeout=10.0)
        return inspection.look(request._replace(**more)).components["web"]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """A log of its own directory."""
    return Log(tmp_path / "web.log")


def test_a_clean_log_says_how_much_it_has_seen(log: Log) -> None:
    """Lines of before the start are not counted, nor is the error among them."""
    log.write(log.line(-5, "ERROR the incident"), log.line(1, "INFO up"), log.line(2, "INFO ok"))
    found = log.look()

    assert (found.problem, found.errors, found.findings) == ("", 0, ())
    assert found.lines == 2
    assert 59 < found.seen < 70


def test_an_error_since_the_start_is_found_with_its_line(log: Log) -> None:
    """By its text, once."""
    log.write(log.line(1, "INFO up"), log.line(2, "ERROR boom"))
    found = log.look()

    assert found.errors == 1
    assert found.findings[0].endswith("ERROR boom")


def test_the_window_is_not_longer_than_asked_for(log: Log) -> None:
    """A unit that has been up for long is looked at for `window` seconds."""
    log.write(log.line(1, "ERROR old"), log.line(55, "INFO ok"))

    assert log.look().errors == 1
    assert log.look(window=10.0).errors == 0


def test_a_traceback_is_one_finding(log: Log) -> None:
    """With the line above it when that is an error, and its end is shown."""
    trace = (
        "Traceback (most recent call last):\n  File 'x.py', line 1\n    ERROR()\nValueError: no\n"
    )
    chain = "\nDuring handling of the above exception, another exception occurred:\n\n"
    log.write(
        log.line(1, "ERROR request failed"),
        trace + chain + trace.replace("no", "worse"),
        log.line(2, "INFO served"),
        trace,
        log.line(3, "ERROR last"),
    )
    found = log.look().findings

    assert len(found) == 3
    assert "request failed" in found[0]
    assert found[0].endswith("ValueError: worse")
    assert found[1].endswith("ValueError: no")
    assert "served" not in found[1]


def test_the_traceback_of_an_old_error_is_old(log: Log) -> None:
    """Lines without a time are as old as the one above; a restart makes them no younger."""
    trace = "Traceback (most recent call last):\n  File 'x.py', line 1\nValueError: no\n"
    log.write(log.line(-1, "ERROR request failed"), trace, log.line(1, "INFO up"))

    assert log.look().errors == 0


def test_an_error_of_unknown_time_counts_until_a_later_line_proves_it_old(log: Log) -> None:
    """What a new process prints before its first log line is its own."""
    log.write(log.line(-1, "INFO stopping"), "ERROR: cannot bind\n", log.line(1, "INFO up"))
    assert log.look().findings == ("ERROR: cannot bind",)

    log.write(log.line(-3, "INFO x"), "ERROR: old\n", log.line(-1, "INFO"), log.line(1, "INFO up"))
    assert log.look().errors == 0


def test_whole_seconds_have_the_benefit_of_no_doubt(log: Log) -> None:
    """A time without a fraction may be of any part of its second."""
    log.start = float(int(log.start)) + 0.5
    stamp = log.line(-0.5, "").partition(".")[0]
    log.write(f"{stamp}Z ERROR boom\n", log.line(1, "INFO up"))

    assert log.look().errors == 1


def test_known_noise_does_not_count_until_its_day_is_over(log: Log) -> None:
    """It is counted aside; expired noise is a finding that says whose it was."""
    log.write(log.line(1, "ERROR cache is cold"), log.line(2, "ERROR boom"))
    today = dt.datetime.now(dt.UTC).date()
    noise = KnownNoise("cache is cold", "ann", str(today))
    yesterday = str(today - dt.timedelta(days=1))
    valid = log.look(noise=(noise,))
    over = log.look(noise=(noise._replace(until=yesterday),))

    assert (valid.errors, valid.noise) == (1, 1)
    assert (over.errors, over.noise) == (2, 0)
    assert "noise entry of ann" in over.findings[0]


def test_a_finding_is_one_short_line(log: Log) -> None:
    """However long the lines are, its beginning and its end are seen."""
    log.write(log.line(1, "ERROR " + "x" * 5000), "  more\n" * 50, "End: y\n")
    (found,) = log.look().findings

    assert len(found) <= 300
    assert found.endswith("End: y")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "nothing was written"),
        ([(-9, "INFO stopped")], "no line in the"),
        ([(1, "INFO up"), (7200, "INFO from the future")], "ahead of this host's clock"),
    ],
)
def test_a_log_that_says_nothing_is_no_clean_log(
    log: Log, lines: list[tuple[float, str]], said: str
) -> None:
    """Silence, and times that cannot be right, prove nothing."""
    log.write(*(log.line(*each) for each in lines))
    found = log.look()

    assert said in found.problem
    assert found.hint


def test_a_log_in_another_zone_is_told_from_a_silent_one(log: Log) -> None:
    """It was written to just now, and its newest line is hours old."""
    log.write(log.line(-3600, "INFO up"))

    assert "check the time zone" in log.look().problem


@pytest.mark.parametrize("kind", ["missing", "directory", "fifo"])
def test_a_log_that_cannot_be_read_proves_nothing(log: Log, kind: str) -> None:
    """Missing or no file: a problem, and no waiting."""
    if kind == "directory":
        log.path.mkdir()
    if kind == "fifo":
        os.mkfifo(log.path)
    found = log.look()

    assert str(log.path) in found.problem
    assert "correct log of component web" in found.hint


def test_a_unit_that_does_not_run_has_no_log_to_look_at(log: Log) -> None:
    """Without a start there is no window."""
    assert "is not running" in log.look(is_up=False).problem


def test_a_log_without_times_is_clean_when_all_of_it_is(log: Log) -> None:
    """An error in it may be of any time: nothing is concluded then."""
    log.write("listening\n", "served\n")
    assert log.look().problem == ""

    log.write("listening\n", "ERROR boom\n")
    found = log.look()
    assert "no known timestamps" in found.problem
    assert found.errors == 0

    log.write("listening\n", old=True)
    assert "nothing was written" in log.look().problem


@pytest.mark.parametrize("name", ["web.log.1", "web.log.1.gz", "web.log-20261124", "web.log.2.bz2"])
def test_what_was_rotated_away_since_the_start_is_looked_at(log: Log, name: str) -> None:
    """Compressed or not; files that were written last before the start are not."""
    log.write(log.line(-1, "ERROR old"), log.line(5, "ERROR rotated"), name=name)
    log.write(log.line(-9, "ERROR older"), name="web.log.3", old=True)
    log.write(log.line(6, "INFO ok"))
    log.write(log.line(6, "ERROR of somebody else"), name="web.logger")
    found = log.look()

    assert [line.rpartition(" ")[2] for line in found.findings] == ["rotated"]
    assert [path.rpartition("/")[2] for path in found.files] == ["web.log", name]


def test_a_traceback_is_one_finding_across_a_rotation(log: Log) -> None:
    """What began in the rotated file goes on in the new one."""
    log.write(log.line(1, "ERROR boom"), "Traceback (most recent call last):\n", name="web.log.1")
    log.write("  File 'x.py', line 1\n", "ValueError: no\n", log.line(2, "INFO ok"))

    (found,) = log.look().findings
    assert "boom" in found
    assert found.endswith("ValueError: no")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("web.log.1.zst", b"x", "cannot be read here"), ("web.log.1.gz", b"x" * 40, "gzip")],
)
def test_a_rotated_file_that_cannot_be_read_proves_nothing(
    log: Log, name: str, content: bytes, said: str
) -> None:
    """An unknown or damaged compression is a problem, not an empty file."""
    log.path.with_name(name).write_bytes(content)
    log.write(log.line(1, "INFO ok"))

    assert said in log.look().problem


def test_lines_out_of_order_are_all_seen(log: Log) -> None:
    """Each line counts by its own time."""
    lines = [log.line(at / 100, "INFO x" * 9) for at in range(-3000, 5000)]
    lines += [log.line(at, "ERROR new") for at in range(1, 40)]
    lines += [log.line(-at / 2, "ERROR old") for at in range(1, 40)]
    random.Random(7).shuffle(lines)  # noqa: S311 - the same order in every run
    log.write(*lines)
    found = log.look()

    assert found.errors == 39
    assert all("new" in line for line in found.findings)


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_only_the_end_of_a_long_log_is_read(log: Log, packed: str) -> None:
    """The bytes looked at do not grow with the file, and the count is exact at the edge."""
    old = [log.line(at / 1000, "INFO " + "y" * 90) for at in range(-60000, 0)]
    new = [log.line(at / 100, "INFO " + "z" * 90) for at in range(1, 501)]
    if packed:
        log.write(*old, *new[:250], name=f"web.log.1{packed}")
        log.write(*new[250:])
    else:
        log.write(*old, *new)
    found = log.look()

    assert found.lines == 500
    assert found.bytes < 3 * log_file.BLOCK


def test_a_log_that_says_too_much_is_not_seen_whole(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the most that is read there may be anything; errors that were seen still count."""
    monkeypatch.setattr(log_file, "MOST", 1 << 16)
    log.write(*(log.line(at / 100, "INFO " + "y" * 90) for at in range(4000)))
    found = log.look()

    assert "were read" in found.problem
    assert found.seen < 50


def test_a_start_in_whole_seconds_is_made_exact() -> None:
    """A manager may tell whole seconds; the kernel knows better, while the process is there."""
    before = time.time()
    with subprocess.Popen(["sleep", "60"]) as process:
        found = inspection.began(process.pid, float(int(before)))
        process.kill()

    assert before - 0.02 <= found <= time.time()
    assert inspection.began(process.pid, float(int(before))) == int(before)
    assert inspection.began(os.getpid(), 5.0) == 5.0


def test_bytes_that_are_no_text_are_lines_like_others(log: Log) -> None:
    """A log need not be UTF-8."""
    log.path.write_bytes(log.line(1, "ERROR \xff").encode("latin-1") + b"\x00\xfe\n")

    assert log.look().errors == 1
