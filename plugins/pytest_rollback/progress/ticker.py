"""The thread that has a tick shown as long as a command is at work."""

from __future__ import annotations

import atexit
import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator

from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.progress.handover import Handover
from pytest_rollback.progress.line import line
from pytest_rollback.progress.screen import Screen, place
from pytest_rollback.progress.stream import TickedStream

PACE = 0.5
"""Seconds between two looks: rare enough to disturb no measurement beside it."""

FIRST = 0.3
"""Seconds until the first look: so long nobody misses anything."""

IN_A_PIPE = 0.9
"""The same in a pipe, where a tick stays: what is refused at once is one message and no more."""

PATIENCE = 1.25
"""Seconds of silence in a pipe after which the next look ends it."""


HELP = frozenset(("-h", "--help"))
"""What asks a command to describe itself."""


class Ticker:
    """Shows what `PROGRESS` says. A process has one: `TICKER`.

    `redact` takes the secrets out of a line. `eager` goes on where somebody else ticked before.
    """

    def __init__(self) -> None:
        self.redact: Callable[[str], str] = str
        self._screen: Screen | None = None
        self._before: Screen | None = None
        self._streams: dict[str, TickedStream] = {}
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._taken: Callable[[], bool] = _nobody
        self._first = FIRST

    @property
    def in_place(self) -> bool:
        """Whether ticks are one line that is rewritten, on a terminal that can do that."""
        return self._screen is not None and self._screen.where.in_place

    def start(self, *, eager: bool = False) -> None:
        """Begin, where there is a terminal or a pipe, and a thread to be had."""
        if self._screen is not None:
            return
        where = place(sys.stdout, sys.stderr)
        if where is None:
            return
        self._screen = Screen(where)
        if self._before is not None:  # one silence, whoever ends it
            self._screen.last, self._screen.used = self._before.last, self._before.used
        self._first = FIRST if eager or where.in_place else IN_A_PIPE
        if eager and where.in_place:
            self._show(self._screen)
        if not self._run(self._screen):
            self._screen.close()
            self._screen = None
            return
        atexit.register(self.stop)  # a thread that writes while Python exits would break it
        self._wrap(self._screen)

    def stop(self) -> None:
        """End; the streams are those from before, and the terminal has no tick on it."""
        screen, self._screen = self._screen, None
        if screen is None:
            return
        self._halt()
        with screen.lock:
            for name, stream in self._streams.items():
                stream.screen = None  # whoever still holds it prints through it
                if getattr(sys, name) is stream:
                    setattr(sys, name, stream.file)
        screen.close()
        self._before = screen

    def _wrap(self, screen: Screen) -> None:
        """Have what is printed come to the screen's knowledge."""
        self._streams = {
            name: TickedStream(file, screen)
            for name, file in (("stdout", sys.stdout), ("stderr", sys.stderr))
            if screen.where.is_of(file) or not screen.where.in_place
        }
        for name, stream in self._streams.items():
            setattr(sys, name, stream)

    def _run(self, screen: Screen) -> bool:
        """Start the thread; return whether there is one."""
        self._over = over = threading.Event()
        thread = threading.Thread(target=self._tick, args=(screen, over), name="tick", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # no more threads: what is done is more important
            return False
        self._thread = thread
        return True

    def _halt(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(PACE)
        self._thread = None

    def _tick(self, screen: Screen, over: threading.Event) -> None:
        with contextlib.suppress(Exception):  # a terminal that is gone ends ticks, and no command
            while not over.wait(PACE if screen.used else self._first):
                patience = PATIENCE if screen.used else 0.0
                if screen.where.in_place or time.monotonic() - screen.last >= patience:
                    with screen.lock:
                        if self._taken():
                            screen.forget()
                            return
                        if not over.is_set():
                            self._show(screen)

    def _show(self, screen: Screen) -> None:
        told = self.redact(line(PROGRESS, time.monotonic(), screen.width - 1))
        with contextlib.suppress(OSError):
            screen.tick(told)

    def rest(self) -> None:
        """Show nothing: somebody else has the terminal."""
        screen = self._screen
        if screen is not None:
            self._halt()
            with screen.lock, contextlib.suppress(OSError):
                screen.clear()

    def wake(self) -> None:
        """Go on after a rest."""
        if self._screen is not None and self._thread is None:
            self._run(self._screen)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Show nothing while somebody else has the terminal: a child, or a person who types."""
        self.rest()
        try:
            yield
        finally:
            self.wake()

    @contextlib.contextmanager
    def lent(self) -> Iterator[Handover]:
        """Rest while a child is started within; call `wake` then, to tick until it does so itself.

        Its first tick takes the place of our last one.
        """
        self.rest()  # no thread while a process is forked
        handover = Handover()
        self._taken = handover.is_done
        try:
            yield handover
        finally:
            self.rest()
            self._taken = _nobody
            handover.close()
            self.wake()

    @contextlib.contextmanager
    def ticking(self) -> Iterator[None]:
        """Show what is done within: a command, or its imports. Within another one it is no news.

        Who asks for help gets it and nothing else.
        """
        if self._screen is not None or HELP.intersection(sys.argv[1:]):
            yield
            return
        self.start()
        try:
            yield
        finally:
            self.stop()


def _nobody() -> bool:
    return False


TICKER = Ticker()
