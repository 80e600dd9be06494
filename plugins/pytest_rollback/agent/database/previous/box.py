"""A process that is alone with a release: made, watched, and ended with all that it started.

Two processes of ours: the first one has left the host's namespaces, the second is the first of the
new ones, so that the kernel ends whatever it has started together with it. Both end with us.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import signal
import socket
import time
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    NoReturn,
    Optional,
    Sequence,
    Tuple,
)

from ...errors import HostError
from ...files.parallel import NUMBERS
from ...protocol import decode
from ...system.namespaces import kernel
from ...system.namespaces.view import HostView
from ..rehearsal.guard import is_left
from . import inside, relay
from .inside import ReleaseTask, Tell
from .messages import ReleaseRun
from .relay import DatabasePlaces, RelayProcess

MOST = 1 << 20
GRACE = 5.0
TURN = 0.5
"""Seconds between two looks at who asked."""

ANSWER = 1
"""The open file to which the agent's answer goes."""

AGAIN = "rollback rehearse, once more"


class ServerPlace(NamedTuple):
    """The throw-away server: the path of its socket, and what makes a process its account."""

    path: str
    become: Callable[[], None]


class Surrounded(NamedTuple):
    """What must not answer from inside: sockets by their names, and addresses."""

    names: Sequence[str]
    addresses: Sequence[Tuple[str, int]]


class Outside(NamedTuple):
    """What a release may look for outside: its database, and what must not answer."""

    places: DatabasePlaces
    host: Surrounded


class BoxResult(NamedTuple):
    """What came of a task, for each component; and what differs from how it runs live.

    `connections` are those that were made to its database.
    """

    runs: List[ReleaseRun]
    gaps: List[str]
    connections: int = 0


def silent(_words: Any) -> None:  # noqa: ANN401 - any JSON
    """Hear nothing of how a task goes."""


def tried(
    task: ReleaseTask,
    places: DatabasePlaces,
    server: ServerPlace,
    host: Surrounded,
    hears: Tell = silent,
) -> BoxResult:
    """Try a release alone, with a database that is not the live one.

    `hears` is told how the work of the task goes; that waits meanwhile.

    Raises:
        HostError: it cannot be alone here, or could not be tried to its end.
    """
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        separate(theirs, parent, task, Outside(places, host))
    theirs.close()
    side = OtherSide(pid, ours, server, hears)
    try:
        with ours:
            side.heard(task.until + GRACE)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        connections = side.relayed.ended() if side.relayed else 0
    if side.done is None:
        raise HostError("the release could not be tried to its end", AGAIN)
    return side.done._replace(connections=connections)


class OtherSide:
    """The process that is alone with a release, as seen by the one that made it."""

    def __init__(
        self, pid: int, line: socket.socket, server: ServerPlace, hears: Tell = silent
    ) -> None:
        """Keep how it is reached, the server that it is lent, and who hears how it goes."""
        self.pid = pid
        self.hears = hears
        self.line = line
        self.server = server
        self.relayed: Optional[RelayProcess] = None
        self.done: Optional[BoxResult] = None

    def heard(self, until: float) -> None:
        """Do what it asks for, line by line, up to its result.

        Raises:
            HostError: it cannot be alone here.
        """
        for words, numbers in told(self.line, until):
            if "relay" in words:
                self.relayed = relay.started(numbers, self.server.path, self.server.become)
                for number in numbers:
                    os.close(number)
                self.line.sendall(b"g")
            elif "map" in words:
                kernel.map_all(self.pid)
                self.line.sendall(b"g")
            elif "told" in words:
                self.hears(words["told"])
                self.line.sendall(b"g")
            elif "refused" in words:
                raise HostError(words["refused"], words["hint"])
            else:
                runs = [decode(ReleaseRun, each) for each in words["runs"]]
                self.done = BoxResult(runs, words["gaps"])
                return


def told(ours: socket.socket, until: float) -> Iterator[Tuple[Dict[str, Any], List[int]]]:
    """Yield each line that the other side says, with the open files that come along.

    Raises:
        HostError: whoever asked has gone.
    """
    said, numbers = b"", array.array("i")
    ours.settimeout(TURN)
    while time.monotonic() < until:
        if is_left(ANSWER):
            raise HostError("nobody waits for it any more", AGAIN)
        try:
            more, given, _, _ = ours.recvmsg(1 << 16, socket.CMSG_SPACE(64 * numbers.itemsize))
        except socket.timeout:  # Python 3.8 has no other name
            continue
        except OSError:
            return
        for _, kind, content in given:
            if kind == socket.SCM_RIGHTS:
                numbers.frombytes(content[: len(content) // numbers.itemsize * numbers.itemsize])
        if not more or len(said) > MOST:
            return
        said += more
        while b"\n" in said:
            line, _, said = said.partition(b"\n")
            yield json.loads(line), list(numbers)
            numbers = array.array("i")


def separate(theirs: socket.socket, parent: int, task: ReleaseTask, outside: Outside) -> NoReturn:
    """Leave the host, and have a first process of the new namespaces do the task."""
    try:
        talk = closed_but(theirs)
        signals()
        if os.geteuid() == 0:
            kernel.unshare(kernel.NEWUSER)
            say(talk, {"map": True})
            talk.recv(1)
        else:
            kernel.map_itself()
        kernel.dies_with(parent)
        kernel.unshare(kernel.ALONE)
        inner = os.fork()
        if not inner:
            kernel.dies_with(0)
            alone(talk, task, outside)
        talk.close()
        os.waitpid(inner, 0)
    except HostError as problem:
        say(talk, {"refused": problem.message, "hint": problem.hint})
    finally:
        os._exit(0)


def signals() -> None:
    """Forget what the agent does about signals."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def closed_but(theirs: socket.socket) -> socket.socket:
    """Close all open files but our end of the line: whoever else waits for one is not delayed."""
    number = fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, NUMBERS)
    null = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(null, each)
    os.closerange(3, NUMBERS)
    return socket.socket(fileno=number)


def alone(talk: socket.socket, task: ReleaseTask, outside: Outside) -> NoReturn:
    """Do the task as the first process of all namespaces: its end is that of whatever it began."""
    try:
        os.nice(19)
        kernel.network_up(outside.places.addresses)
        view = HostView()
        view.build()
        view.processes()
        view.enter()
        refuse_reached(outside.host)
        named(outside.places.names)
        planned = inside.prepared(task)
        ends = relay.listening(outside.places)
        handed = array.array("i", [each.fileno() for each in ends])
        talk.sendmsg([line({"relay": True})], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, handed)])
        talk.recv(1)
        for each in ends:
            each.close()
        if task.work:
            task.work(lambda words: waited(talk, words))
        unseen = [f"not seen: {each}" for each in view.unseen]
        say(talk, {"runs": inside.tried(task, planned), "gaps": [*planned.gaps, *unseen]})
    except HostError as problem:
        say(talk, {"refused": problem.message, "hint": problem.hint})
    except Exception as error:  # noqa: BLE001 - there is nobody above us
        say(talk, {"refused": f"the release could not be tried: {error!r}", "hint": kernel.HINT})
    finally:
        os._exit(0)


def waited(talk: socket.socket, words: Any) -> None:  # noqa: ANN401 - any JSON
    """Say how the work goes, and wait until it was heard."""
    say(talk, {"told": words})
    talk.recv(1)


def refuse_reached(host: Surrounded) -> None:
    """Raise where anything of the host answers: then nothing is started.

    Raises:
        HostError: something does.
    """
    found = inside.reached(host.names, host.addresses)
    if found:
        raise HostError(
            f"the previous release would not be alone: {', '.join(found[:5])} still answers",
            'nothing was started; set previous = "" in [database.rehearsal]',
        )


def named(names: Sequence[str]) -> None:
    """Have names of other hosts lead to this one, in the view of the release."""
    if names:
        with open("/etc/hosts", "a", encoding="utf-8") as file:
            file.writelines(f"127.0.0.1 {each}\n" for each in names)


def line(words: Dict[str, Any]) -> bytes:
    """Return what is said, as a line."""
    return json.dumps(words).encode() + b"\n"


def say(talk: socket.socket, words: Dict[str, Any]) -> None:
    """Say something to whoever waits for it, if anybody does."""
    with contextlib.suppress(OSError):
        talk.sendall(line(words))
