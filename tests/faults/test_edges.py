"""At the edges: states set back, journals cut, clocks that jump, versions lost, limits reached."""

from __future__ import annotations

import _thread
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from tests.faults import tracing
from tests.faults.edges import Edge, preserved
from tests.faults.figures import every, measured
from tests.faults.paths import is_file
from tests.faults.scene import clone
from tests.faults.sweep import Bench, Phase, Swept
from tests.faults.tracing import served

WAYS = ["exchange", "rename", *(["across"] if os.geteuid() == 0 else [])]
JOURNALS = ("changes", "journal", "journal-configuration")
AFTER = {"files": "added", "configuration": "units", "close": "end"}
"""The steps after which much can be lost, and the call that starts from there."""

SPOILERS: dict[str, Callable[[Path], object]] = {
    "gone": os.unlink,
    "altered": lambda path: path.write_text("altered"),
    "of another mode": lambda path: path.chmod(0o4711),
}
JUMPS = (-86_400, -130, 130, 86_400)
FEW = 17
THREADS = range(8)
ROOM = [0, *(1 << power for power in range(16, 26))]
"""Bytes by which a process may grow."""


def asked_first(benches: Mapping[str, Swept], way: str) -> tuple[Bench, list[Phase]]:
    """Return a bench, and its calls of a rollback in their order."""
    bench, phases = benches[way]
    bench.violations, bench.tried = [], 0
    return bench, [
        phase for name, phase in phases.items() if name[:4] != "undo" and "," not in name
    ]


def judged(bench: Bench, what: str, known: int) -> None:
    """Keep what was tried; nothing of it was wrong."""
    measured("edges", f"{what}: {bench.tried} of {known} tried")

    assert bench.tried, "nothing was tried"
    assert not bench.violations, "\n".join(bench.violations)


def tries(bench: Bench, edge: str, *, lost: bool) -> None:
    """Go every way from the home as it is."""
    bench.tried += 1
    bench.violations += Edge(bench, edge).looked_at(lost=lost)


@pytest.mark.parametrize("way", WAYS)
def test_a_state_directory_that_was_set_back(benches: Mapping[str, Swept], way: str) -> None:
    """The tree is from after a step, and the state directory from before an earlier one."""
    bench, phases = asked_first(benches, way)
    pairs = [(one, other) for at, one in enumerate(phases) for other in phases[:at]]
    for tree, state in pairs[:: every(FEW)]:
        clone(tree.start, bench.home)
        shutil.rmtree(bench.scene.state, ignore_errors=True)
        place = state.start / bench.scene.state.relative_to(bench.home)
        if place.exists():
            clone(place, bench.scene.state)
        tries(bench, f"before {tree.name}, the state of before {state.name}", lost=True)
    judged(bench, f"state set back, {way}", len(pairs))


@pytest.mark.parametrize("way", WAYS)
def test_a_journal_that_lost_its_end(benches: Mapping[str, Swept], way: str) -> None:
    """Each entry of each journal may be the last one, and the evidence is whole."""
    bench, phases = asked_first(benches, way)
    named = {phase.name: phase for phase in phases}
    cuts = [
        (after, name, number)
        for after, phase in AFTER.items()
        for name in JOURNALS
        for number in range(len(journal(named[phase].start, bench, name)))
    ]
    for after, name, number in cuts[:: every(FEW)]:
        clone(named[AFTER[after]].start, bench.home)
        lines = journal(bench.home, bench, name)
        (bench.scene.state / "runs/r1" / name).write_bytes(b"".join(lines[:number]))
        tries(bench, f"after {after}, {name} with {number} of {len(lines)} entries", lost=True)
    judged(bench, f"journals cut, {way}", len(cuts))


def journal(home: Path, bench: Bench, name: str) -> list[bytes]:
    """Return the lines of a journal in a copy of a home."""
    path = home / bench.scene.state.relative_to(bench.home) / "runs/r1" / name
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


@pytest.mark.parametrize("jump", JUMPS)
def test_a_clock_that_jumps(
    benches: Mapping[str, Swept], jump: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed in the middle of each call, and the clock is set before it goes on, or back."""
    bench, phases = asked_first(benches, "exchange")
    now, now_ns = time.time, time.time_ns
    for phase in phases[:: every(5)]:
        known = bench.sites(phase)
        clone(phase.start, bench.home)
        tracing.kill(known[len(known) // 2], phase.calls, also=bench.also)
        monkeypatch.setattr(time, "time", lambda: now() + jump)
        monkeypatch.setattr(time, "time_ns", lambda: now_ns() + jump * 10**9)
        tries(bench, f"{phase.name}, killed, and the clock {jump:+} s", lost=False)
        monkeypatch.undo()
    judged(bench, f"clock set by {jump:+} s", len(phases))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", SPOILERS)
def test_a_preserved_version_that_is_spoilt(
    benches: Mapping[str, Swept], way: str, how: str
) -> None:
    """One after another: it is named before anything moves, and all else comes back."""
    bench, phases = asked_first(benches, way)
    named = {phase.name: phase for phase in phases}
    known = 0
    for after, start in AFTER.items():
        clone(named[start].start, bench.home)
        versions = preserved(bench.scene)
        known += len(versions)
        for path in versions[:: every(FEW)]:
            clone(named[start].start, bench.home)
            SPOILERS[how](path)
            tries(bench, f"after {after}, {path.name} {how}", lost=True)
    judged(bench, f"preserved version {how}, {way}", known)


@pytest.fixture
def crowd(place: Path, traced: None) -> Iterator[tuple[Bench, Phase]]:  # noqa: ARG001 - comes first
    """A scene with so many files that threads are at work, and the call that restores them."""
    path = os.environ["PATH"]
    bench = Bench(place, many=40)
    yield bench, next(each for each in bench.phases() if each.name == "files")
    os.environ["PATH"] = path


def test_a_host_with_few_threads(
    crowd: tuple[Bench, Phase], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many it makes: the restore is whole, and is undone."""
    bench, phase = crowd
    start = _thread.start_new_thread
    for most in THREADS:
        left = [None] * most

        def limited(*words: object, left: list[None] = left) -> int:
            if not left:
                refused()
            left.pop()
            return start(*words)  # type: ignore[call-overload,no-any-return]

        monkeypatch.setattr(_thread, "start_new_thread", limited)
        clone(phase.start, bench.home)
        ended = tracing.apart(served(phase.calls))
        if any("value" not in each for each in ended.answers) or ended.killed:
            bench.violations.append(f"{most} threads: {ended}")
        tries(bench, f"{most} threads", lost=False)
        monkeypatch.undo()
    judged(bench, "threads limited", len(THREADS))


def refused() -> NoReturn:
    """Refuse a thread, as the interpreter does."""
    raise RuntimeError("can't start new thread")


def test_a_host_with_little_memory(crowd: tuple[Bench, Phase]) -> None:
    """A restore that runs out of it ends, in words, and is gone on with; or taken back."""
    bench, phase = crowd
    for room in ROOM:
        clone(phase.start, bench.home)

        def short(room: int = room) -> bytes:
            with Path("/proc/self/statm").open(encoding="ascii") as file:
                size = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + room, size + room))
            return served(phase.calls)()

        ended = tracing.apart(short)
        said = f"{room} bytes more"
        if ended.killed or not ended.answers or any("bug" in each for each in ended.answers):
            bench.violations.append(f"{said}: {ended}")
        tries(bench, said, lost=False)
    judged(bench, "memory limited", len(ROOM))


def test_versions_are_found(benches: Mapping[str, Swept]) -> None:
    """There is something to spoil after each step, in each of the ways."""
    bench, phases = benches["exchange"]
    for start in AFTER.values():
        clone(phases[start].start, bench.home)
        assert all(is_file(path) for path in preserved(bench.scene))
        assert len(preserved(bench.scene)) > 2
