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
from pathlib import Path

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


def ended(village: Village, phase: str, *numbers: int) -> tuple[int, str]:
    """Run the drill, end it by signals once a phase has begun; return its code and words."""
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
    for number in numbers:
        # A terminal sends Ctrl-C to the whole group; the others are sent to one process.
        (os.killpg if number == signal.SIGINT else os.kill)(drill.pid, number)
        time.sleep(0.3)
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
        assert not re.search("Traceback|KeyboardInterrupt|--full-trace", printed), printed

    code, printed = village.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in " in printed) == (0, True), printed


INT, TERM = signal.SIGINT, signal.SIGTERM


@pytest.mark.parametrize(
    ("phase", "numbers"),
    [
        ("isolate", (TERM, INT)),
        ("files", (INT, INT)),
        ("configuration", (INT, INT, INT)),
        ("services", (INT, INT)),
        ("validate", (INT, INT)),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(one.name for one in each),
)
def test_who_insists_gets_the_prompt_and_the_state(
    village: Village, phase: str, numbers: tuple[signal.Signals, ...]
) -> None:
    """A second signal ends at once: nothing is green, and the host's record agrees."""
    code, printed = ended(village, phase, *numbers)

    assert (code, "Traceback" in printed) == (2, False), printed
    assert "NOT RECOVERED" in printed, printed
    if len(numbers) == 2:  # a third one does not wait for what the host says
        assert re.search(r"^(stopped|up): ", printed, re.MULTILINE), printed
    assert "the maintenance page is" in " ".join(printed.split()), printed
    assert "to resume: " in printed, printed
    assert village.record()["verdict"] == "NOT RECOVERED"
    code, said = village.rollback("status")
    assert (code, said.split()[1]) == (0, "interrupted"), said
    code, printed = village.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in " in printed) == (0, True), printed


LATE = """
import os, signal, sys
from pytest_rollback.transport.interrupts import INTERRUPTS
class Late:
    def __del__(self):  # runs while Python exits, with its own handlers taken down already
        os.kill(os.getpid(), signal.SIGINT)
late = Late()
INTERRUPTS.heed()
sys.exit(14)
"""


def test_a_signal_that_comes_while_it_exits_does_not_change_the_exit_code() -> None:
    """Python takes its handlers down before it is gone: what comes then would end it as killed."""
    ended = subprocess.run(
        [*HEEDING, sys.executable, "-c", LATE], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (14, "")


def whole(village: Village, sign: str, delay: float, *numbers: int) -> tuple[int, str]:
    """Run scripts/rollback, send it signals once it prints a sign; return its code and words."""
    where = f"--rollback-target={village.manifest}"
    process = subprocess.Popen(
        [*HEEDING, sys.executable, "-u", "scripts/rollback", "now", where, "--arm=sandbox"],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "80", "ROLLBACK_REPORTS": str(village.reports)},
        start_new_session=True,
    )
    assert process.stdout is not None
    said = ""
    while sign not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    time.sleep(delay)
    for number in numbers:
        os.kill(process.pid, number)
        time.sleep(0.2)
    rest, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said + rest


def stands(village: Village) -> tuple[object, ...]:
    """Tell all that a rollback changes: release, states of units, files of tree, units and page.

    Health is left out: at the first look, components of the bad release are still starting.
    """
    status = village.embedded.status()
    states = {name: unit.state for name, unit in status.units.items()}
    layout = village.embedded.site.layout
    files = {
        str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for place in (layout.root, layout.units, layout.www)
        for path in place.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    return status.running, status.release, states, files


@pytest.mark.parametrize(
    ("numbers", "delay"), [("INT", 0.0), ("INT INT", 0.6), ("TERM INT", 1.2), ("HUP", 2.4)]
)
def test_who_stops_the_look_changes_nothing(village: Village, numbers: str, delay: float) -> None:
    """One process is told, once or twice, while the suites begin or look: nothing goes on."""
    before = stands(village)
    began = time.monotonic()
    sent = [signal.Signals[f"SIG{each}"] for each in numbers.split()]
    code, printed = whole(village, "target sandbox", delay, *sent)

    demand_one_message(code, printed)
    assert time.monotonic() - began < PATIENCE / 10
    assert stands(village) == before
    assert not list(village.state.glob("runs/*/lease.json"))


def demand_one_message(code: int, printed: str) -> None:
    """See that a command which was stopped says once that it changed nothing, and what is next."""
    words = " ".join(printed.split())
    assert (code, words.count("nothing was changed")) == (2, 1), printed
    assert re.search(r"(HINT|next): \S*rollback now --\S*target=\S+ --arm=sandbox", words), printed
    assert not re.search("Traceback|KeyboardInterrupt|--full-trace", printed), printed


def test_who_stops_it_once_the_plan_is_shown_changes_nothing(village: Village) -> None:
    """The target's name was given, so that nobody is asked: the signal comes as the plan's end."""
    before = stands(village)
    code, printed = whole(village, "the plan: nothing was changed", 0.0, signal.SIGINT)

    demand_one_message(code, printed.replace("the plan: nothing was changed", ""))
    assert stands(village) == before


BEGUN = """
import sys
from pathlib import Path
from pytest_rollback.cli.suites import run_suites
from pytest_rollback.transport.interrupts import INTERRUPTS
INTERRUPTS.heed()
INTERRUPTS.heard += sys.argv[1:]
sys.exit(run_suites("x", Path("reports"), "rollback drill --target=x"))
"""
"""A command that begins its suites, or does not begin them after a signal."""

ENDED = """
import os, signal
from pytest_rollback.transport.interrupts import INTERRUPTS
INTERRUPTS.heed(starting=True)
os.kill(os.getpid(), signal.SIGINT)
"""
"""Stands for pytest: a session that is ended before it asks anything."""


@pytest.mark.parametrize("heard", [(), ("SIGINT",)])
def test_who_stops_a_command_before_its_suites_ask_anything(
    tmp_path: Path, heard: tuple[str, ...]
) -> None:
    """Before they are started as well: one message, with the command."""
    (tmp_path / "pytest.py").write_text(ENDED)
    done = subprocess.run(
        [*HEEDING, sys.executable, "-c", BEGUN, *heard],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (2, ""), done
    assert re.fullmatch(
        r"interrupted: nothing was changed\nHINT: \S*rollback drill --target=x\n", done.stdout
    ), done


@pytest.mark.parametrize("numbers", ["INT", "TERM TERM"])
def test_who_stops_the_script_stops_the_drill(village: Village, numbers: str) -> None:
    """What is printed at the end is the script's own command."""
    sent = [signal.Signals[f"SIG{each}"] for each in numbers.split()]
    code, printed = whole(village, "s services ", 0.0, *sent)

    assert (code, "NOT RECOVERED" in printed, "Traceback" in printed) == (2, True, False), printed
    assert re.search(r"^to resume: \S*rollback now .*--arm=sandbox", printed, re.MULTILINE)
    code, said = village.rollback("status")
    assert (code, said.split()[1]) == (0, "interrupted"), said
    code, printed = village.rollback("now", "--arm=sandbox")
    assert (code, "RECOVERED by rollback in " in printed) == (0, True), printed
