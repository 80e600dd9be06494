"""Sessions that are not ours: the plugin is installed, and changes nothing about them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.plugin.operator import HEEDING, REPOSITORY

TEST = "def test_a(): assert 1 == {}\n"
SIGNALS = """
import signal
def test_a():
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


def session(home: Path, *words: str) -> tuple[int, str]:
    """Run pytest in a folder of somebody else; return its exit code and what it printed."""
    done = subprocess.run(
        [*HEEDING, sys.executable, "-m", "pytest", *words],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("words", [(), ("tests/suites",), ("tests/suites/test_x.py",), (".",)])
def test_a_folder_called_suites_is_nobodys(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Its tests pass, fail with a traceback, and handle signals as without us."""
    suites = tmp_path / "tests/suites"
    suites.mkdir(parents=True)
    (tmp_path / "rollback.toml").write_text("not read")
    (suites / "test_x.py").write_text(SIGNALS)
    code, printed = session(tmp_path, *words)
    assert (code, "1 passed" in printed, "rollback target" in printed) == (0, True, False), printed

    (suites / "test_x.py").write_text(TEST.format(2))
    code, printed = session(tmp_path, *words)
    assert (code, "assert 1 == 2" in printed) == (1, True), printed
    assert "FAILED tests/suites/test_x.py" in printed, printed
    assert not (tmp_path / "reports").exists()


OPTIONS = ("--live", "--security", "--component", "--arm", "--dry-run", "--soak", "--scenario")
CONFTEST = """
def pytest_addoption(parser):
    for name in {options}:
        parser.addoption(name, default="none")
"""


def test_a_conftest_has_its_own_options(tmp_path: Path) -> None:
    """Of the same names as ours: they work as it declares them."""
    (tmp_path / "conftest.py").write_text(CONFTEST.format(options=OPTIONS))
    (tmp_path / "test_x.py").write_text(
        "def test_a(pytestconfig): assert pytestconfig.getoption('--live') == 'yes'\n"
    )
    code, printed = session(tmp_path, "--live=yes", "--component=a", "--component=b")
    assert (code, "1 passed" in printed) == (0, True), printed

    code, printed = session(tmp_path, "--nosuch")
    assert (code, "rollback" in printed.replace(str(tmp_path), "")) == (4, False), printed


def test_both_work_beside_each_other(tmp_path: Path) -> None:
    """Criteria of ours below such a conftest take the long name."""
    suite = tmp_path / "suites/readiness"
    suite.mkdir(parents=True)
    (tmp_path / "conftest.py").write_text(CONFTEST.format(options=OPTIONS))
    (suite / "test_own.py").write_text(
        "from pytest_rollback.criteria import criterion\n"
        "@criterion('readiness.own.asked')\n"
        "def test_a(pytestconfig): assert pytestconfig.getoption('--component') == 'theirs'\n"
    )
    where = f"--rollback-target={REPOSITORY / 'rollback.toml'}"
    words = (str(tmp_path / "suites"), where, "--component=theirs", "--rollback-component=gateway")
    code, printed = session(tmp_path, *words, "--incident=1")
    assert (code, "READY (gateway)" in printed) == (0, True), printed

    code, printed = session(tmp_path, *words, "--rollback-component=gatway")
    assert (code, "there is no component gatway" in printed) == (4, True), printed


def test_the_tests_of_a_guest_keep_their_exit_code(tmp_path: Path) -> None:
    """A test of theirs that fails beside criteria that are met makes no good session."""
    suite = tmp_path / "suites/readiness"
    suite.mkdir(parents=True)
    (suite / "test_own.py").write_text(
        "from pytest_rollback.criteria import criterion\n"
        "@criterion('readiness.own.asked')\ndef test_a(): ...\n"
    )
    (tmp_path / "test_x.py").write_text(TEST.format(2))
    where = f"--rollback-target={REPOSITORY / 'rollback.toml'}"

    code, printed = session(tmp_path, str(tmp_path / "suites"), "test_x.py", where)
    assert (code, "READY" in printed) == (1, True), printed


def test_a_signal_while_our_session_begins_is_one_line(tmp_path: Path) -> None:
    """Nothing was asked yet: no traceback, exit code 2."""
    suite = tmp_path / "suites/readiness"
    suite.mkdir(parents=True)
    (suite / "test_own.py").write_text("from pytest_rollback.criteria import criterion\n")
    (tmp_path / "conftest.py").write_text("print('here', flush=True)\nimport time; time.sleep(9)\n")
    process = subprocess.Popen(
        [*HEEDING, sys.executable, "-m", "pytest", "-s", "suites"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)

    assert (process.returncode, "nothing was changed\nHINT: " in said, "Traceback" in said) == (
        2,
        True,
        False,
    ), said
