"""Many questions at once: compressed denser they take one round trip, where the host reads that."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.messages.state.runs import RUNS, RunsRequest
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.payload import needed
from tests.contract.conftest import system, tool

MANY = ("trial.entry", "configuration.look", "restore.look", "guard.look", "defaults.look")
LACKING = """shift 4
exec {python} -I -S -c "import base64,sys
sys.modules['_bz2'] = None
exec(base64.b64decode(sys.argv.pop(1)))" "$@"
"""
"""A Python that was built without bz2; its own options and words are left out."""


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine be asked as a host elsewhere is, with the modules of many questions."""

    def all_needed(names: Iterable[str], *more: Any) -> frozenset[str]:  # noqa: ANN401 - as it is called
        return needed([*MANY, *names], *more)

    monkeypatch.setattr("pytest_rollback.transport.memfd.is_near", lambda _: False)
    monkeypatch.setattr("pytest_rollback.transport.connection.needed", all_needed)


def trips(python: str, place: Path) -> list[int]:
    """Return how many round trips a question takes, and the same one again."""
    connection, taken = Connection(system("local://", python=python)), []
    for _ in range(2):
        before = connection.trips
        assert connection.ask(Call(RUNS, RunsRequest(str(place / "none")))).runs == ()
        taken.append(connection.trips - before)
    connection.close()
    return taken


@pytest.mark.usefixtures("far")
def test_a_python_without_bz2_is_sent_what_it_reads(tools: Path, tmp_path: Path) -> None:
    """With bz2 one round trip; without one that is in vain, and pieces from then on."""
    lacking = tool(tools, "lacking", LACKING.format(python=sys.executable))

    assert trips(sys.executable, tmp_path) == [1, 1]
    assert trips(str(lacking), tmp_path) == [4, 3]
