"""The thread that ticks: when it does, when it rests, and that nothing needs it."""

from __future__ import annotations

import os
import subprocess
import sys

import pyte
import pytest

from tests.plugin.terminal import Terminal

COMMAND = """
import sys, threading, time
from pytest_rollback.progress.activity import doing
from pytest_rollback.progress.ticker import TICKER
{before}
with TICKER.ticking(), doing("counts sheep"):
    time.sleep({seconds})
    print("done")
print("after")
"""
NO_THREAD = "threading.stack_size(1 << 46)  # more memory than there is: no thread can be started"


def carried_out(seconds: float, before: str = "", *words: str) -> tuple[str, str]:
    """Run a command in pipes; return what it printed, and its errors."""
    script = COMMAND.format(seconds=seconds, before=before)
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    return done.stdout, done.stderr


def test_a_silent_command_ticks_on_standard_error() -> None:
    """Soon for the first time, and every two seconds from then on."""
    out, errors = carried_out(4)

    assert out == "done\nafter\n"
    assert 2 <= errors.count("counts sheep\n") + errors.count(" s)\n") <= 4, errors


def test_what_ends_at_once_does_not_tick_in_a_pipe() -> None:
    """A tick stays there: beside a refusal it would be one more thing to read."""
    assert carried_out(0.05) == ("done\nafter\n", "")


@pytest.mark.parametrize("before", [NO_THREAD, "sys.stderr.close(); sys.stderr = None"])
def test_where_it_cannot_tick_nothing_is_missing(before: str) -> None:
    """No thread, or no standard error: what is done is done all the same."""
    assert carried_out(1, before) == ("done\nafter\n", "")


def test_help_is_no_work() -> None:
    """Whoever asks for it reads it alone."""
    assert carried_out(1, "", "--help") == ("done\nafter\n", "")


def test_it_rests_while_somebody_types_or_a_child_has_the_terminal() -> None:
    """A tick would stand in the words."""
    script = COMMAND.format(seconds=0, before="").replace(
        'print("done")', 'TICKER.rest(); print("asks"); time.sleep(2); print("done"); TICKER.wake()'
    )
    with Terminal("-c", script, TERM="xterm") as terminal:
        code, text = terminal.over()

    assert code == 0
    assert text.replace("\r\x1b[K", "").endswith("asks\ndone\nafter\n"), text
    assert "sheep" not in text.partition("asks")[2], text


PARENT = """
import sys
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.transport.interrupts import INTERRUPTS
with TICKER.ticking():
    code = INTERRUPTS.carried_out([sys.executable, "-c", sys.argv[1]], ".")
    print("ended with", code)
"""
CHILD = """
import sys, time
time.sleep(2)  # it imports
from pytest_rollback.progress.activity import doing
from pytest_rollback.progress.handover import taken_over
from pytest_rollback.progress.ticker import TICKER
taken_over()
TICKER.start(eager=True)
with doing("is at work itself"):
    time.sleep(2)
TICKER.stop()
print("mine")
sys.exit(5)
"""


def test_whoever_starts_a_child_ticks_until_it_does_so_itself() -> None:
    """One of them at a time, and nothing is left of either."""
    with Terminal("-c", PARENT, CHILD, TERM="xterm") as terminal:
        _, text = terminal.over()

    before, begun, after = text.partition("is at work itself")
    assert "starts the suites" in before, text
    assert begun, text
    assert "starts the suites" not in after, text
    assert shown(text) == ["mine", "ended with 5"]


def test_a_child_that_never_ticks_leaves_nothing_of_ours() -> None:
    """It ends before it could say anything."""
    with Terminal("-c", PARENT, "import time; time.sleep(2)", TERM="xterm") as terminal:
        _, text = terminal.over()

    assert "starts the suites" in text
    assert shown(text) == ["ended with 0"]


def shown(text: str) -> list[str]:
    """Return what stands on the terminal at the end."""
    screen = pyte.Screen(80, 24)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return [row.rstrip() for row in screen.display if row.strip()]


def test_a_terminal_that_is_gone_ends_no_command() -> None:
    """The thread ends, and nothing else does."""
    script = COMMAND.format(seconds=2, before="import signal; signal.signal(1, signal.SIG_IGN)")
    script = script.replace('print("done")', "pass").replace('print("after")', "sys.exit(7)")
    terminal = Terminal("-c", script, TERM="xterm")
    terminal.until("counts sheep")
    os.close(terminal.ours)

    assert terminal.process.wait(60) == 7
