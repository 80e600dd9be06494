"""What the proofs stand on: a scene in memory, a tracer, and a place for what they measured."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import figures, tracing
from tests.faults.sweep import Bench, Phase

MEMORY = Path("/dev/shm")  # noqa: S108 - a place in memory, where a flush costs nothing


@pytest.fixture(scope="session")
def fast() -> Iterator[Path]:
    """A private directory in memory, or in the temporary directory where there is no such place."""
    above = MEMORY if os.access(MEMORY, os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="rollback-faults-", dir=above))
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def place(fast: Path) -> Iterator[Path]:
    """A directory of the test's own, in memory."""
    own = Path(tempfile.mkdtemp(dir=fast))
    yield own
    shutil.rmtree(own, ignore_errors=True)


@pytest.fixture(scope="session")
def traced() -> None:
    """A host where processes can be traced."""
    why = tracing.unavailable()
    if why:
        pytest.skip(f"not run: {why}")


@pytest.fixture(scope="session")
def bench(fast: Path, traced: None) -> Iterator[Bench]:  # noqa: ARG001 - asked for first
    """The scene of the sweeps."""
    path = os.environ["PATH"]
    bench = Bench(fast / "bench")
    yield bench
    os.environ["PATH"] = path


@pytest.fixture(scope="session")
def phases(bench: Bench) -> dict[str, Phase]:
    """Every call of a rollback, and of going on with one and undoing it."""
    known = {phase.name: phase for phase in bench.phases()}
    for name, share in (("files", 0.7), ("close", 0.5), ("undo after close", 0.5)):
        phase = bench.again(known[name], share)
        known[phase.name] = phase
    return known


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    said = figures.lines()
    if said:
        kind = "all" if figures.EVERYTHING else "a sample; make faults runs all of it"
        terminalreporter.section(f"faults: {kind}")
        for line in said:
            terminalreporter.write_line(line)
