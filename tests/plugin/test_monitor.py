"""The monitor on a shop that was just rolled back: steady, each defect turns one criterion red."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.shape import criteria
from tests.architecture.sources import sources
from tests.plugin.operator import FINE, HEEDING, REPOSITORY
from tests.plugin.reopened import Reopened
from tests.plugin.terminal import Terminal

Reds = set[tuple[str, str | None]]
SOON = {"soak": "8s", "interval": "100ms", "in_a_row": 1000}


class Watched(Reopened):
    """The shop, described so that it is watched for seconds only."""

    def document(self) -> dict[str, Any]:
        """Return the description of a shop that is watched for seconds."""
        return {**super().document(), "monitor": SOON, "logs": {"window": "2s"}}


@pytest.fixture(scope="module")
def running() -> Iterator[Watched]:
    """A shop that was just rolled back, for all tests of this file, with a baseline."""
    shop = Watched(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    shop.baseline()
    yield shop
    shop.down()


@pytest.fixture
def shop(running: Watched) -> Iterator[Watched]:
    """The same shop, well again after the test."""
    yield running
    running.describe()
    running.control("start", "all")
    running.forget()
    shutil.rmtree(running.reports, ignore_errors=True)


def monitored(shop: Watched, *words: str) -> tuple[int, str, dict[str, Any]]:
    """Run the suite; return its exit code, what it printed, and its record."""
    code, printed = shop.pytest("suites/monitor", *words)
    assert "report: " in printed, printed
    return code, printed, shop.record()


def reds(record: dict[str, Any]) -> Reds:
    """Return what was not met, for whom."""
    rows = record["criteria"]
    return {(c["id"], c["component"]) for c in rows if c["outcome"] not in FINE}


def restart(shop: Watched) -> None:
    """Restart the web unit as soon as samples are taken."""

    def wait() -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until and not seen(shop):
            time.sleep(0.05)
        shop.control("restart", "shop-web")

    threading.Thread(target=wait, daemon=True).start()


DEFECTS: dict[str, tuple[Callable[[Watched], object], str | None]] = {
    "monitor.health.steady": (lambda s: s.switch("web.flaky"), "web"),
    "monitor.latency.steady": (lambda s: s.switch("web.slow"), "web"),
    "monitor.restarts.none": (restart, "web"),
    "monitor.logs.clean": (lambda s: s.switch("web.grumble"), "web"),
    "monitor.requests.steady": (lambda s: s.probe("web-order", body="superb"), "web"),
    "monitor.users.served": (lambda s: s.page.write_text("maintenance"), None),
}
ALSO: dict[str, Reds] = {
    # What may follow: who asks while a unit starts again gets no answer.
    "monitor.restarts.none": {
        ("monitor.health.steady", "web"),
        ("monitor.requests.steady", "web"),
        ("monitor.latency.steady", "web"),
        ("monitor.users.served", None),
    },
}


def test_a_system_that_is_right_is_steady(shop: Watched) -> None:
    """Every criterion is met; few round trips, and the report has every response time."""
    code, printed, record = monitored(shop)
    samples = {c["evidence"]["samples"] for c in record["criteria"]}

    assert (code, record["verdict"], reds(record)) == (0, "STEADY", set()), printed
    assert record["round_trips"] == max(samples) + 3  # units before, logs after, the heading
    assert {each["probe"] for each in record["latency"]} == {
        "web",
        "web-order",
        "till",
        "till-order",
    }
    assert sum("s left: " in line for line in printed.splitlines()) == 1


def test_every_criterion_has_a_defect() -> None:
    """A criterion that nobody has seen red fails here."""
    ours = {path: text for path, text in sources().items() if path.startswith("suites/monitor/")}

    assert set(DEFECTS) == {identity for _, identity in criteria(ours)}


@pytest.mark.parametrize("identity", sorted(DEFECTS))
def test_a_defect_turns_its_criterion_red(shop: Watched, identity: str) -> None:
    """One defect turns one criterion red, for one component, with a hint."""
    spoil, component = DEFECTS[identity]
    spoil(shop)
    code, printed, record = monitored(shop)
    found = reds(record)

    assert (code, record["verdict"]) == (1, "NOT STEADY"), printed
    assert (identity, component) in found, printed
    assert found <= {(identity, component)} | ALSO.get(identity, set()), printed
    (row,) = [c for c in record["criteria"] if (c["id"], c["component"]) == (identity, component)]
    assert (row["outcome"], bool(row["findings"]), bool(row["hint"])) == ("not met", True, True)


def test_what_is_tolerated_is_steady(shop: Watched) -> None:
    """A share of wrong answers that the description allows for."""
    shop.describe(monitor={**SOON, "tolerated": "30%"})
    shop.switch("web.flaky")
    code, printed, record = monitored(shop)

    assert (code, record["verdict"]) == (0, "STEADY"), printed
    assert "answers wrong" in str(record["criteria"])


def test_bad_samples_in_a_row_end_it_early(shop: Watched) -> None:
    """Red where it failed; what was not watched to its end is inconclusive."""
    shop.describe(monitor={"soak": "10m", "interval": "100ms", "in_a_row": 2})
    shop.control("stop", "shop-till")
    started = time.monotonic()
    code, printed, record = monitored(shop)
    outcomes = {(c["id"], c["component"]): c["outcome"] for c in record["criteria"]}

    assert time.monotonic() - started < 300
    assert code == 1
    assert outcomes["monitor.health.steady", "till"] == "not met"
    assert outcomes["monitor.health.steady", "web"] == "inconclusive"
    assert "ended by 2 bad samples in a row" in printed


def test_a_shorter_soak_proves_nothing(shop: Watched) -> None:
    """Nor does one in which nobody could look."""
    code, printed, record = monitored(shop, "--soak=100ms")

    assert (code, record["verdict"]) == (10, "INCONCLUSIVE")
    assert "of 0m08s" in printed


def test_a_faster_clock_is_told(shop: Watched) -> None:
    """A quarter of an hour in seconds proves nothing of a real system, and that is said."""
    shop.describe(monitor={"interval": "20s"}, logs={"window": "5m"})
    code, printed, record = monitored(shop, "--soak=15m", "-o", "rollback_soak_scale=150")

    assert (code, record["verdict"]) == (10, "INCONCLUSIVE"), printed
    assert "with a clock 150 times faster than real time" in " ".join(printed.split())
    assert "ran 150 times faster than real time: a demonstration" in " ".join(printed.split())


def command(shop: Watched, *words: str) -> list[str]:
    """Return the command that watches a shop."""
    where = (f"--rollback-target={shop.manifest}", "-o", f"rollback_reports={shop.reports}")
    return [sys.executable, "-m", "pytest", "suites/monitor", *where, *words]


def test_ctrl_c_gives_an_honest_verdict(shop: Watched) -> None:
    """What was seen counts, and it was too short."""
    shop.describe(monitor={"soak": "15m", "interval": "100ms"})
    watching = subprocess.Popen(
        [*HEEDING, *command(shop)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while time.monotonic() < until and not seen(shop):
        time.sleep(0.1)
    os.killpg(watching.pid, signal.SIGINT)
    printed, _ = watching.communicate(timeout=120)

    assert watching.returncode == 10, printed
    assert "INCONCLUSIVE" in printed
    assert "of 15m00s: the run was stopped" in printed
    assert "Traceback" not in printed


def seen(shop: Watched) -> bool:
    """Tell whether two samples have been taken."""
    lines = [path.read_text() for path in shop.reports.glob("*/timeline.jsonl")]
    return "".join(lines).count('"sample"') >= 2


def test_a_terminal_shows_a_live_line(shop: Watched) -> None:
    """Rewritten with each sample, and followed by the verdict."""
    with Terminal(*command(shop)[1:]) as terminal:
        code, printed = terminal.over()

    assert code == 0, printed
    assert printed.count("\r0m0") >= 2
    assert "left: 2 samples, 0 bad" in printed
    assert "STEADY" in printed
