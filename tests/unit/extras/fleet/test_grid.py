"""The grid of a run: who is in which phase, in 79 columns, and what a terminal cannot hold."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence.events import ActionBegun, Decided
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.extras.fleet import run_files
from pytest_rollback.extras.fleet.grid import grid, told, watch
from pytest_rollback.extras.fleet.judge import HostOutcome
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord, conclude
from pytest_rollback.extras.fleet.views.page import page, shortened
from pytest_rollback.recovery.lock_holder import Holder

LONG = "a-host-with-a-name-that-is-longer-than-any-column.example.org"


def run(folder: Path, **more: HostRecord) -> FleetRecord:
    """Return a run of which one host is in its second phase, with its timeline."""
    now = dt.datetime.now(dt.UTC).isoformat()
    hosts = [
        HostRecord("web1", outcome=HostOutcome.RECOVERED, begun=now, out=now, back=now),
        HostRecord("web2", begun=now, out=now),
        HostRecord("web3", outcome=HostOutcome.FAILED, drained="left drained: failed", out=now),
        HostRecord(LONG),
        *more.values(),
    ]
    record = FleetRecord(
        run="20261201-040000-abcd",
        operator="ann",
        target="corner",
        started=now,
        batches=3,
        begun=2,
        process=Holder.here("r", "ann").process,
        hosts=hosts,
    )
    place = folder / run_files.place(record, "web2") / "reports/run"
    place.mkdir(parents=True)
    timeline = Timeline(place)
    for each in (
        Decided(),
        ActionBegun("isolate components", "isolate"),
        ActionBegun("restore files", "files"),
    ):
        timeline.note(each)
    run_files.write(folder, record)
    return record


def test_each_host_has_a_mark_for_each_phase(tmp_path: Path) -> None:
    """Failures first, then who is under way; the last phase reached is the one at work."""
    record = run(tmp_path)
    lines = [*grid(tmp_path, record)]
    assert max(map(len, lines)) <= 79
    assert lines[0] == "run 20261201-040000-abcd over corner by ann: batch 2 of 3"
    assert lines[1].split() == ["host", "prep", "isol", "file", "conf", "serv", "vali", "state"]
    assert lines[2].split()[0] == "web3"
    assert lines[2].endswith("failed, out of service")
    assert lines[3].split()[:7] == ["web2", "-", "ok", "..", "-", "-", "-"]
    assert lines[3].endswith("0m00s files")
    assert lines[-1] == "1 recovered, 1 under way, 1 failed, 1 never begun"
    assert told(tmp_path, record).partition(" ")[2].startswith("batch 2 of 3: web2 files; ")


def test_what_a_terminal_cannot_hold_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failed ones are never among it, as long as there is room for them."""
    monkeypatch.setenv("LINES", "12")
    more = {f"n{number}": HostRecord(f"n{number}") for number in range(96)}
    lines = [*grid(tmp_path, run(tmp_path, **more))]
    assert len(lines) == 12 - 5 + 3
    assert lines[-2] == "and 94 more: 93 never begun, 1 recovered"


def test_a_run_that_is_over_is_shown_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the exit code that it had; without a run there is nothing to watch."""
    with pytest.raises(UsageError, match="no run over corner"):
        watch(tmp_path, "corner")
    folder = tmp_path / "20261201-040000-abcd"
    folder.mkdir()
    record = run(folder)
    for host in record.hosts:
        host.outcome, host.drained = HostOutcome.RECOVERED, ""
    conclude(record)
    record.finished = record.started
    run_files.write(folder, record)
    assert watch(tmp_path, "corner") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "RECOVERED 4 of 4"


def test_a_run_whose_process_is_gone_is_over(tmp_path: Path) -> None:
    """Nobody concluded it, and nobody will: that is no good end."""
    folder = tmp_path / "20261201-040000-abcd"
    folder.mkdir()
    record = run(folder)
    assert record.process
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    record.process = record.process._replace(pid=child)
    run_files.write(folder, record)
    assert watch(tmp_path, "corner") == 1


def test_the_page_says_who_failed_where_and_names_hosts_shortly(tmp_path: Path) -> None:
    """Phases of a host stand beside each other; a domain that all have is left out."""
    record = run(tmp_path)
    record.hosts = [HostRecord(f"web{n}.shop.example") for n in range(3)]
    record.hosts[1].outcome, record.hosts[1].failed_in = HostOutcome.FAILED, "files"
    record.hosts[1].phases = {"prepare": 3.2, "isolate": 61.0, "files": 2.0}
    record.hosts[1].why = "motto.txt differs"
    record.hosts[1].report = "hosts/002-web1/report.html"
    conclude(record)
    text = page(record)
    assert "<span>NOT RECOVERED</span>" in text
    assert "web1.shop.example: motto.txt differs" in text
    assert '<a href="hosts/002-web1/report.html">web1</a>' in text
    row = text[text.index('title="web1.shop.example"') :].partition("</tr>")[0]
    assert [each in row for each in ("0m03s", "1m01s", "failed</span>")] == [True] * 3
    assert "configuration</th>" not in text  # nobody came so far
    assert shortened(["10.0.0.1", "11.0.0.1"]) == {"10.0.0.1": "10.0.0.1", "11.0.0.1": "11.0.0.1"}
    assert "NOT FINISHED" in page(run(tmp_path / "other"))
