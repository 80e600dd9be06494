"""A coordinator that is killed at any event: who is well is in service again, by its guard."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from pytest_rollback.extras.fleet.balancing.guard import is_at_work
from tests.fleet.inside import HostShop
from tests.fleet.proxy import Proxy
from tests.plugin.operator import HEEDING, REPOSITORY
from tests.unit.extras.fleet.test_haproxy import Backends

EVENTS = 20
"""More than a run over two hosts has."""

CONTROLLER = """
import os, signal, sys
from pathlib import Path
from pytest_rollback.extras.fleet import child, run_files
from pytest_rollback.extras.fleet.balancing.guard import FleetGuard
from pytest_rollback.extras.fleet.coordinator import Coordinator, Errand
from pytest_rollback.extras.fleet.child import ChildResult
from pytest_rollback.extras.fleet.judge import HostOutcome, planned
from pytest_rollback.extras.fleet.once.isolation import isolated
from pytest_rollback.extras.fleet.record import FleetRecord, HostRecord
from pytest_rollback.manifest.load import load
from tests.fleet.drill import words
home, event, kind, when = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
folder = home / "reports/run"
folder.mkdir(parents=True)
fleet = load(home / "rollback.toml").system.fleet
plan = planned(("h1", "h2"), "h1", (1,), 0)
record = FleetRecord(run="run", batches=2, hosts=[HostRecord(name) for name in plan.hosts])
seen = []
def note(line):
    seen.append(line)
    if len(seen) == event and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    run_files.keep(folder, record)
    if len(seen) == event:
        os.kill(os.getpid(), signal.SIGKILL)
at = Coordinator(fleet, plan, record, folder, note)
guard = FleetGuard(folder, home / "rollback.toml")
at.service.guarded = guard.ensure
settle = lambda _, place, code: child.result(place, code)
drill = Errand(lambda _, place: [sys.executable, *words(str(place), kind)], settle)
stops = Errand(lambda *_: ["sleep", "0.2"], lambda *_: ChildResult(HostOutcome.RECOVERED))
if sys.argv[5] == "rolls" or isolated(at, plan.hosts, stops):
    at.roll(drill)
guard.over()
"""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Return a HAProxy before two services, beside a rollback.toml that names it."""
    services = [Backends(), Backends()]
    with tempfile.TemporaryDirectory(prefix="lb-", ignore_cleanup_errors=True) as home:
        ports = [each.server_address[1] for each in services]
        lines = [f"server h{n} 127.0.0.1:{port}" for n, port in enumerate(ports, 1)]
        with Proxy(Path(home), lines, "check inter 100ms rise 1 fall 2") as up:
            document = HostShop(Path(home)).document()
            document["target"] = {"name": "corner", "connection": "ssh://root@h1"}
            about = {"balancer": up.api, "backend": "shop", "timeout": "10s"}
            document["fleet"] = {"hosts": ["h1", "h2"], "batches": [1], "quorum": 0, **about}
            (Path(home) / "rollback.toml").write_text(tomli_w.dumps(document))
            yield up
    for each in services:
        each.shutdown()


def killed(
    proxy: Proxy, event: int, kind: str, when: str = "after", way: str = "rolls"
) -> tuple[int, dict[str, Any]]:
    """Run a coordinator that is killed at an event; return its exit code, and the last record.

    Its `way`: it rolls, or stops all at once before.
    """
    proxy.until({"h1": "UP", "h2": "UP"})
    words = [str(proxy.home), str(event), kind, when, way]
    command = [*HEEDING, sys.executable, "-c", CONTROLLER, *words]
    code = subprocess.run(command, cwd=REPOSITORY, check=False).returncode
    folder = proxy.home / "reports/run"
    end = time.monotonic() + 60
    while is_at_work(folder):
        assert time.monotonic() < end, (folder / "guard.txt").read_text()
        time.sleep(0.1)
    path = folder / "fleet.json"
    record: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"hosts": []}
    folder.rename(proxy.home / f"{kind}-{event}-{when}-{way}")
    return code, record


@pytest.mark.long
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["ends", "heeds"])
def test_who_is_well_is_back_whenever_it_is_killed(proxy: Proxy, kind: str, when: str) -> None:
    """A rollback that comes to its end is well; one that was cut short keeps its host out."""
    for event in range(1, EVENTS):
        code, record = killed(proxy, event, kind, when)
        out = {each["name"] for each in record["hosts"] if each["outcome"] == "lost"}
        states = {name: proxy.states[name] for name in ("h1", "h2")}
        assert states == {n: "MAINT" if n in out else "UP" for n in states}, (event, record)
        if kind == "ends" or not any(each["begun"] for each in record["hosts"]):
            assert not out, (event, record)
        for each in out:
            proxy.asked(f"set server shop/{each} state ready")
        if code == 0:
            break
        assert code == -signal.SIGKILL
        if record["hosts"] and any(each["out"] for each in record["hosts"]):
            assert record["guard"], (event, record)
            assert record["finished"]
    assert code == 0
    assert event > 10


@pytest.mark.long
def test_who_was_stopped_stays_out_whenever_it_is_killed(proxy: Proxy) -> None:
    """Until it is rolled back; who was not touched yet is back."""
    for event in range(1, EVENTS):
        code, record = killed(proxy, event, "ends", way="stops")
        stopped = {
            each["name"]
            for each in record["hosts"]
            if each["isolated"] and each["outcome"] != "recovered"
        }
        proxy.until({n: "MAINT" if n in stopped else "UP" for n in ("h1", "h2")})
        kinds = {each["outcome"] for each in record["hosts"] if each["name"] in stopped}
        assert kinds <= {"isolated"}, (event, record)
        for each in stopped:
            proxy.asked(f"set server shop/{each} state ready")
        if code == 0:
            break
    assert (code, event > 10) == (0, True)


def test_the_guard_says_what_it_did(proxy: Proxy) -> None:
    """Killed while a host is out and nothing was begun: it is back, and fleet.json says by whom."""
    code, record = killed(proxy, 5, "ends")
    assert (code, proxy.states["h1"]) == (-signal.SIGKILL, "UP")
    assert record["stopped"] == "the controller was killed"
    assert "h1: brought back, never begun" in record["guard"]
    assert record["sentence"].startswith("NOT RECOVERED: 2 never begun of 2")
