"""What a log says of before a start, told apart by where it ended: also what has no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.logs import ComponentLog, LogReport, LogsRequest
from pytest_rollback.agent.observe.logs import inspection, offsets

TRACEBACK = "Traceback (most recent call last):\n  File 'x.py', line 1\nImportError: of before\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log whose last lines are a traceback."""
    path = tmp_path / "unit.log"
    path.write_text("2020-01-01 00:00:00 INFO began\n" + TRACEBACK)
    return path


def marked(tmp_path: Path, log: Path) -> str:
    """Keep where the log ends; return the state directory."""
    state = str(tmp_path / "state")
    offsets.keep(state, str(log), offsets.taken(str(log)))
    return state


def grown(log: Path, text: str) -> None:
    """Have a unit write to its log."""
    with log.open("a") as file:
        file.write(text)


def line(words: str) -> str:
    """Return a line of now."""
    return time.strftime("%Y-%m-%d %H:%M:%S ") + words + "\n"


def looked(log: Path, state: str, since: float) -> LogReport:
    """Return what is said of the log."""
    asked = (ComponentLog("web", "web", (str(log),), since),)
    request = LogsRequest(asked, "ERROR|Traceback", (), window=300.0, timeout=10.0, state=state)
    return inspection.look(request).components["web"]


def test_a_traceback_of_before_the_start_does_not_count(tmp_path: Path, log: Path) -> None:
    """The failed release's last words are not the restored one's; without a mark they are."""
    since = time.time() - 1
    state = marked(tmp_path, log)
    grown(log, line("INFO began"))

    assert looked(log, state, since).errors == 0
    assert looked(log, str(tmp_path / "nowhere"), since).errors == 1


def test_a_traceback_of_after_the_start_counts(tmp_path: Path, log: Path) -> None:
    """Dated or not, above or below the first line that has a time."""
    since = time.time() - 1
    state = marked(tmp_path, log)
    grown(log, TRACEBACK + line("INFO began") + TRACEBACK)

    assert looked(log, state, since).errors == 2


def test_a_log_without_times_is_judged_from_its_mark(tmp_path: Path, log: Path) -> None:
    """What was written since is clean, or it is not; before the mark it could not be told."""
    log.write_text("began\n" + TRACEBACK)
    since = time.time() - 1
    state = marked(tmp_path, log)
    grown(log, "began again\n")
    assert (looked(log, state, since).errors, looked(log, state, since).problem) == (0, "")

    grown(log, TRACEBACK)
    assert looked(log, state, since).errors == 1


@pytest.mark.parametrize("how", ["emptied", "another file"])
def test_a_mark_that_does_not_fit_hides_nothing(tmp_path: Path, log: Path, how: str) -> None:
    """A log that was emptied and grew again, or was rotated away, counts as a whole."""
    since = time.time() - 1
    state = marked(tmp_path, log)
    if how == "another file":
        log.rename(tmp_path / "elsewhere")
    log.write_text(line("ERROR hidden") + line("INFO padding") * 50)

    assert looked(log, state, since).errors == 1


def test_a_journal_has_no_mark(tmp_path: Path) -> None:
    """Neither a journal nor a missing file is marked, and nothing is made for it."""
    state = str(tmp_path / "state")
    for path in ("journal", str(tmp_path / "missing.log")):
        offsets.keep(state, path, offsets.taken(path))
        assert offsets.marked(state, path) == offsets.LogMark()
    assert not Path(state).exists()
