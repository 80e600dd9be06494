"""Signals that end a run: the first one at the next safe point, a second one at once.

A safe point is every moment but those in which a change of a host is under way. A process has one
set of signals, so that there is one `INTERRUPTS`; only the main thread ever hears of them.

::

    starting   nothing was asked yet: a signal ends the process with one line
    running    the first one raises KeyboardInterrupt, after the change that is under way
    ending     what is written now is written to its end; only waiting for a host is given up
    exiting    nothing: the exit code is fixed
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

from pytest_rollback.errors import Unreachable
from pytest_rollback.progress.activity import doing
from pytest_rollback.progress.handover import IS_CHILD
from pytest_rollback.progress.ticker import TICKER

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Handlers = dict[signal.Signals, Any]
"""What `signal.signal` has returned for each."""

CODE = 2
"""The exit code of whoever was ended by one of them, as pytest has it for Ctrl-C."""

PR_SET_PDEATHSIG = 1
"""Of `linux/prctl.h`: the signal that a process gets when its parent has ended."""

UNCHANGED = b"interrupted: nothing was changed\nHINT: run the same command again\n"

BEFORE = 130
"""The exit code of a child of ours that was ended before it asked anything: we say so."""


class Interrupted(KeyboardInterrupt):
    """A signal ended what was under way. pytest prints it by its name, without a path."""


Interrupted.__module__ = "builtins"  # as a traceback names what everybody knows


class NotBegun(Interrupted):
    """A signal came before a command had asked anything, and nobody has said so yet."""


class Interrupts:
    """What was heard, and what it does now. Call `heed` to have it do anything."""

    def __init__(self) -> None:
        self.anew()

    def anew(self) -> None:
        """Forget what an earlier session of the same process heard."""
        self.heard: list[str] = []
        self.raised = False
        self._deferred = 0
        self._enough = 2
        self._ending = self._waiting = False
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def twice(self) -> bool:
        """Whether somebody insisted: nothing is waited for any more."""
        return len(self.heard) > 1

    def heed(self, *, starting: bool = False) -> Callable[[], None]:
        """Act upon signals from now on, but upon those that are ignored: nohup wants that.

        Args:
            starting: nothing is to be said or undone yet: end the process at once.

        Returns:
            what has the process act as before.
        """
        self.anew()
        before: Handlers = {}
        act = _exit if starting else self._act
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                with contextlib.suppress(ValueError):  # not the main thread: no business of ours
                    before[number] = signal.signal(number, act)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)  # whoever started us may have held them
        atexit.unregister(_deaf)
        atexit.register(_deaf, act)
        return lambda: _restore(before)

    def _act(self, number: int, _frame: object) -> None:
        self.heard.append(signal.Signals(number).name)
        if self._child is not None:
            self._child.send_signal(number)
        elif self._waiting and len(self.heard) >= self._enough:
            self._waiting = False
            if self._ending:
                raise Unreachable("not waited for: another signal came", hint="see the host")
            self._raise()
        elif not (self._deferred or self._ending or self.raised):
            self._raise()

    def _raise(self) -> None:
        self.raised = True
        raise Interrupted(self.heard[0])

    def stop_here(self) -> None:
        """End here if that was asked for: nothing new is begun."""
        if self.heard and not (self._ending or self._deferred) and _is_main():
            self._raise()

    @contextlib.contextmanager
    def deferred(self) -> Iterator[None]:
        """Let what changes a host come to its end; call `stop_here` after it."""
        self._deferred += 1
        try:
            yield
        finally:
            self._deferred -= 1

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for an answer of a host, which a second signal gives up."""
        self._waiting = _is_main()
        try:
            yield
        finally:
            self._waiting = False

    @contextlib.contextmanager
    def patient(self) -> Iterator[None]:
        """Have one signal more give up waiting: what is left on the host is worth a moment."""
        self._enough = max(3, len(self.heard) + 1)
        try:
            yield
        finally:
            self._enough = 2

    def ending(self) -> None:
        """Begin the end: nothing that is written from now on is broken off."""
        self._ending = True

    def carried_out(self, command: list[str], cwd: str | os.PathLike[str]) -> int:
        """Run a command that heeds signals itself; return its exit code.

        It is in a process group of its own: what a terminal sends to ours is passed on, once.

        Raises:
            NotBegun: a signal came before it had asked anything.
        """
        if self.heard:
            raise NotBegun(self.heard[0])
        with doing("starts the suites"), TICKER.lent() as handover:
            # Held until it heeds them: before that they would end it with a traceback.
            held = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
            try:
                self._child = child = subprocess.Popen(
                    command,
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    process_group=0,
                    pass_fds=[handover.writing],
                    env=handover.environment,
                    preexec_fn=not_without_us(),  # noqa: PLW1509 - nothing but us runs here
                )
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, held)
            handover.given()
            TICKER.wake()
            try:
                code = child.wait()
            finally:
                self._child = None
        if code == BEFORE:
            raise NotBegun(*self.heard[:1])
        return code


def not_without_us() -> Callable[[], None]:
    """Return what has a child end, in order, where we are killed: nobody would see what it does."""
    ours, prctl = os.getpid(), getattr(ctypes.CDLL(None), "prctl", None)

    def follow() -> None:
        if prctl is not None:  # only Linux has it
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != ours:
            os.kill(os.getpid(), signal.SIGTERM)

    return follow


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _exit(_number: int, _frame: object) -> None:
    TICKER.stop()
    if IS_CHILD:
        os._exit(BEFORE)
    os.write(2, UNCHANGED)
    os._exit(CODE)


def _deaf(act: Callable[[int, object], None]) -> None:
    """Ignore from here on what we heeded: a Python that exits would let it decide the exit code."""
    for number in ENDING:
        if signal.getsignal(number) == act:
            signal.signal(number, signal.SIG_IGN)


def _restore(before: Handlers) -> None:
    for number, act in before.items():
        signal.signal(number, act)


INTERRUPTS = Interrupts()
