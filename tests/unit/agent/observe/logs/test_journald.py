"""The journal: a real journald in a mount namespace of its own, and a journalctl that fails."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.messages.logs import ComponentLog, LogReport, LogsRequest
from pytest_rollback.agent.observe.logs import inspection, journald
from pytest_rollback.agent.protocol import decode

JOURNALD = "/lib/systemd/systemd-journald"
TALK = """
import json, socket, sys, time
entries = json.loads(sys.argv[1])
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for _ in range(250):
    try:
        peer.connect("/run/systemd/journal/socket")
        break
    except OSError:
        time.sleep(0.02)
for text, priority, unit in entries:
    raw = text.encode("latin-1")
    head = b"MESSAGE\\n" + len(raw).to_bytes(8, "little") + raw
    peer.send(head + f"\\nPRIORITY={priority}\\nOBJECT_SYSTEMD_UNIT={unit}.service\\n".encode())
"""
ASK = """
import json, sys
from pytest_rollback.agent.messages.logs import LogsRequest
from pytest_rollback.agent.observe.logs import inspection
from pytest_rollback.agent.protocol import decode
request = decode(LogsRequest, json.loads(sys.argv[1]))
print(json.dumps(inspection.look(request).components["web"]))
"""
SCRIPT = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
{journald} 2>/dev/null & journald=$!
{python} -c "$TALK" "$ENTRIES"
journalctl --sync
{python} -c "$ASK" "$QUESTION"
kill $journald
"""
ERRORS = r"\b(ERROR|CRITICAL|FATAL)\b|Traceback \(most recent call last\)"


def question(since: float, timeout: float = 5.0) -> LogsRequest:
    """Return the request about one unit's journal."""
    asked = (ComponentLog("web", "shop-web", ("journal",), since),)
    return LogsRequest(asked, ERRORS, (), window=300.0, timeout=timeout)


needs_journald = pytest.mark.skipif(
    os.geteuid() != 0 or not Path(JOURNALD).exists() or shutil.which("unshare") is None,
    reason="a journald of one's own needs root, systemd and mount namespaces",
)


def told(*entries: tuple[str, int, str]) -> LogReport:
    """Return what is found in the journal of a journald that was told these entries."""
    script = SCRIPT.format(journald=JOURNALD, python=sys.executable)
    done = subprocess.run(
        ["unshare", "-m", "bash", "-c", script],
        env={
            **os.environ,
            "TALK": TALK,
            "ASK": ASK,
            "ENTRIES": json.dumps(entries),
            "QUESTION": json.dumps(question(time.time() - 30)),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return decode(LogReport, json.loads(done.stdout))


@needs_journald
def test_errors_are_found_by_priority_and_by_text() -> None:
    """Services that print get priority info; one that says err need not say ERROR."""
    found = told(
        ("up and running", 6, "shop-web"),
        ("printed ERROR", 6, "shop-web"),
        ("disk is gone", 3, "shop-web"),
        ("a warning", 4, "shop-web"),
        ("ERROR of somebody else", 3, "shop-till"),
    )

    assert found.findings == ("printed ERROR", "disk is gone")
    assert (found.lines, found.problem) == (4, "")
    assert found.seen > 29


def test_the_stream_of_a_process_is_told_by_its_inode() -> None:
    """Who writes elsewhere after systemd has started it is not read, whatever its variable says."""
    here, there = socket.socketpair()
    with here, there:
        made = os.fstat(here.fileno())
        told = {**os.environ, "JOURNAL_STREAM": f"{made.st_dev}:{made.st_ino}"}
        ways = {
            "out": {"stdout": here, "env": told},
            "error": {"stderr": here, "env": told},
            "neither": {"env": told},
            "not told": {"stdout": here},
        }
        found = {}
        for name, way in ways.items():
            more: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(["sleep", "60"], **{**more, **way})
            while not Path(f"/proc/{process.pid}/environ").read_bytes():
                time.sleep(0.01)  # it is about to be another program
            found[name] = journald.is_read(process.pid)
            process.kill()
            process.wait()
        found["gone"] = journald.is_read(process.pid)

    silent = {"neither": False, "not told": False, "gone": False}
    assert found == {"out": True, "error": True, **silent}


@needs_journald
def test_a_traceback_line_by_line_is_one_finding() -> None:
    """Each line of it is an entry of its own there; bytes that are no text do no harm."""
    trace = ("Traceback (most recent call last):", "  File 'x.py', line 1", "ValueError: caf\xe9")
    found = told(
        ("ERROR request failed", 6, "shop-web"),
        *((line, 6, "shop-web") for line in trace),
        ("two lines\nERROR in one entry", 6, "shop-web"),
        ("x" * 9000 + " ERROR", 6, "shop-web"),
    )

    assert len(found.findings) == 3
    assert found.findings[0].startswith("ERROR request failed … ValueError: caf")


@needs_journald
def test_a_unit_that_said_nothing_proves_nothing() -> None:
    """Silence has a problem and a hint."""
    found = told(("ERROR of somebody else", 3, "shop-till"))

    assert "the journal has no line of shop-web" in found.problem
    assert "journalctl -u shop-web" in found.hint


@pytest.fixture
def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journalctl on PATH that does what a test writes."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "journalctl"


def does(journalctl: Path, script: str) -> LogReport:
    """Return what is found when journalctl does this."""
    journalctl.write_text(f"#!/bin/sh\n{script}\n")
    journalctl.chmod(0o755)
    return inspection.look(question(time.time() - 30, timeout=1.0)).components["web"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sleep 60", "no answer in 1 s"),
        ("echo 'No journal files were found.' >&2; exit 1", "No journal files were found"),
        ("echo not json", "has no line of shop-web"),
    ],
)
def test_a_journal_that_cannot_be_read_proves_nothing(
    journalctl: Path, script: str, said: str
) -> None:
    """A hang, a failure and nonsense are problems, not clean logs."""
    found = does(journalctl, script)

    assert said in found.problem
    assert found.hint


def test_a_host_without_a_journal_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And which key of rollback.toml to correct."""
    monkeypatch.setattr("pytest_rollback.agent.system.command.PLACES", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    found = inspection.look(question(time.time() - 30)).components["web"]

    assert "no journalctl" in found.problem
    assert "log of this component" in found.hint


def entry(when: float, text: str, pid: int = 7) -> str:
    """Return one entry as journalctl prints it."""
    stamp = str(int(when * 1e6))
    found = {"__REALTIME_TIMESTAMP": stamp, "PRIORITY": "6", "_PID": str(pid), "MESSAGE": text}
    return json.dumps(found)


def test_the_managers_own_words_do_not_break_the_silence(journalctl: Path) -> None:
    """'Started shop-web' is said by systemd, of the unit."""
    said = entry(time.time(), "Started shop-web", pid=1)

    assert "has no line" in does(journalctl, f"echo '{said}'").problem


def test_entries_before_the_start_are_left_out(journalctl: Path) -> None:
    """Journalctl takes whole seconds only."""
    now = time.time()
    lines = [entry(now, "up"), entry(now - 31, "ERROR old")]

    assert does(journalctl, "\n".join(f"echo '{line}'" for line in lines)).findings == ()


def test_a_journal_that_says_too_much_is_not_seen_whole(
    journalctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is cut off is the oldest, and that is said."""
    monkeypatch.setattr(journald, "MOST", 400)
    now = time.time()
    lines = [entry(now - at, f"line {at}") for at in range(30)]
    found = does(journalctl, "\n".join(f"echo '{line}'" for line in lines))

    assert "were read" in found.problem
    assert found.seen < 10
