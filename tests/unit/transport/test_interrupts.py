"""What a process does about signals: each moment has its own answer to the first and the second."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from pytest_rollback.errors import Unreachable
from pytest_rollback.transport.interrupts import ENDING, Interrupts


@pytest.fixture
def heard() -> Iterator[Interrupts]:
    """Signals are heeded, and afterwards treated as before."""
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    found = Interrupts()
    restore = found.heed()
    yield found
    restore()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("number", ENDING)
def test_the_first_ends_at_once_where_nothing_is_changed(heard: Interrupts, number: int) -> None:
    """The name of the signal is known; a second one breaks nothing off that ends already."""
    with pytest.raises(KeyboardInterrupt, match=signal.Signals(number).name):
        signal.raise_signal(number)

    signal.raise_signal(number)
    assert heard.twice


def test_a_change_is_waited_for(heard: Interrupts) -> None:
    """It ends, then the process does; before that nothing else is begun."""
    with heard.deferred():
        signal.raise_signal(signal.SIGINT)
        heard.stop_here()
        assert not heard.raised
    with pytest.raises(KeyboardInterrupt):
        heard.stop_here()
    with pytest.raises(KeyboardInterrupt):  # whoever has caught it begins nothing new either
        heard.stop_here()


def test_a_second_one_does_not_wait_for_the_host(heard: Interrupts) -> None:
    """What the host was asked goes on there."""
    with heard.deferred(), heard.waiting():
        signal.raise_signal(signal.SIGTERM)
        assert not heard.raised
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert heard.raised


def test_what_is_written_at_the_end_is_written(heard: Interrupts) -> None:
    """Only waiting for a host is given up, as an error that the end can cope with."""
    heard.ending()
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    heard.stop_here()
    with heard.waiting(), pytest.raises(Unreachable, match="another signal came"):
        signal.raise_signal(signal.SIGINT)
    assert not heard.raised


def test_the_state_of_the_host_is_worth_a_moment(heard: Interrupts) -> None:
    """Two signals do not keep it from being asked; a third one does."""
    heard.ending()
    signal.raise_signal(signal.SIGINT)
    with heard.patient(), heard.waiting():
        signal.raise_signal(signal.SIGINT)
        assert heard.twice
        with pytest.raises(Unreachable):
            signal.raise_signal(signal.SIGINT)


def test_other_threads_are_not_ended(heard: Interrupts) -> None:
    """They have requests of their own, which nobody interrupts."""
    with heard.deferred():
        signal.raise_signal(signal.SIGINT)
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(str(heard.stop_here())))
    thread.start()
    thread.join()

    assert said == ["None"]


def test_what_nohup_ignores_stays_ignored() -> None:
    """Whoever started the drill with nohup closes the terminal and expects it to go on."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        Interrupts().heed()()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


CHILD = """
import signal, sys, time
time.sleep(0.5)
heard = []
signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
print(len(heard), flush=True)
sys.exit(7)
"""
PARENT = """
import os, signal, sys, threading
from pytest_rollback.transport.interrupts import INTERRUPTS, NotBegun
INTERRUPTS.heed()
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
code = INTERRUPTS.carried_out([sys.executable, "-c", sys.argv[1]], ".")
try:
    INTERRUPTS.carried_out(["false"], ".")
except NotBegun:
    print(code, "not begun", INTERRUPTS.heard)
"""


def test_a_command_gets_each_signal_once_and_not_too_early() -> None:
    """One that comes while it starts is held for it; after a signal no command is begun."""
    done = subprocess.run(
        ["env", "--default-signal=INT,HUP,TERM", sys.executable, "-c", PARENT, CHILD],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines() == ["1", "7 not begun ['SIGTERM']"], done


LEFT = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("ended", flush=True) or exit(0))
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
print("begun", flush=True)
time.sleep(60)
print("went on", flush=True)
"""


def test_a_command_does_not_go_on_without_who_started_it() -> None:
    """Killed at once, the one that shows what happens is gone: the other ends in order."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.replace("threading.Timer", "# "), LEFT],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "begun\n"
        parent.kill()

        assert parent.stdout.read() == "ended\n"
