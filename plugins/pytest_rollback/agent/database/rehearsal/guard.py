"""A process of its own that has a throw-away server, and leaves nothing of it, whatever ends us.

It is the server's account before it does anything: it makes a directory, starts the server in it,
and waits. Once its input ends, because all is done or because we were killed, or once time or room
are used up, it ends the server and removes the directory. Where it is killed itself, the kernel
ends the server; its directory is removed by the next one, which sees that nobody holds its lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from typing import Callable, Iterator, List, NamedTuple, NoReturn, Tuple

from ...errors import HostError
from ...files.parallel import NUMBERS
from ...system.command import run, surroundings
from ...system.namespaces import kernel
from ...system.namespaces.view import HostView

PREFIX = "rollback-rehearsal-"
PLACE = "{place}"
"""Stands for the directory in the words of a command."""

LOG = "log"
MEMORY = 2 << 30
"""Bytes of address space for each process of the server."""

STARTING = 60.0
STOPPING = 5.0
TURN = 0.5
"""Seconds between two looks at time and room."""

YOUNG = 60.0
"""Seconds in which a directory may be somebody's who has not locked it yet."""

MODEST = 19
PR_SET_PDEATHSIG = 1


class ServerLimits(NamedTuple):
    """What a throw-away server may use: seconds, and the bytes that stay free beside it."""

    seconds: float
    reserve: int


class ServerPlan(NamedTuple):
    """A server to start, whatever its engine, and where its directory is made.

    `making` is the command that makes the files of an empty server, `serving` the one that serves;
    `PLACE` in their words is the directory. A server that is `alone` has no network, no other
    processes, and of the host's files only the directory of its own: what a schema brings along
    may run there as its superuser.
    """

    making: Tuple[str, ...]
    serving: Tuple[str, ...]
    scratch: str
    limits: ServerLimits
    alone: bool = False

    def words(self, command: Tuple[str, ...], place: str) -> List[str]:
        """Return one of its commands for a directory."""
        return [each.replace(PLACE, place) for each in command]


class Ended(Exception):
    """The guard has nothing to wait for any more; the reason, "" where it was asked to end."""


def child(plan: ServerPlan, life: int, told: int, become: Callable[[], None]) -> NoReturn:
    """Serve in a process of its own, which never returns."""
    try:
        os.setsid()
        life, told, asked = (fcntl.fcntl(n, fcntl.F_DUPFD, NUMBERS) for n in (life, told, 1))
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        os.closerange(3, NUMBERS)
        become()
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _asked)
        os.umask(0o077)
        os.nice(MODEST)
        if plan.alone:
            separate(plan, told)
        serve(plan, life, told, asked)
    finally:
        os._exit(0)


def separate(plan: ServerPlan, told: int) -> None:
    """Go on as the first process of namespaces of our own; who we were waits for its end."""
    try:
        kernel.map_itself()
        kernel.unshare(kernel.ALONE)
        inner = os.fork()
        if inner:
            signal.signal(signal.SIGTERM, lambda *_: os.kill(inner, signal.SIGTERM))
            os.waitpid(inner, 0)
            os._exit(0)
        kernel.dies_with(0)
        view = HostView()
        view.build()
        view.keep(plan.scratch)
        view.processes()
        view.enter()
    except HostError as problem:
        say(told, f"over {problem.message}")
        os._exit(0)


def _asked(*_: object) -> NoReturn:
    raise Ended("it was ended by somebody")


def serve(plan: ServerPlan, life: int, told: int, asked: int) -> None:
    """Have the server until it is not needed any more; tell where it is, and why it ended.

    Args:
        plan: what to start.
        life: ends with whoever needs the server.
        told: where to tell it.
        asked: where the answer goes in the end: once nobody reads there, nobody waits for it.
    """
    place, lock, until = "", -1, time.monotonic() + plan.limits.seconds
    server: List[subprocess.Popen[bytes]] = []
    try:
        sweep(plan.scratch)
        place = os.path.realpath(tempfile.mkdtemp(prefix=PREFIX, dir=plan.scratch))
        lock = os.open(place, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        prepare(plan, place)
        server.append(start(plan, place))
        say(told, f"place {place}")
        while not is_over(life, TURN):
            look(plan, place, server[0], until, asked)
        say(told, "over")
    except Ended as reason:
        say(told, f"over {reason}")
    except OSError as error:
        say(told, f"over {error.strerror or error}: {error.filename or place or plan.scratch}")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for each in server:
            stop(each)
        if place:
            shutil.rmtree(place, ignore_errors=True)


def say(told: int, words: str) -> None:
    """Tell whoever waits for it, if anybody does."""
    with contextlib.suppress(OSError):
        os.write(told, (" ".join(words.split()) + "\n").encode("utf-8", "replace"))


def is_over(life: int, seconds: float) -> bool:
    """Return whether nobody needs us any more; wait so long for that."""
    return bool(select.select([life], [], [], seconds)[0])


def is_left(asked: int) -> bool:
    """Return whether whoever asked has gone: the other end of a pipe or a socket is closed."""
    poll = select.poll()
    poll.register(asked, 0)
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0))


def prepare(plan: ServerPlan, place: str) -> None:
    """Make the files of an empty server."""
    argv = plan.words(plan.making, place)
    done = run(argv, STARTING, env={**surroundings(), "HOME": place}, cwd=place)
    if done.code:
        raise Ended(f"{os.path.basename(argv[0])}: {done.words}")


def start(plan: ServerPlan, place: str) -> subprocess.Popen[bytes]:
    """Start the server: it listens in its directory, and ends when we do."""
    with open(os.path.join(place, LOG), "wb") as log:
        return subprocess.Popen(
            plan.words(plan.serving, place),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place,
            env={**surroundings(), "HOME": place},
            preexec_fn=_bound(os.getpid()),  # noqa: PLW1509 - no thread of ours is at work
        )


def _bound(guard: int) -> Callable[[], None]:
    """Return what limits the server's memory, and has the kernel end it when its guard is gone."""

    def bind() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
        if os.getppid() != guard:
            os._exit(1)

    return bind


def look(
    plan: ServerPlan, place: str, server: subprocess.Popen[bytes], until: float, asked: int
) -> None:
    """Look at server, time and room, and at who asked.

    Raises:
        Ended: it has to end, or has.
    """
    if is_left(asked):
        raise Ended("nobody waits for it any more")
    if server.poll() is not None:
        raise Ended(f"the server ended: {last_line(os.path.join(place, LOG))}")
    if time.monotonic() > until:
        raise Ended(f"time was up after {plan.limits.seconds:.0f} s")
    state = os.statvfs(place)
    if state.f_bavail * state.f_frsize < plan.limits.reserve:
        raise Ended(f"fewer than {plan.limits.reserve:,} bytes are free in {plan.scratch}")


def last_line(path: str) -> str:
    """Return the last line that a log has."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 1000))
        lines = file.read().decode("utf-8", "replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "")
    return ""


def stop(server: subprocess.Popen[bytes]) -> None:
    """End a server at once: nothing that it holds is needed."""
    for number in (signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            server.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOPPING)
            return


def sweep(scratch: str) -> None:
    """Remove directories of guards of this account that were killed."""
    for path in left(scratch):
        with contextlib.suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def left(scratch: str) -> Iterator[str]:
    """Yield directories that look like those of guards of this account, and are not new."""
    with os.scandir(scratch) as found:
        for entry in found:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                if state.st_uid == os.geteuid() and time.time() - state.st_mtime > YOUNG:
                    yield entry.path
