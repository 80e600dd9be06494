"""What a run leaves: the host's part of it as well, no secret, and a killed one made whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.evidence import seal
from tests.plugin.operator import REPOSITORY
from tests.plugin.shop import Shop
from tests.unit.support.run_folder import call

PARTIAL_PROOF = 10
"""The exit code of a bundle that is only consistent in itself."""

SECRET = "hunter2-and-more"  # noqa: S105 - nobody's


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop with a secret file, which says the secret in its log."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    (shop.root / ".env").write_text(f"TILL_PASSWORD={SECRET}\n")
    (shop.root / "till.json").write_text('{"api_token": "abc-123-def", "port": 1}\n')
    document = shop.document()
    document["system"]["secrets"] = [".env"]
    shop.describe(system=document["system"], configuration={"files": [".env", "till.json"]})
    with (shop.home / "till.log").open("a") as log:
        log.write(f"2026-01-01T00:00:00Z of another time\n{stamp()} password is {SECRET}\n")
    yield shop
    shop.down()


def stamp() -> str:
    """Return now as a log writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def last(shop: Shop) -> Path:
    """Return the folder of the latest run."""
    return max(each for each in shop.reports.iterdir() if each.is_dir())


def verify(shop: Shop, *words: str) -> tuple[int, str]:
    """Verify, or rebuild, the latest run."""
    where = ("--rollback-target", str(shop.manifest))
    command = "report rebuild" if "--rebuild" in words else "report verify"
    rest = [each for each in words if each != "--rebuild"]
    return call(command, str(last(shop)), *where, *rest)


def killed(shop: Shop) -> None:
    """Begin a drill and kill it once it has changed something."""
    words = [sys.executable, "-m", "pytest", "suites/drill", "--arm=corner"]
    where = [f"--rollback-target={shop.manifest}", "-o", f"rollback_reports={shop.reports}"]
    known = set(shop.reports.glob("*"))
    process = subprocess.Popen([*words, *where], cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    for _ in range(1200):
        fresh = [each for each in set(shop.reports.glob("*")) - known if each.is_dir()]
        lines = [path for each in fresh for path in each.glob("timeline.jsonl")]
        if any('"event": "took"' in path.read_text() for path in lines):
            break
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_drill_leaves_the_hosts_part_as_well(shop: Shop) -> None:
    """Journals that hold together, snapshot and logs without what is secret, the plan, a seal."""
    code, printed = shop.pytest("suites/drill", "--arm=corner")
    folder = last(shop)
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert (code, "sealed: " in printed) == (0, True), printed
    assert {"plan.txt", "host/journals/changes", "host/snapshot/units.json"} <= there
    assert {"host/logs/web.log", "host/logs/till.log", "SHA256SUMS", "seals.jsonl"} <= there
    assert "host/snapshot/configuration/.env" not in there
    assert "stop shop-web" in (folder / "plan.txt").read_text()
    log = (folder / "host/logs/till.log").read_text()
    assert ("password is ***" in log, "of another time" in log) == (True, False)
    assert "abc-123-def" not in (folder / "host/snapshot/configuration/till.json").read_text()
    assert '"port": 1' in (folder / "host/snapshot/configuration/till.json").read_text()
    assert [p for p in folder.rglob("*") if p.is_file() and SECRET.encode() in p.read_bytes()] == []
    record = json.loads((folder / "report.json").read_text())
    assert record["evidence"]["withheld"] == ["configuration/.env"]
    assert record["evidence"]["journal"] in (folder / "report.html").read_text()
    assert verify(shop, "--host")[0] == 0


def test_a_journal_of_another_host_is_found(shop: Shop) -> None:
    """What the folder holds is held against what the host has."""
    shop.broken_again()
    shop.pytest("suites/drill", "--arm=corner")
    run = next(each for each in shop.state.glob("runs/*") if each.name == last(shop).name)
    (run / "changes").rename(run / "gone")
    code, printed = verify(shop, "--host")
    (run / "gone").rename(run / "changes")

    assert (code, "not on the host" in printed) == (1, True), printed


def test_a_killed_run_is_rebuilt(shop: Shop) -> None:
    """From its timeline and the host: no verdict that was not proven, and then it verifies."""
    shop.broken_again()
    killed(shop)
    folder = last(shop)
    assert not (folder / "report.json").exists()
    code, printed = verify(shop)
    assert (code, "rollback report rebuild " in printed) == (4, True), printed

    assert verify(shop, "--rebuild")[0] == 0
    record = json.loads((folder / "report.json").read_text())
    assert record["verdict"] == "NOT RECOVERED"
    assert any("the run was killed" in each for each in record["reasons"])
    assert [each.split(" by ")[0] for each in record["afterwards"]] == ["rebuilt"]
    assert (folder / "host/journals/changes").is_file()
    assert verify(shop, "--host")[0] == 0


def test_a_bundle_that_was_made_anew_is_not_the_one_that_the_host_knows(shop: Shop) -> None:
    """Its verdict turned, every seal made again: the state directory still has the first one."""
    shop.pytest("suites/readiness", "-k", "test_a_baseline_is_stored")
    folder = last(shop)
    code, printed = verify(shop, "--host")
    assert (code, "as the host's " in printed) == (0, True), printed
    assert verify(shop)[0] == PARTIAL_PROOF

    record = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps({**record, "verdict": "READY"}))
    (folder / "seals.jsonl").unlink()
    seal.close(folder, "the run ended")
    code, printed = verify(shop, "--host")
    assert (code, "begins with another seal than the state directory" in printed) == (1, True)
