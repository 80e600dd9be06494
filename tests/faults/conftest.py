"""What the proofs stand on: a scene in memory, a tracer, and a place for what they measured."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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


WAYS: dict[str, dict[str, Any]] = {
    "exchange": {},
    "rename": {"way": "rename"},
    "linkless": {"way": "rename", "linkless": True},
    "across": {"across": True},
    "alike": {"alike": True},
    "alike, rename": {"way": "rename", "alike": True},
    "kept": {"way": "rename", "kept": True},
}
"""The scenes of the sweeps, by the way that names change hands, or what else is odd in them."""


class Benches(dict[str, Swept]):
    """The scenes of the sweeps, each with its calls, laid out when it is asked for."""

    def __init__(self, above: Path) -> None:
        super().__init__()
        self.above = above

    def __missing__(self, way: str) -> Swept:
        bench = Bench(self.above / way.replace(", ", "-"), **WAYS[way])
        return self.setdefault(way, swept(bench))


@pytest.fixture(scope="session")
def benches(fast: Path, traced: None) -> Iterator[Mapping[str, Swept]]:  # noqa: ARG001 - comes first
    """Every scene of the sweeps."""
    path, found = os.environ["PATH"], Benches(fast)
    try:
        yield found
    finally:
        for each in found.values():
            each.bench.close()
        os.environ["PATH"] = path


def swept(bench: Bench) -> Swept:
    """Return a bench with every call of a rollback, and of going on with one and undoing it."""
    known = {phase.name: phase for phase in bench.phases()}
    for name, share in (("files", 0.7), ("close", 0.5), ("undo after close", 0.5)):
        phase = bench.again(known[name], share)
        known[phase.name] = phase
    return Swept(bench, known)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - of pytest-xdist, which need not be there
    """Take in what a worker measured."""
    figures.merge(getattr(node, "workeroutput", {}).get("faults"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this worker measured."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["faults"] = figures.handed_over()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured."""
    said = figures.lines()
    if said:
        kind = "all" if figures.EVERYTHING else "a sample; make faults runs all of it"
        terminalreporter.section(f"faults: {kind}")
        for line in said:
            terminalreporter.write_line(line)
