"""A drill that is ended in any phase, by anything: the same command goes on and recovers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.plugin.operator import HEEDING, REPOSITORY
from tests.plugin.village import Village

PATIENCE = 300.0


@pytest.fixture
def village(running: Village) -> Iterator[Village]:
    """The village with its current release bad."""
    running.embedded.break_("degraded")
    yield running
    running.reset()


def begun(village: Village, phase: str) -> bool:
    """Tell whether the drill that goes on has begun a change of this phase."""
    lines = [
        line
        for path in village.reports.glob("*/timeline.jsonl")
        for line in path.read_text().splitlines()
    ]
    events = [json.loads(line) for line in lines if line.endswith("}")]
    return any(event["event"] == "begin" and event["phase"] == phase for event in events)


def ended(village: Village, phase: str, number: int) -> tuple[int, str]:
    """Run the drill, end it by a signal once a phase has begun; return its code and words."""
    for path in village.reports.glob("*/timeline.jsonl"):
        path.unlink()
    command = [*HEEDING, sys.executable, "-m", "pytest", "suites/drill", "--arm=sandbox"]
    command += [
        f"--rollback-target={village.manifest}",
        "-o",
        f"rollback_reports={village.reports}",
    ]
    drill = subprocess.Popen(
        command,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    until = time.monotonic() + PATIENCE
    while not begun(village, phase) and drill.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert drill.poll() is None, drill.communicate()[0]
    # A terminal sends Ctrl-C to the whole group; the others are sent to one process.
    (os.killpg if number == signal.SIGINT else os.kill)(drill.pid, number)
    printed, _ = drill.communicate(timeout=PATIENCE)
    return drill.returncode, printed


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        ("isolate", signal.SIGINT),
        ("files", signal.SIGTERM),
        ("configuration", signal.SIGKILL),
        ("services", signal.SIGINT),
        ("services", signal.SIGHUP),
        ("validate", signal.SIGKILL),
    ],
    ids=lambda each: each.name if isinstance(each, signal.Signals) else each,
)
def test_the_same_command_goes_on(village: Village, phase: str, number: signal.Signals) -> None:
    """What was begun is finished or left to be resumed, and the way on is printed."""
    code, printed = ended(village, phase, number)
    assert begun(village, phase)
    if number == signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert (code, "NOT RECOVERED" in printed) == (2, True), printed
        assert re.search(
            r"^to resume: \S*pytest suites/drill --arm=sandbox", printed, re.MULTILINE
        ), printed
        assert "Traceback" not in printed, printed

    code, printed = village.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
