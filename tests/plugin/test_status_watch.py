"""A run that somebody else carries out is watched: on a terminal, in a pipe, until it is over."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.state.runs import BeginRequest, EndRequest
from pytest_rollback.agent.state import lock, runs
from pytest_rollback.agent.state.progress import STEPS
from pytest_rollback.cli.standing.status_watch import PHASE_OF
from pytest_rollback.evidence.events import ActionBegun, ChangeBegun, Decided, HostTaken
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.run.command_line.drawing import news
from tests.plugin.operator import HEEDING, REPOSITORY
from tests.plugin.shop import Shop
from tests.plugin.terminal import CTRL_C, Terminal
from tests.plugin.test_ticks import seen


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that is described, and whose rollback is held by this process."""
    found = Shop(tmp_path)
    found.root.mkdir()
    found.describe()
    me = Holder.here("r1", "ann")
    runs.begin(BeginRequest(str(found.state), me.run, me.by, me.process, "corner"))
    journaled(found, "snapshot", "snapshot done")
    return found


def journaled(shop: Shop, *events: str) -> None:
    """Write events into the run's journal, as the agent does."""
    with lock.working(Location(str(shop.root), str(shop.state), ".prev", "r1")) as work:
        for event in events:
            work.journal.add(event)


def ended(shop: Shop, outcome: str) -> None:
    """End the run."""
    runs.end(EndRequest(str(shop.state), "r1", outcome))


def words(shop: Shop, *more: str) -> list[str]:
    """Return the command."""
    return ["scripts/rollback", "status", f"--rollback-target={shop.manifest}", "--watch", *more]


def watched(shop: Shop) -> Terminal:
    """Return a terminal that watches, on which reports of this test lie."""
    return Terminal(*words(shop), TERM="xterm", ROLLBACK_REPORTS=str(shop.reports))


@pytest.fixture
def pipe(shop: Shop) -> Iterator[subprocess.Popen[str]]:
    """The same in a pipe."""
    process = subprocess.Popen(
        [*HEEDING, sys.executable, *words(shop)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(("outcome", "code"), [("recovered", 0), ("failed", 1)])
def test_it_ends_as_the_run_ends(shop: Shop, outcome: str, code: int) -> None:
    """Drawn in place: at the end each step stands there once, with what comes next."""
    with watched(shop) as terminal:
        terminal.until("next  isolate components")
        journaled(shop, "stop", "stop done", "guard on")
        terminal.until("begun  set the start guard")
        ended(shop, outcome)
        found, text = terminal.over()

    rows = seen(text)
    assert found == code, text
    assert rows[0] == f"run r1 on corner: {outcome}", rows
    assert sum("isolate components" in row for row in rows) == 1, rows
    assert any(row.startswith("next: ") for row in rows), rows


def test_a_timeline_on_this_machine_says_more(shop: Shop) -> None:
    """The phase's own clock, its budget, what is left, and the change that is under way."""
    timeline = Timeline(shop.reports / "session")
    timeline.note(HostTaken(run="r1"))
    timeline.note(Decided())
    timeline.note(ActionBegun("isolate components", "isolate"))
    timeline.note(ChangeBegun("isolate components", "isolate", "stop shop-till", "it runs"))

    with watched(shop) as terminal:
        text = terminal.until("stop shop-till")
        ended(shop, "recovered")
        terminal.over()

    # at once, or a second later
    assert re.search(r"of 3m00s, 1(5m00|4m5\d)s left: stop shop-till", text), text


def test_ctrl_c_ends_the_watch_and_not_the_run(shop: Shop) -> None:
    """One line, on a terminal that is left clean."""
    with watched(shop) as terminal:
        terminal.until("next  isolate components")
        terminal.type(CTRL_C)
        code, text = terminal.over()

    assert (code, seen(text)[-1]) == (2, "watched no longer; the run r1 goes on without you")
    ended(shop, "recovered")


def test_a_pipe_gets_a_line_when_something_changed(shop: Shop, pipe: subprocess.Popen[str]) -> None:
    """Not one for each look."""
    assert pipe.stdout
    first = pipe.stdout.readline()
    while "save the state" not in first:
        first = pipe.stdout.readline()
    journaled(shop, "stop", "stop done", "guard on")
    second = pipe.stdout.readline()
    ended(shop, "recovered")
    rest, _ = pipe.communicate(timeout=60)

    assert "isolate" in second, (first, second)
    assert "set the start guard" in second, (first, second)
    assert rest.startswith("run r1 on corner: recovered"), rest
    assert pipe.returncode == 0
    assert "\x1b" not in first + second + rest


def test_nothing_to_watch_is_said(tmp_path: Path) -> None:
    """Also where no run was ever begun."""
    shop = Shop(tmp_path)
    shop.root.mkdir()
    shop.describe()

    code, printed = shop.rollback("status", "--watch")

    assert (code, printed) == (0, "no rollback has been started on corner\n")


def test_the_passing_of_time_is_no_news() -> None:
    """But another phase is, and another change."""
    line = "0m{}s files 0m0{}s of 7m00s, 14m{}s left: {}"
    assert news(line.format(41, 1, 19, "restore")) == news(line.format(43, 3, 17, "restore"))
    assert news(line.format(41, 1, 19, "restore")) != news(line.format(43, 3, 17, "move"))


def test_every_step_has_its_phase() -> None:
    """Those that journals know."""
    assert set(PHASE_OF) == {step.name for step in STEPS}
