"""What a session prints: without secrets, whoever prints it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.evidence.redaction import Redactor
from pytest_rollback.plugin.output.redacted_stream import RedactedStream

CONFTEST = """
from pytest_rollback.evidence.redaction import Redactor
from pytest_rollback.plugin.output.redacted_stream import redact_terminal
def pytest_sessionstart(session):
    redact_terminal(session.config, Redactor({"MINE": "blue horse 77"}).text)
"""
FAILS = """
def test_odd():
    print("what my variable has: " + " ".join(("blue", "horse", "77")))
    said = "://".join(("postgres", "shop:hunter2hunter2@db"))
    assert said == ""
"""


def test_what_pytest_prints_of_a_failure_has_no_secret(tmp_path: Path) -> None:
    """Neither in what the test printed nor in the text of its assertion."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_odd.py").write_text(FAILS)
    command = [sys.executable, "-m", "pytest", "-rA", "--tb=line", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr

    assert done.returncode == pytest.ExitCode.TESTS_FAILED, printed
    assert "what my variable has: ***" in printed
    assert "postgres://shop:***@db" in printed
    assert "hunter2hunter2" not in printed


def test_what_is_no_secret_is_for_the_file_behind_it() -> None:
    """Lines, and everything else that a file can do."""
    file = io.StringIO()
    stream = RedactedStream(file, Redactor({"A": "hunter2hunter2"}).text)
    stream.writelines(["one\n", "is hunter2hunter2\n"])

    assert stream.write("three") == len("three")
    assert stream.getvalue() == "one\nis ***\nthree"
    assert not stream.isatty()
