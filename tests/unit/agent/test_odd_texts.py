"""Logs, scripts and unit files that are written oddly are read as their programs read them."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.configuration import formats
from pytest_rollback.agent.configuration.units import verify
from pytest_rollback.agent.messages.logs import ComponentLog, LogsRequest
from pytest_rollback.agent.messages.rollback.snapshot import LoggedComponent
from pytest_rollback.agent.observe.logs import findings, inspection, journald, log_file
from pytest_rollback.agent.observe.logs.reading import read, stamp
from pytest_rollback.agent.rollback import export
from tests.unit.agent.observe.logs.test_inspection import ERRORS, Log
from tests.unit.agent.rollback.test_export import Host
from tests.unit.support.apart import ROOT_ONLY, elsewhere, somebody

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A journalctl on PATH, which tells what it is given."""

    def tells(*told: dict[str, Any]) -> None:
        lines = "\n".join(json.dumps(each) for each in told)
        (tmp_path / "journalctl").write_text(f"#!/bin/sh\ncat <<'end'\n{lines}\nend\n")
        (tmp_path / "journalctl").chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tells


def entry(when: float, message: object, **more: object) -> dict[str, Any]:
    """Return an entry as journalctl tells it."""
    return {"__REALTIME_TIMESTAMP": str(int(when * 1e6)), "MESSAGE": message, **more}


def test_messages_come_as_text_bytes_or_several(journal: Callable[..., None]) -> None:
    """What is no UTF-8 is a list of numbers, what was sent twice a list of texts."""
    now = time.time()
    journal(entry(now, [72, 105, 255]), entry(now, ["one", [116, 119, 111]]), entry(now, None))
    found = journald.entries("web", now - 60, 5.0)

    assert sorted(each.text for each in found.entries) == ["", "Hi\udcff", "one\ntwo"]


@ROOT_ONLY
def test_who_may_not_read_a_journal_is_told_what_may_be_missing(
    open_tree: Any,  # noqa: ANN401 - a tree that everybody may enter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An empty answer may mean missing rights as well as silence; root has all of them."""
    tool = open_tree.write("journalctl", "#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{open_tree.root}:/usr/bin:/bin")
    asked = (ComponentLog("web", "web", ("journal",), time.time() - 60),)
    request = LogsRequest(asked, ERRORS, (), window=300.0, timeout=5.0)
    told = []
    for context in (somebody, contextlib.nullcontext):
        with context():
            told.append(inspection.look(request).components["web"].hint)

    assert told[0] == f"journalctl -u web -n 20; {journald.RIGHTS}"
    assert told[1] == "journalctl -u web -n 20"


def test_a_journal_is_handed_over_with_times_and_priorities(
    journal: Callable[..., None], tmp_path: Path
) -> None:
    """In order, up to the asked end; files beyond the most are left out."""
    host = Host(tmp_path)
    journal(
        entry(host.now + 4000, "too late", PRIORITY="6"),
        entry(host.now + 1.5, "second", PRIORITY="3", _PID="7"),
        entry(host.now + 1.25, "first", PRIORITY="6", _PID="7"),
    )
    for number in range(export.FILES + 2):
        (host.run / f"snapshot/logs/{number:04}.log").write_text("x")
    found = host.look(component=LoggedComponent("web", "shop-web", ("journal",)))
    first, second = found.logs["web"].splitlines()

    assert first.endswith("Z shop-web[7] <6> first")
    assert second.endswith("Z shop-web[7] <3> second")
    assert first < second
    assert len(found.snapshot) == export.FILES


def test_a_packed_log_is_read_as_far_as_memory_and_time_allow() -> None:
    """Of a very long one its end is kept; one that takes too long is an error, and not cut."""
    line = b"no time here\n"
    content = io.BytesIO(gzip.compress(line * (3 * log_file.BLOCK // len(line))))
    with gzip.open(content) as packed:
        kept, end = log_file.forwards(
            packed, "web.log.gz", 0.0, log_file.BLOCK, time.monotonic() + 60
        )
    assert end == log_file.CUT
    assert 0 < len(kept) <= log_file.BLOCK
    assert kept.endswith(line)

    content.seek(0)
    with gzip.open(content) as packed, pytest.raises(OSError, match="takes too long to decompress"):
        log_file.forwards(packed, "web.log.gz", 0.0, log_file.BLOCK, time.monotonic() - 1)


def test_an_error_inside_a_traceback_is_told_from_its_beginning(tmp_path: Path) -> None:
    """What matches may be the last line of what belongs together."""
    log = Log(tmp_path / "web.log")
    body = "Traceback (most recent call last):\n  File 'a.py', line 1\nValueError: FATAL no port\n"
    log.write(log.line(1, "request failed"), body, log.line(2, "up"))
    found = log.look(errors="FATAL").findings
    lines = list(map(read, ["2026-01-01T00:00:00Z x", "  one", "  two FATAL"]))

    assert len(found) == 1
    assert "FATAL no port" in found[0]
    assert findings.around(lines, 2, {2}) == (0, 2)


def test_a_day_that_is_still_to_come_was_last_year() -> None:
    """A time without a year is the latest one that is not to come, on every day of the year."""
    this = time.localtime().tm_year
    for named in ("Jan  1 00:00:00", "Dec 31 23:59:59"):
        found = stamp(f"{named} host app[1]: up")
        assert found is not None
        assert found <= time.time() + 86400 + 1
        assert time.localtime(found).tm_year in {this, this - 1}
    ahead = time.time() + 40 * 86400
    found = stamp(time.strftime("%b %e %H:%M:%S host app[1]: up", time.localtime(ahead)))

    assert found is not None
    assert found < time.time()
    assert time.localtime(found).tm_year == time.localtime(ahead).tm_year - 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ExecStart=/bin/true\n", "has no [Service]"),
        ("[Service]\nExecStart=/bin/sh \\\n  -c x\n", None),
        ("[Service]\n\n; words\nExecStart=/bin/sh\n  goes on\n", None),
        ("[Service]\nExecStart=/bin/sh \\", None),
        ("[Service]\nwords\n", "[Service] has no ExecStart"),
    ],
)
def test_lines_of_a_unit_file_go_on_and_belong_to_sections(
    tmp_path: Path, text: str, told: str | None
) -> None:
    """A backslash joins a line with the next, also where there is none."""
    path = tmp_path / "a.service"
    path.write_text(text)

    assert formats.problem(str(path), ".backup") == told


def test_words_of_the_verifier_about_other_files_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words of systemd about other files are nobody's here; where all is well there are none."""
    tool = tmp_path / "systemd-analyze"
    (tmp_path / "a.service").write_text("[Service]\nExecStart=/bin/true\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    content = {"a.service": (tmp_path / "a.service").read_bytes()}
    tool.write_text("#!/bin/sh\nexit 0\n")
    tool.chmod(0o755)
    assert verify.analysed("systemd-analyze", content) == {}
    tool.write_text(
        "#!/bin/sh\necho 'other.service:3: Unknown key: secret' >&2\n"
        "echo 'a.service:2: Missing: secret' >&2\n"
        "echo 'Unit a.service has a bad unit file setting.' >&2\nexit 1\n"
    )

    assert verify.analysed("systemd-analyze", content) == {"a.service": "line 2: Missing"}


@ROOT_ONLY
def test_where_there_is_no_proc_a_start_is_as_its_manager_says(tmp_path: Path) -> None:
    """To the second, and no better."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    since = float(int(time.time()) - 1)
    with elsewhere(tmp_path):
        assert inspection.began(process.pid, since) == since
    process.communicate(b"\n")
