"""The agent as a process of its own under strace: its system calls listed, one made to fail.

The process is a fork of this one that waits until strace is attached, so that no time is spent on
an interpreter's start; it does what the agent does once its modules are loaded. A site is the n-th
call of a kind that touches the scene.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pytest_rollback.agent import main, protocol
from pytest_rollback.transport.call import AnyCall
from tests.unit.support.routes import answers

CALLS = (
    *("openat", "creat", "rename", "renameat", "renameat2", "link", "linkat", "symlink"),
    *("symlinkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "fsync", "fdatasync", "sync"),
    *("write", "pwrite64", "truncate", "ftruncate", "fallocate", "copy_file_range", "sendfile"),
    *("chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "utimensat"),
    *("setxattr", "fsetxattr", "lsetxattr", "removexattr", "fremovexattr", "flock"),
)
"""What can change something, opens something, or makes it durable."""

ASKED = ",".join(f"?{name}" for name in CALLS)
LINE = re.compile(r"^(?:(\d+) +)?(\w+)\((.*)$")
ENOUGH = 60
"""Seconds after which a process counts as hung; the kernel ends it."""


class Site(NamedTuple):
    """The n-th call of a kind, and what it is about, for people."""

    call: str
    number: int
    about: str

    def __str__(self) -> str:
        return f"{self.call} #{self.number} ({self.about})"


FLUSHING = {"fsync", "fdatasync", "sync", "flock"}


def changes(site: Site) -> bool:
    """Tell whether the call of a site can leave anything else on the disk than was there."""
    reads = site.call == "openat" and "O_RDONLY" in site.about and "O_CREAT" not in site.about
    return not (reads or site.call in FLUSHING)


def distinct(known: list[Site]) -> list[Site]:
    """Return the sites before which another state lies on the disk than before the one above.

    Whoever is killed before any other site leaves what the one before it left.
    """
    pairs = zip([None, *known[:-1]], known, strict=True)
    return [site for before, site in pairs if before is None or changes(before)]


class Ended(NamedTuple):
    """How the process ended: the signal that killed it or 0, and its answers, if it gave any."""

    killed: int
    answers: list[dict[str, Any]]


def unavailable() -> str:
    """Return why processes cannot be traced here, "" when they can."""
    if shutil.which("strace") is None:
        return "strace is not installed: apt-get install strace"
    done = subprocess.run(
        ["strace", "-qq", "-o", "/dev/null", "true"], check=False, capture_output=True
    )
    return "" if done.returncode == 0 else f"strace cannot trace: {done.stderr.decode()[:200]}"


def loaded() -> None:
    """Load every module of the agent, so that no process opens them."""
    for module in {where.partition(":")[0] for where in answers().values()}:
        importlib.import_module(f"pytest_rollback.agent.{module}")


def apart(task: Callable[[], bytes], words: Iterable[str] = (), place: Path | None = None) -> Ended:
    """Carry out a task in a fork of this process, under strace when there are words for it."""
    begin, go = os.pipe()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _child(task, begin, tell, (go, told))
    os.close(begin)
    os.close(tell)
    tracer = _attached(child, words, place) if words else None
    os.close(go)
    with os.fdopen(told, "rb") as pipe:
        answer = protocol.unframe(pipe.read())
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if tracer:
        tracer.communicate()
    return Ended(max(0, -status), answer["answers"] if answer else [])


def _child(task: Callable[[], bytes], begin: int, tell: int, others: Iterable[int]) -> None:
    """Wait for the word, do the task, say what came of it, and end here."""
    try:
        for each in others:
            os.close(each)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # the parent's handler is for its own limit
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
        signal.alarm(ENOUGH)
        os.read(begin, 1)
        said = task()
    except BaseException:  # noqa: BLE001 - whatever it was, the parent is told
        said = protocol.frame({"answers": [{"bug": traceback.format_exc()}]})
    while said:
        said = said[os.write(tell, said) :]
    os._exit(0)


def _attached(child: int, words: Iterable[str], place: Path | None) -> subprocess.Popen[bytes]:
    """Return strace once it has the process in its hands."""
    command = ["strace", "-p", str(child), *words, "-o", str(place or os.devnull)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    assert b"attached" in said, said
    return tracer


def served(calls: list[AnyCall]) -> Callable[[], bytes]:
    """Return the task of an agent that gets these calls."""
    return lambda: main.serve({"ask": [call.asked() for call in calls], "secrets": []})


def sites(
    calls: list[AnyCall],
    home: Path,
    *,
    threads: bool = False,
    also: Iterable[str] = (),
) -> list[Site]:
    """Let the agent run to its end, and return every site on the way."""
    log = home.with_name("trace")
    follow = ["-f"] if threads else []
    words = [*follow, *also, "-y", "-s", "0", "-e", f"trace={ASKED}"]
    ended = apart(served(calls), words, log)
    assert all("value" in each for each in ended.answers), ended.answers
    return found(log.read_text("utf-8", "replace").splitlines(), str(home))


def found(lines: Iterable[str], home: str) -> list[Site]:
    """Return the sites of a trace: calls that name the home; counted for each thread."""
    counted: Counter[tuple[str, str]] = Counter()
    known: dict[tuple[str, int], Site] = {}
    for line in lines:
        told = LINE.match(line)
        if told is None:  # the second half of a call, or the end of a thread
            continue
        thread, call, rest = told.groups()
        counted[thread, call] += 1
        if home in rest:
            number = counted[thread, call]
            about = rest.replace(home, "").strip()[:120]
            known.setdefault((call, number), Site(call, number, about))
    return list(known.values())


def kill(
    site: Site,
    calls: list[AnyCall],
    *,
    threads: bool = False,
    by: str = "SIGKILL",
    also: Iterable[str] = (),
) -> Ended:
    """Let the agent run, and kill it right before a call."""
    return _injected(site, f"signal={by}", calls, threads=threads, also=also)


def fail(site: Site, error: str, calls: list[AnyCall], also: Iterable[str] = ()) -> Ended:
    """Let the agent run, and have one call fail."""
    return _injected(site, f"error={error}", calls, also=also)


def delayed(site: Site, seconds: float, calls: list[AnyCall]) -> Ended:
    """Let the agent run, and have one call take long."""
    return _injected(site, f"delay_enter={int(seconds * 1e6)}", calls)


def _injected(
    site: Site,
    what: str,
    calls: list[AnyCall],
    *,
    threads: bool = False,
    also: Iterable[str] = (),
) -> Ended:
    follow = ["-f"] if threads else []
    inject = f"inject={site.call}:{what}:when={site.number}"
    seen = f"trace={site.call},linkat" if also else f"trace={site.call}"  # only those can be failed
    return apart(served(calls), [*follow, *also, "-e", seen, "-e", inject])
