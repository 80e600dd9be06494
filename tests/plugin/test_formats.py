"""Formats for other machines, of real runs: files, one line for Nagios, and what JUnit is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY
from tests.plugin.shop import Shop

WITH = ("-c", "pyproject.toml", "-p", "fixtures.host")
OWN = """
from pytest_rollback.criteria import criterion

@criterion("readiness.own.met")
def test_it(): ...
"""
NO_TRACE = ("Traceback", "INTERNALERROR")


@pytest.fixture(scope="module")
def running() -> Iterator[Shop]:
    """A shop that runs its current release; no test of this file changes it."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


@pytest.fixture
def shop(running: Shop) -> Iterator[Shop]:
    """The shop, described as it should be after the test."""
    yield running
    running.describe()
    shutil.rmtree(running.reports, ignore_errors=True)


def own(folder: Path) -> str:
    """Return the path of a suite that is whole and met: one criterion."""
    suite = folder / "suites" / "readiness"
    suite.mkdir(parents=True)
    (suite / "test_own.py").write_text(OWN)
    return str(suite)


def nagios(shop: Shop, *words: str) -> tuple[int, str]:
    """Return the exit code and what is printed, of what a Nagios plugin would be called as."""
    where = (f"--rollback-target={shop.manifest}", "-o", f"rollback_reports={shop.reports}")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *where, "--rollback-format=nagios", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not any(word in done.stdout + done.stderr for word in NO_TRACE), done.stderr
    return done.returncode, done.stdout


def test_files_are_written(shop: Shop, tmp_path: Path) -> None:
    """Beside everything else, at once; the run ends as it would."""
    ours, theirs = tmp_path / "a.json", tmp_path / "a.prom"
    formats = f"--rollback-format=json:{ours},prometheus:{theirs}"
    code, printed = shop.pytest(own(tmp_path), *WITH, formats)

    assert (code, "READY (corner)" in printed) == (0, True), printed
    assert json.loads(ours.read_text())["run"] == shop.record()["run"]
    assert 'rollback_good{system="shop",target="corner"} 1\n' in theirs.read_text()

    code, printed = shop.pytest("suites/readiness/test_units.py", formats)
    assert (code, "PARTIAL: " in printed) == (14, True), printed
    assert json.loads(ours.read_text())["not_evaluated"]
    assert 'rollback_good{system="shop",target="corner"} 0\n' in theirs.read_text()


def test_a_file_that_cannot_be_written_is_told(shop: Shop, tmp_path: Path) -> None:
    """It does not pass for a good run."""
    code, printed = shop.pytest(own(tmp_path), *WITH, "--rollback-format=json:/dev/null/a.json")

    assert code == 1
    assert "/dev/null/a.json cannot be written" in printed
    assert "HINT: correct --rollback-format" in printed


def test_nagios_gets_one_line(shop: Shop, tmp_path: Path) -> None:
    """And its own exit codes: fine, red, could not look, could not begin."""
    code, printed = nagios(shop, own(tmp_path), *WITH)
    assert (code, printed.count("\n")) == (0, 1), printed
    assert printed.startswith("ROLLBACK OK - READY (corner) | not_met=0")

    code, printed = nagios(shop, "suites/readiness/test_units.py")
    assert (code, printed.count("\n")) == (3, 1), printed
    assert printed.startswith("ROLLBACK UNKNOWN - PARTIAL: ")

    document = shop.document()
    document["components"][0]["unit"] = "shop-wep"
    shop.describe(components=document["components"])
    code, printed = nagios(shop, "suites/readiness/test_units.py")
    assert (code, printed.count("\n")) == (2, 1), printed
    assert printed.startswith("ROLLBACK CRITICAL - NOT READY: ")

    shop.describe(target={"name": "corner", "connection": "local://", "python": "python9"})
    code, printed = nagios(shop, "suites/readiness/test_units.py")
    assert (code, printed.count("\n")) == (3, 1), printed
    assert "python9 was not found" in printed

    shop.describe(sytem={})
    code, printed = nagios(shop, "suites/readiness/test_units.py")
    assert (code, printed.count("\n")) == (3, 1), printed
    assert printed.startswith("ROLLBACK UNKNOWN - ")


def test_github_gets_annotations(shop: Shop, tmp_path: Path) -> None:
    """One for the verdict, one for each criterion that is red, and a page; none from the host."""
    page = tmp_path / "summary.md"
    document = shop.document()
    document["components"][0]["unit"] = "shop-wep"
    shop.describe(components=document["components"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITHUB_STEP_SUMMARY", str(page))
        words = ("--rollback-format=github", "-q", "--no-header")
        code, printed = shop.pytest("suites/readiness/test_units.py", *words)
    shown = printed.splitlines()
    token = shown[0].partition("::stop-commands::")[2]
    after = shown[shown.index(f"::{token}::") + 1 :]

    assert (code, len(token)) == (1, 32), printed
    assert after[0].startswith("::error title=rollback::NOT READY"), printed
    assert "::error title=readiness.units.startable [web]::" in printed
    assert all(each.startswith(("::error title=", "::warning title=")) for each in after)
    assert page.read_text().startswith("## NOT READY")
    assert "| not met | `readiness.units.startable [web]` |" in page.read_text()


def test_a_format_that_is_none_is_refused(shop: Shop) -> None:
    """Before anything is asked."""
    code, printed = shop.pytest("suites/readiness", "--rollback-format=xml:a")

    assert (code, "found 'xml', expected json, prometheus, nagios or github" in printed) == (
        4,
        True,
    )
    assert "HINT: for example --rollback-format" in printed


def test_junit_has_phase_budget_and_what_was_measured(shop: Shop) -> None:
    """As properties of each test case."""
    shop.pytest("suites/readiness/test_units.py", "suites/readiness/test_plans.py")
    (path,) = shop.reports.glob("*/junit.xml")
    cases = {
        (found["criterion"], found.get("component")): found
        for case in ET.parse(path).iter("testcase")  # noqa: S314 - our own file
        for found in [{p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}]
    }
    planned, listening = (
        cases["readiness.time.fits", None],
        cases["readiness.units.listening", "web"],
    )

    assert (planned["phase"], planned["budget"], planned["outcome"]) == ("prepare", "120.0", "met")
    assert "services" in planned["estimated seconds"]
    assert float(listening["seconds"]) >= 0
    assert excused(path) == {"readiness.drill.recent": "advisory"}


def excused(path: Path) -> dict[str, str]:
    """Return the criteria that JUnit's readers show as neither passed nor failed, and why."""
    (suite,) = ET.parse(path).iter("testsuite")  # noqa: S314 - our own file
    marked = [case for case in suite.iter("testcase") if case.find("skipped") is not None]
    assert suite.attrib["skipped"] == str(len(marked))
    assert suite.attrib["tests"] == str(len(list(suite.iter("testcase"))))
    return {
        each.attrib["value"]: mark.attrib["type"]
        for case in marked
        for each in case.iter("property")
        for mark in case.iter("skipped")
        if each.attrib["name"] == "criterion"
    }
