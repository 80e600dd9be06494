"""A verdict is that of whole suites: whoever evaluates less gets none that is good."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import PARTIAL
from tests.plugin.operator import criteria
from tests.plugin.store import Store

READINESS, BACKUPS = "suites/readiness", "suites/readiness/test_backups.py"
ONE = f"{BACKUPS}::test_every_file_has_its_copy"
WITH = ("-c", "pyproject.toml")
SAID = re.compile(r"PARTIAL: (\d+) of (\d+) criteria were evaluated \(corner\)")
BEHIND = re.compile(r"NOT READY: .* \(corner\) \((\d+) of (\d+) criteria evaluated\)")


@pytest.fixture(scope="module")
def running() -> Iterator[Store]:
    """A store that is ready, for all tests of this file."""
    store = Store(Path(tempfile.mkdtemp(prefix="store-")))
    store.up()
    yield store
    store.down()


@pytest.fixture
def store(running: Store) -> Iterator[Store]:
    """The same store, described as it should be after the test."""
    yield running
    running.describe()
    os.environ.pop("PYTEST_ADDOPTS", None)
    shutil.rmtree(running.reports, ignore_errors=True)


@pytest.fixture(scope="module")
def rows(running: Store) -> int:
    """How many rows the whole suite has."""
    running.readiness()
    return len(running.record()["criteria"])


LESS = {
    "-k": (READINESS, "-k", "backups"),
    "-k with an id": (READINESS, "-k", "readiness.backups.intact"),
    "-k with a component": (READINESS, "-k", "web"),
    "--ignore": (READINESS, f"--ignore={BACKUPS}"),
    "--ignore-glob": (READINESS, "--ignore-glob=*/test_back*"),
    "one file": (BACKUPS,),
    "a node id": (ONE,),
    "one row of each": (f"{ONE}[web]", READINESS, "-k", "not till"),
    "--deselect": (READINESS, f"--deselect={BACKUPS}"),
    "-k in two processes": (READINESS, "-k", "backups", "-n", "2"),
}


@pytest.mark.parametrize("way", LESS)
def test_less_than_the_suite_is_partial(store: Store, rows: int, way: str) -> None:
    """All of it is met, and it is no READY: the verdict says how much was evaluated."""
    code, printed = store.pytest(*LESS[way])
    record, said = store.record(), SAID.search(printed)

    assert (code, bool(said)) == (PARTIAL, True), printed
    assert said is not None
    evaluated, total = map(int, said.groups())
    assert 0 < evaluated == len(record["criteria"]) < total == rows
    assert record["verdict"] == "PARTIAL"
    left = {each.split()[0] for each in record["not_evaluated"]}
    assert left
    assert left <= criteria("readiness")
    assert f"not evaluated: {record['not_evaluated'][0]}" in " ".join(printed.split())
    assert "READY" not in printed


def test_the_environment_takes_nothing_away(store: Store, rows: int) -> None:
    """What PYTEST_ADDOPTS selects is for other tests: the whole suite is evaluated."""
    os.environ["PYTEST_ADDOPTS"] = "-k backups -m slow"
    code, printed = store.pytest(READINESS, "-o", "python_files=test_u*.py", "-o", "timeout=1")

    assert (code, "READY (corner)" in printed) == (0, True), printed
    assert len(store.record()["criteria"]) == rows


@pytest.mark.parametrize("words", [("-x",), ("--maxfail=1",), ("-k", "units")])
def test_what_is_not_met_stays_so(store: Store, words: tuple[str, ...]) -> None:
    """The bad verdict, with how much was evaluated behind it."""
    components = store.document()["components"]
    components[0]["unit"] = "shop-wep"
    store.describe(components=components)
    code, printed = store.pytest(READINESS, *words)
    said = BEHIND.search(printed)

    assert (code, bool(said)) == (1, True), printed
    assert said is not None
    assert int(said[1]) < int(said[2])
    assert store.record()["not_evaluated"]


def test_the_whole_is_ready(store: Store) -> None:
    """In one process, in two, and for one component: nothing is said to be left out."""
    for words in ((), ("-n", "2"), ("--component=web",)):
        code, printed = store.pytest(READINESS, *words)

        assert (code, "READY" in printed, "PARTIAL" in printed) == (0, True, False), printed
        assert store.record()["not_evaluated"] == []
    assert "READY (web) (corner)" in printed


def test_each_suite_of_a_call_has_to_be_whole(store: Store) -> None:
    """One file of the second suite makes the first one's READY none."""
    code, printed = store.pytest(READINESS, "suites/drill", "--dry-run", f"--ignore={BACKUPS}")

    assert (code, "REHEARSED" in printed) == (PARTIAL, False), printed
    code, printed = store.pytest("suites/drill", "--dry-run", "-k", "nothing")
    assert (code, "REHEARSED" in printed) == (0, True), printed


def test_isolation_without_a_drill_is_a_usage_error(store: Store) -> None:
    """There is nothing that it could declare to be the whole."""
    code, printed = store.pytest(READINESS, "--isolate")

    assert (code, "--isolate is of a drill" in printed) == (4, True), printed


END = "os.kill(os.getpid(), signal.SIGINT)"
OWN = """
import os, signal
from pytest_rollback.criteria import criterion
@criterion("readiness.own.ends")
def test_a(): {ends}
@criterion("readiness.own.follows")
def test_b(component): ...
"""
ENDS = {
    "whole": ("...", (), 0, "READY (corner)"),
    "interrupted": (END, (), 2, "NOT READY: interrupted (corner) (0 of 3 criteria"),
    "stopped": (
        "assert 0",
        ("-x",),
        1,
        "NOT READY: 1 of 1 criterion failed (corner) (1 of 3 criteria",
    ),
    "stopped in two processes": ("assert 0", ("-x", "-n", "2"), 1, "NOT READY: 1 of"),
    "a worker died": ("os._exit(3)", ("-n", "2"), 14, "PARTIAL: 2 of 3 criteria were evaluated"),
    "cannot be read": ("(", (), 4, "NOT READY: 1 of 1 criterion failed (corner)"),
    "skipped": ("__import__('pytest').skip()", (), 1, "NOT READY: 1 of 3 criteria failed (corner)"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_suite_that_ends_early_is_not_whole(store: Store, tmp_path: Path, end: str) -> None:
    """What was not reached is missing, also where pytest itself saw nothing fail."""
    ends, words, wanted, said = ENDS[end]
    suite = tmp_path / "suites" / "readiness"
    suite.mkdir(parents=True)
    (suite / "test_own.py").write_text(OWN.format(ends=ends))
    code, printed = store.pytest(str(suite), *WITH, *words)

    assert (code, said in printed) == (wanted, True), printed
