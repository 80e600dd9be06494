"""What make test and make test-all run: together every test but the long ones; the rest is told."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.chosen import MACHINE, SHOWN, SLOW
from tests.slow_tests import SLOW_TESTS

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module."""
    path = str(REPOSITORY / "scripts/dev/own_tests")
    loader = importlib.machinery.SourceFileLoader("own_tests", path)
    spec = importlib.util.spec_from_loader("own_tests", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    sys.modules["own_tests"] = module
    loader.exec_module(module)
    return module


def collected(*words: str) -> set[str]:
    """Return the tests that pytest would run."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *words]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return {line for line in done.stdout.splitlines() if "::" in line}


@pytest.fixture(scope="module")
def quick(script: ModuleType) -> set[str]:
    """What make test runs."""
    return collected("-m", script.QUICK, "tests")


@pytest.fixture(scope="module")
def slow(script: ModuleType) -> set[str]:
    """What make test-all runs."""
    return collected("-m", script.SLOW, "tests")


def test_every_file_of_tests_is_run(script: ModuleType, quick: set[str], slow: set[str]) -> None:
    """None is left out by both commands; only single tests are, which are marked for it."""
    run = quick | slow
    files = {each.partition("::")[0] for each in run}
    there = {str(p.relative_to(REPOSITORY)) for p in REPOSITORY.glob("tests/**/test_*.py")}
    left = {word for word in script.OTHERS if word.startswith("--ignore=")}

    machine = {"tests/machine/test_live_units.py", "tests/machine/test_running.py"}
    guests = {
        f"tests/guests/test_{name}.py" for name in ("beside", "index", "projects", "settings")
    }
    engine = (
        *("described", "described_units", "drill", "images", "mixed", "project", "sandbox"),
        "units",
    )
    containers = {f"tests/containers/test_{name}.py" for name in engine}
    drills = {
        *(f"tests/plugin/debian/test_{name}.py" for name in ("drill", "mixed")),
        *("tests/plugin/test_migrated_data.py", "tests/fleet/test_balanced.py"),
        "tests/fleet/test_machines.py",
        "tests/shapes/test_machine.py",
    }
    kills = {
        "tests/unit/agent/database/previous/test_behind_a_link.py",
        "tests/unit/recovery/test_killed.py",
    }
    long = machine | guests | containers | drills | kills
    assert there - files == {"tests/faults/test_mutants.py", *long}
    assert (script.QUICK, script.SLOW) == ("not slow and not long", "slow and not long")
    assert not quick & slow
    assert script.OTHERS[0] == "tests"
    assert left == {f"--ignore={folder}" for folder in (*script.FAULTS, *script.MACHINE)}
    chosen = {f"tests/machine/{file}::{name}" for file, names in MACHINE.items() for name in names}
    assert {each for each in run if each.startswith("tests/machine/")} == chosen


def test_what_is_slow_is_chosen_in_one_place(quick: set[str], slow: set[str]) -> None:
    """Units that are killed at each step, contracts of a machine, recipes; what is shown is not."""
    functions = {each.partition("[")[0] for each in quick}
    shown = {f"{file}::{name}" for file, names in SHOWN.items() for name in names}

    assert shown <= quick | functions
    assert {each.partition("::")[0] for each in quick} >= set(SHOWN)
    alone = tuple(f"{folder}/" for folder in SLOW)
    single = {each for each in slow if "/unit/" in each and not each.startswith(alone)}
    named = {f"{file}::{name}" for file, names in SLOW_TESTS.items() for name in names}
    assert {each for each in single if not named & {each, each.partition("[")[0]}} == set()
    assert named <= slow | {each.partition("[")[0] for each in slow}
    folders = {"architecture", "contract", "unit", *(folder.split("/")[1] for folder in SLOW)}
    assert {each.split("/")[1] for each in slow} == folders
    assert not [
        each for each in quick if "contract" in each and ("[machine" in each or "[podman" in each)
    ]


RESULTS = """<testsuites><testsuite>
<testcase name="a"><skipped type="pytest.skip" message="not run: no disk here">a</skipped>
</testcase>
<testcase name="b"><skipped type="pytest.skip" message="not run: no disk here">b</skipped>
</testcase>
<testcase name="c"/>
</testsuite></testsuites>"""


def test_the_last_line_says_what_was_not_run(script: ModuleType, tmp_path: Path) -> None:
    """What was left for another command; what this host cannot run; a part that ended too early."""
    there, gone = tmp_path / "a.xml", tmp_path / "b.xml"
    there.write_text(RESULTS)
    parts = [script.Part("of this", (), there), script.Part("of that", (), gone)]
    left = (script.LEFT_SLOW, script.LONG)
    rest = (
        "the slow ones: make test-all; "
        "the long ones: make sessions, make machine-test, make faults, make sabotage, make guests"
    )

    assert script.not_run(parts[:1], *left) == f"NOT RUN: 2 tests: no disk here; {rest}"
    assert script.not_run(parts, *left) == (
        f"NOT RUN: all tests of that: see above; 2 tests: no disk here; {rest}"
    )


def test_without_an_engine_its_tests_are_told_to_be_not_run(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them, with the reason and what brings one; the rest of the part is run and passes."""
    for tool in ("git", "env", "bash"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tmp_path))
    part = script.Part(
        "on a machine", ("tests/machine", "-m", script.SLOW), tmp_path / "results.xml"
    )
    log = tmp_path / "log"
    fine = script.on_machine(part, log)
    needing = sum(len(names) for file, names in MACHINE.items() if file != "test_life.py")

    assert fine, log.read_text()
    assert script.not_run([part], script.LEFT_QUICK, script.LONG).startswith(
        f"NOT RUN: {needing} tests: the machine sandbox needs podman, which is not installed; "
        "apt-get install podman runc containernetworking-plugins debootstrap; the quick ones: "
    )
