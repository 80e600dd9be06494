"""SIGKILL before every system call: nothing is lost, the same command goes on, undo takes back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.files import parallel
from tests.faults import tracing
from tests.faults.figures import every, measured
from tests.faults.sweep import Bench, Swept

PHASES = (
    "begin",
    "guard",
    "files",
    "files, resumed",
    "added",
    "configuration",
    "undo after configuration",
    "units",
    "caches",
    "separate",
    "unguard",
    "close",
    "close, resumed",
    "undo after close",
    "undo after close, resumed",
    "end",
)
RENAMED = ("files", "files, resumed", "configuration", "undo after configuration")
MOVED = ("added", "caches", "close", "close, resumed", "undo after close")
KEPT = (*RENAMED, "close", "undo after close")
DRESSED = ("files", "files, resumed", "configuration", "undo after configuration")
CASES = [
    *(("exchange", name) for name in PHASES),
    *(("rename", name) for name in RENAMED),
    *(("across", name) for name in MOVED if os.geteuid() == 0),
    ("linkless", "files"),
    *((way, name) for way in ("alike", "alike, rename") for name in DRESSED),
    *(("kept", name) for name in KEPT),
]
"""Where names are renamed instead of exchanged, only the calls that do so are swept again; where
the state directory is on another file system those that move files there; where there are no hard
links the one call that needs them, and what takes that back; where both versions of a file have
the same bytes, those that tell them apart; where the backups are in the state directory, those that
read them, or would move them."""

KILLED = [*CASES, *(("linkless", name) for name in RENAMED[1:])]

STEP = 31
MANY = 40
THREADED = 53


@pytest.mark.parametrize(("way", "name"), KILLED)
def test_a_kill_before_any_call(benches: dict[str, Swept], way: str, name: str) -> None:
    """Old or new at every path, both on the host, the end and the start are reached."""
    bench, phase = benches[way].bench, benches[way].phases[name]
    bench.violations, bench.tried = [], 0
    known = bench.sites(phase)
    states = tracing.distinct(known)
    for site in states[len(name) % every(STEP) :: every(STEP)]:
        bench.killed(phase, site)
    figure = f"{bench.tried} of {len(states)} states of {len(known)} sites killed"
    measured("kill-safety", f"{way}, {name}: {figure}")

    assert bench.tried, "no site was killed"
    assert not bench.violations, "\n".join(bench.violations)


def test_every_call_is_swept(benches: dict[str, Swept]) -> None:
    """No call of a rollback is left out."""
    assert sorted(benches["exchange"].phases) == sorted(PHASES)


@pytest.fixture
def crowd(place: Path, traced: None) -> Iterator[Bench]:  # noqa: ARG001 - asked for first
    """A scene with so many files that threads are at work."""
    path = os.environ["PATH"]
    yield Bench(place, many=MANY)
    os.environ["PATH"] = path


@pytest.mark.parametrize("workers", ["threads", "processes"])
def test_a_kill_among_workers(crowd: Bench, workers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many files at once, in several threads or two processes: a kill before any of their calls."""
    if workers == "processes":
        monkeypatch.setattr(parallel, "MANY", 2)
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
    phase = next(each for each in crowd.phases() if each.name == "files")
    known = crowd.sites(phase, threads=True)
    for site in known[:: every(THREADED)]:
        crowd.killed(phase, site, threads=True)
    measured("kill-safety", f"{workers}: {crowd.tried} of {len(known)} sites killed")

    assert crowd.tried, "no site was killed"
    assert not crowd.violations, "\n".join(crowd.violations)
