"""The report as pytest-html writes it: private, last, without secrets, never without a page."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.plugin.pytest_html_adapter import TESTED, version

if TYPE_CHECKING:
    from pathlib import Path

CONFTEST = """
import os, pathlib
import pytest
from pytest_rollback.plugin.pytest_html_adapter import HtmlReport
from pytest_rollback.plugin.html_report import configure
from pytest_rollback.run.run_record import RunRecord, TargetRecord

ENDED = []

def record():
    assert ENDED, "asked before the end"
    assert len(ENDED) == 1, "asked twice"
    ENDED.append("asked")
    return RunRecord("r1", "RECOVERED", system="shop", target=TargetRecord("here"))

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    configure(config, pathlib.Path(config.rootpath) / "reports" / "r1")
    if not hasattr(config, "workerinput"):
        redact = lambda text: text.replace("hunter2", "***")
        config.pluginmanager.register(HtmlReport(record, redact))

def pytest_sessionfinish(session):
    ENDED.append("ended")
"""
TESTS = """
import os, signal, sys

def test_good():
    print("the word is hunter2")

def test_bad():
    print("<i>hunter2</i>", file=sys.stderr)
    assert "hunter2" == "x"

def test_killed():
    if "KILL" in os.environ:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run(folder: Path, *options: str, conftest: str = CONFTEST, **environment: str) -> str:
    """Run a small session in a folder; return what it printed."""
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_small.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plain = ("-p", "no:rollback", "-p", "no:cacheprovider", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *options],
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": "", "PASSWORD": "hunter2", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Return where the session's report is written."""
    return tmp_path / "reports" / "r1" / "report.html"


def test_report_is_written_at_the_end(tmp_path: Path, report: Path) -> None:
    """The page holds what the record says when the session is over, asked for once."""
    output = run(tmp_path)
    page = report.read_text("utf-8")

    assert "2 passed" in output
    assert "INTERNALERROR" not in output
    assert "<title>RECOVERED · shop · here · r1</title>" in page
    assert "test_small.py::test_bad" in page


def test_page_is_ours_alone(tmp_path: Path, report: Path) -> None:
    """There is no script and no blob of data of pytest-html's in it."""
    run(tmp_path)
    page = report.read_text("utf-8")

    assert "<script" not in page
    assert "jsonblob" not in page
    assert page.count("<html") == 1


def test_report_holds_no_secret(tmp_path: Path, report: Path) -> None:
    """Captured output, assertions and the environment are redacted or absent."""
    run(tmp_path)
    page = report.read_text("utf-8")

    assert "the word is ***" in page
    assert "hunter2" not in page
    assert "&lt;i&gt;***&lt;/i&gt;" in page


def test_report_is_private(tmp_path: Path, report: Path) -> None:
    """Only its owner reads the report and its folder, whatever the umask."""
    run(tmp_path)

    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.parent.stat().st_mode) == 0o700


def test_symlink_is_replaced_not_followed(tmp_path: Path, report: Path) -> None:
    """A link in the place of the report does not lead pytest-html elsewhere."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    report.parent.mkdir(parents=True)
    report.symlink_to(victim)

    run(tmp_path)

    assert victim.read_text() == "precious"
    assert "RECOVERED" in report.read_text("utf-8")


def test_killed_run_says_that_it_is_not_finished(tmp_path: Path, report: Path) -> None:
    """After a kill -9 the page stands there, without a verdict."""
    run(tmp_path, KILL="now")
    page = report.read_text("utf-8")

    assert "Not finished" in page
    assert "no verdict" in page
    assert "RECOVERED" not in page


def test_report_while_running_has_no_verdict(tmp_path: Path, report: Path) -> None:
    """pytest-html's report after each test does not ask for a record that is not there yet."""
    output = run(tmp_path, "-o", "generate_report_on_test=true", KILL="now")

    assert "asked before the end" not in output
    assert "Not finished" in report.read_text("utf-8")


def test_own_style_sheet_is_added(tmp_path: Path, report: Path) -> None:
    """`--css` of pytest-html still works, and the policy allows it."""
    (tmp_path / "own.css").write_text(".banner { border: 7px solid }")

    run(tmp_path, "--css=own.css")

    assert "border: 7px solid" in report.read_text("utf-8")


def test_workers_write_nothing(tmp_path: Path, report: Path) -> None:
    """Under xdist there is one report, of all workers' tests."""
    output = run(tmp_path, "-n", "2")
    page = report.read_text("utf-8")

    assert "INTERNALERROR" not in output
    assert "RECOVERED" in page
    assert "test_small.py::test_bad" in page


def test_the_installed_version_is_one_that_was_tested() -> None:
    """The page reaches into pytest-html: a version that nobody looked at is looked at first."""
    assert version() in TESTED, (
        f"pytest-html {version()} is new to us: look at a report in a browser, see that the tests "
        "of this file pass, and add the version to TESTED in plugin/pytest_html_adapter.py"
    )


def test_a_version_that_takes_no_page_says_so(tmp_path: Path, report: Path) -> None:
    """Our sections stand on its own page; the sentence and the version that works are there."""
    conftest = (
        f"{CONFTEST}\nfrom pytest_rollback.plugin import pytest_html_adapter as adapter\n"
        "adapter.TEMPLATE = 'moved'\n"
        "def pytest_terminal_summary(terminalreporter, config):\n"
        "    for each in config.pluginmanager.get_plugins():\n"
        "        if isinstance(each, HtmlReport): terminalreporter.write_line(each.problem)\n"
    )
    said = run(tmp_path, conftest=conftest)

    assert "takes no other page" in said
    assert f"HINT: pip install 'pytest-html=={TESTED[-1]}'" in said
    assert "jsonblob" in report.read_text("utf-8")


def test_without_our_template_the_sections_are_there(tmp_path: Path, report: Path) -> None:
    """When pytest-html cannot be given our page any more, its own page holds our sections."""
    conftest = CONFTEST.replace("ENDED = []", "ENDED = []\ndel HtmlReport.pytest_sessionstart")

    run(tmp_path, conftest=conftest)
    page = report.read_text("utf-8")

    assert "jsonblob" in page
    assert "RECOVERED" in page
    assert "hunter2" not in page


def test_without_pytest_html_nothing_breaks(tmp_path: Path) -> None:
    """A session with pytest-html switched off runs as it would."""
    output = run(tmp_path, "-p", "no:html")

    assert "2 passed" in output
    assert "INTERNALERROR" not in output


@pytest.mark.parametrize("piece", ["title", "render", "render_log"])
def test_a_defect_of_the_page_keeps_the_verdict(tmp_path: Path, report: Path, piece: str) -> None:
    """What is known stands there as it is, and why the page is not whole; the session goes on."""
    conftest = f"{CONFTEST}\nfrom pytest_rollback.report.html import page\ndel page.{piece}\n"

    output = run(tmp_path, conftest=conftest)
    page = report.read_text("utf-8")

    assert "2 passed" in output
    assert "INTERNALERROR" not in output
    assert "RECOVERED</h1>" in page
    assert "has no attribute" in page
    assert "hunter2" not in page
