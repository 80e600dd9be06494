"""What happens where a release is alone: it is put in place, started, and asked what users ask."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from typing import Any, BinaryIO, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...errors import shortened
from ...messages.probes.sample import ProbeRequest
from ...messages.trial import TrialRequest
from ...observe.probes import sample
from ...observe.trial.components import Units
from ...system import command
from ...system.masking import shapes
from ...system.namespaces import view
from . import files as release_files
from . import starts
from .messages import NamedProbe, PreviousComponent, ReleaseRun
from .starts import ComponentStart, Starts, program

PAUSE = 0.2
LINES, LETTERS = 5, 300
WARMING = 5.0
"""Seconds after its health in which a component has to answer its requests."""

ONE = 10.0
"""Seconds that one answer may take."""

SOCKETS = ("/run", "/tmp")  # noqa: S108 - names of dead sockets are removed in our own view

Tell = Callable[[Any], None]


class ReleaseTask(NamedTuple):
    """What is tried: the previous release, or with `live` in its request the live one.

    `units` are what their manager says, `asked` what is asked of each component, in the order of
    their start; `until` is of the monotonic clock. `work` is done before any of them is started,
    and tells whoever waits outside how that goes, as JSON; each time it waits for a word.
    """

    request: TrialRequest
    units: Optional[Units]
    asked: Sequence[PreviousComponent]
    until: float
    work: Optional[Callable[[Tell], None]] = None


class StartedComponent(NamedTuple):
    """A component that was started: its process, what it says, and how it was started."""

    start: ComponentStart
    process: subprocess.Popen[bytes]
    said: BinaryIO


def prepared(task: ReleaseTask) -> Starts:
    """Put the release in place; return how its components are started.

    Raises:
        HostError: a file cannot be put.
    """
    for place in SOCKETS:
        for path in list(view.sockets(place)):
            with contextlib.suppress(OSError):
                os.unlink(path)
    if not task.request.live:
        release_files.put(task.request)
    return starts.starts(task.request, task.units)


def tried(task: ReleaseTask, planned: Starts) -> List[ReleaseRun]:
    """Start all components in order, and ask; return what became of each."""
    problems: Dict[str, str] = {}
    answered: Dict[str, List[str]] = {}
    up: Dict[str, StartedComponent] = {}
    for start, asked in zip(planned.components, task.asked):
        problems[start.name] = begun(start, up, task.until)
        if start.name in up:
            problems[start.name] = healthy(up[start.name], asked, task.until)
    for asked in task.asked:
        if not problems.get(asked.name):
            problems[asked.name], answered[asked.name] = requested(
                up[asked.name], asked, task.until
            )
    return [
        ReleaseRun(
            component=each.name,
            problem=shapes.masked(problems.get(each.name, "")),
            asked=tuple(answered.get(each.name, ())),
            last=last(up[each.name].said) if problems.get(each.name) and each.name in up else (),
        )
        for each in task.asked
    ]


def begun(start: ComponentStart, up: Dict[str, StartedComponent], until: float) -> str:
    """Start one component, to be among those that are up; return why it cannot be."""
    try:
        up[start.name] = started(start, until)
    except (OSError, subprocess.SubprocessError) as error:
        return f"it cannot be started: {error}"
    return ""


def started(start: ComponentStart, until: float) -> StartedComponent:
    """Start one component, after what its unit runs before it.

    Raises:
        OSError: it cannot be started, or something before it failed.
    """
    if start.problem:
        raise OSError(start.problem)
    said = command.spool()
    for argv, optional in start.before:
        process = spawned(start, argv, said)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, until - time.monotonic()))
        if process.returncode and not optional:
            words = "; ".join(last(said)[-1:])
            raise OSError(f"{argv[0]} ended with code {process.returncode} before it: {words}")
    return StartedComponent(start, spawned(start, start.argv, said), said)


def spawned(
    start: ComponentStart, argv: Tuple[str, ...], said: BinaryIO
) -> subprocess.Popen[bytes]:
    """Start one process of a component."""
    return subprocess.Popen(
        list(argv),
        executable=program(argv, start.environment, start.directory),
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
        cwd=start.directory,
        env=start.environment,
        start_new_session=True,
        preexec_fn=start.become,  # noqa: PLW1509 - no thread of ours is at work
    )


def healthy(up: StartedComponent, asked: PreviousComponent, until: float) -> str:
    """Wait until a component is healthy; return why it is not, "" where it is."""
    until = min(until, time.monotonic() + asked.start)
    while True:
        problem = wrong(asked.health, until)
        if not problem:
            return ""
        ended = over(up)
        if ended or time.monotonic() > until:
            return ended or f"not healthy within {asked.start:.0f} s: {problem}"
        time.sleep(PAUSE)


def over(up: StartedComponent) -> str:
    """Return how a component's process ended, "" where it goes on."""
    code = up.process.poll()
    if code is None or (code == 0 and up.start.ends):
        return ""
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
    words = "; ".join(last(up.said)[-1:])
    return f"its process ended with {how}" + (f": {words}" if words else "")


def requested(
    up: StartedComponent, asked: PreviousComponent, until: float
) -> Tuple[str, List[str]]:
    """Ask what users ask, again for some seconds: what is healthy may still be warming up."""
    until = min(until, time.monotonic() + min(asked.start, WARMING))
    while True:
        found = {each.name: wrong(each, until) for each in asked.requests}
        problem = "; ".join(f"request {name}: {why}" for name, why in found.items() if why)
        if not problem or over(up) or time.monotonic() > until:
            good = [asked.health.name, *(name for name, why in found.items() if not why)]
            return "; ".join(filter(None, [problem, over(up)])), good
        time.sleep(PAUSE)


def wrong(named: NamedProbe, until: float) -> str:
    """Return what is wrong with the answer to a probe, "" for nothing."""
    seconds = max(0.1, min(ONE, until - time.monotonic()))
    found = sample.ask(ProbeRequest(named.probe, 1, seconds))
    if not found.wrong:
        return ""
    return found.wrong + (f" ({shortened(found.body, LETTERS)})" if found.body else "")


def last(said: BinaryIO) -> Tuple[str, ...]:
    """Return the last lines of an output, without what has the shape of a secret."""
    size = os.fstat(said.fileno()).st_size
    text = os.pread(said.fileno(), 1 << 16, max(0, size - (1 << 16))).decode("utf-8", "replace")
    lines = [each.rstrip() for each in shapes.masked(text).splitlines() if each.strip()]
    return tuple(shortened(each, LETTERS) for each in lines[-LINES:])


def reached(names: Sequence[str], addresses: Sequence[Tuple[str, int]]) -> List[str]:
    """Return what of the host answers in here, of sockets by name and of addresses."""
    found = [name for _, name in socket.if_nameindex() if name != "lo"]
    found += [name for name in names if answers(socket.AF_UNIX, name)]
    there = (each for each in addresses if answers(socket.AF_INET, each))
    return [*found, *(f"{host}:{port}" for host, port in there)]


def answers(family: socket.AddressFamily, address: Tuple[str, int] | str) -> bool:
    """Return whether a connection is taken."""
    with socket.socket(family) as one:
        one.settimeout(1.0)
        try:
            one.connect(address)
        except OSError:
            return False
    return True
