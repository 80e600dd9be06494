"""What the proofs stand on: a scene in memory, a tracer, and a place for what they measured."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pytest_rollback
from tests.faults import figures, tracing
from tests.faults.sweep import Bench, Swept

MUTANT = os.environ.get("ROLLBACK_MUTANT")
if MUTANT and not str(pytest_rollback.__file__).startswith(MUTANT):
    pytest.exit(f"the engine of {MUTANT} was not loaded", returncode=4)

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
def benches(fast: Path, traced: None) -> Iterator[dict[str, Swept]]:  # noqa: ARG001 - comes first
    """The scenes of the sweeps by the way that names change hands, each with its calls."""
    path = os.environ["PATH"]
    found = {way: Bench(fast / way, way=way) for way in ("exchange", "rename")}
    found["linkless"] = Bench(fast / "linkless", way="rename", linkless=True)
    if os.geteuid() == 0:
        found["across"] = Bench(fast / "across", across=True)
    try:
        yield {name: swept(bench) for name, bench in found.items()}
    finally:
        for bench in found.values():
            bench.close()
        os.environ["PATH"] = path


def swept(bench: Bench) -> Swept:
    """Return a bench with every call of a rollback, and of going on with one and undoing it."""
    known = {phase.name: phase for phase in bench.phases()}
    for name, share in (("files", 0.7), ("close", 0.5), ("undo after close", 0.5)):
        phase = bench.again(known[name], share)
        known[phase.name] = phase
    return Swept(bench, known)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    said = figures.lines()
    if said:
        kind = "all" if figures.EVERYTHING else "a sample; make faults runs all of it"
        terminalreporter.section(f"faults: {kind}")
        for line in said:
            terminalreporter.write_line(line)
