"""A report as it is really made: a small pytest session through pytest-html, and a browser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.browser.chromium import Chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent

CONFTEST = """
import logging, pathlib, sys
import pytest
sys.path.insert(0, {here!r})
import record
from pytest_rollback.plugin.pytest_html_adapter import HtmlReport
from pytest_rollback.plugin.html_report import configure
from pytest_rollback.run.run_record import salvaged

RECORD = record.{name}()
RECORD["reasons"].append(f"<img src='{beacon}/reason'><link rel=stylesheet href='{beacon}/css'>")

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    configure(config, pathlib.Path({folder!r}))
    redact = lambda text: text.replace("hunter2", "***")
    config.pluginmanager.register(HtmlReport(lambda: salvaged(RECORD), redact))
"""
TESTS = """
import pytest, record

def test_fine():
    print(record.HOSTILE, "the password is hunter2")

@pytest.mark.parametrize("text", [record.HOSTILE.replace(chr(0), ""), "<img src='{beacon}/id'>"])
def test_bad(text):
    assert text == "hunter2", record.HOSTILE

@pytest.fixture
def broken():
    raise RuntimeError("<b>hunter2</b>")

def test_error(broken):
    pass
"""


class Made(NamedTuple):
    """A report that pytest-html wrote, and what pytest printed meanwhile."""

    path: Path
    output: str


def make(folder: Path, name: str, beacon: str = "http://127.0.0.1:9") -> Made:
    """Run a small session whose record is one of ours, and return its report."""
    values = {"here": str(HERE), "name": name, "beacon": beacon, "folder": str(folder / "reports")}
    (folder / "conftest.py").write_text(fill(CONFTEST, values))
    (folder / "test_small.py").write_text(fill(TESTS, values))
    (folder / "pytest.ini").write_text("[pytest]\n")
    plain = ("-p", "no:rollback", "-p", "no:cacheprovider", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    return Made(folder / "reports" / "report.html", done.stdout + done.stderr)


def fill(text: str, values: dict[str, str]) -> str:
    """Return a source with its values; braces of the language stay."""
    for key, value in values.items():
        text = text.replace(f"{{{key}!r}}", repr(value)).replace(f"{{{key}}}", value)
    return text


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """Return a headless browser for the whole session."""
    with Chromium() as running:
        yield running


@pytest.fixture(scope="session")
def recovered(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Return the report of a demonstration that went well."""
    return make(tmp_path_factory.mktemp("recovered"), "recovered")
