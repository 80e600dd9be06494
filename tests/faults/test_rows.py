"""The fault table: every row is a test whose id is the row's; a row that vanished is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.faults import rows_host, rows_inputs, tracing
from tests.faults.figures import measured
from tests.faults.rows import ELSEWHERE, MACHINE, ROWS, TABLE, is_root
from tests.faults.scene import Scene

REPOSITORY = Path(__file__).parents[2]


def test_no_row_vanished() -> None:
    """Eighty rows: each is a function, a test elsewhere, or one for the machine."""
    known = [*ROWS, *ELSEWHERE, *MACHINE]
    measured(
        "fault table",
        f"{len(known)} of {len(TABLE)} rows: {len(ROWS)} here, {len(ELSEWHERE)} elsewhere, "
        f"{len(MACHINE)} on the machine ({', '.join(MACHINE)})",
    )

    assert len(TABLE) == 80
    assert sorted(known) == sorted(TABLE)
    assert {rows_host.__name__, rows_inputs.__name__} == {
        row.check.__module__ for row in ROWS.values()
    }


@pytest.fixture
def scene(place: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A deployed scene with its service manager on PATH."""
    scene = Scene(place / "home").deploy()
    monkeypatch.setenv("PATH", f"{scene.home / 'bin'}:{os.environ['PATH']}")
    return scene


@pytest.mark.parametrize("identity", sorted(ROWS))
def test_row(scene: Scene, identity: str) -> None:
    """The row holds."""
    row = ROWS[identity]
    if row.needs == "root" and not is_root():
        pytest.skip("not run: it needs root")
    if row.needs == "strace" and tracing.unavailable():
        pytest.skip(f"not run: {tracing.unavailable()}")
    row.check(scene)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """How each test ended that is a row under another name, by its node id: all in one session."""
    report = tmp_path_factory.mktemp("rows") / "junit.xml"
    nodes = sorted({node for several in ELSEWHERE.values() for node in several})
    words = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *nodes]
    done = subprocess.run(words, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert report.exists(), done.stdout + done.stderr
    return {
        f"{case.get('file')}::{case.get('name')}": _ending(case)
        for case in ET.parse(report).iter("testcase")  # noqa: S314 - our own file
    }


def _ending(case: ET.Element) -> str:
    """Return "" for a test that passed, or how it ended."""
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            return f"{kind}: {found.get('message')}"
    return ""


@pytest.mark.long  # they are among the tests that make test runs anyway
@pytest.mark.parametrize("identity", sorted(ELSEWHERE))
def test_row_elsewhere(elsewhere: dict[str, str], identity: str) -> None:
    """The test that is this row passes, in all its cases."""
    for node in ELSEWHERE[identity]:
        cases = {
            name: how
            for name, how in elsewhere.items()
            if name == node or name.startswith(f"{node}[")
        }
        assert cases, f"{node} was not run: has it another name now?"
        if all(how.startswith("skipped") for how in cases.values()):
            pytest.skip(f"not run: {next(iter(cases.values()))}")
        assert not any(how and not how.startswith("skipped") for how in cases.values()), cases


@pytest.mark.long  # it is among the tests on a machine that make test runs anyway
@pytest.mark.parametrize("identity", sorted(MACHINE))
def test_row_on_the_machine(identity: str) -> None:
    """A whole host is needed: it boots systemd and is power-cycled."""
    pytest.skip(f"not run: {MACHINE[identity]}")
