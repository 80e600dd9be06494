"""A run's folder: what is in it, who can read it, and that no secret stays in it."""

from __future__ import annotations

import base64
import html
import json
import os
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import quote

import pytest

from pytest_rollback.errors import LeakFound
from pytest_rollback.evidence.redaction import Redactor
from pytest_rollback.evidence.run_folder import (
    DATA,
    JUNIT,
    REPORT,
    TIMELINE,
    SecretHit,
    scan,
    seal,
    withdraw,
)
from pytest_rollback.evidence.seal import SEALS, SUMS

SECRET = "p&s<s\"w'rd/1"  # noqa: S105 - nobody's; every writing of it differs
VALUES = {"DB_PASSWORD": SECRET}

WRITTEN = {
    "raw": SECRET.encode(),
    "json": json.dumps({"a": SECRET}).encode(),
    "html": html.escape(SECRET).encode(),
    "html twice": html.escape(html.escape(SECRET)).encode(),
    "html of json": html.escape(json.dumps({"a": SECRET})).encode(),
    "html in numbers": "".join(f"&#{ord(letter)};" for letter in SECRET).encode(),
    "url": quote(SECRET, safe="").encode(),
    "url of everything": "".join(f"%{ord(letter):02x}" for letter in SECRET).encode(),
    "base64": base64.b64encode(b"xx" + SECRET.encode() + b"yy"),
    "base64 in lines": base64.encodebytes(b"x" * 50 + SECRET.encode() + b"y"),
    "two lines": SECRET[:5].encode() + b"\r\n" + SECRET[5:].encode(),
    "utf-16": ("before " + SECRET).encode("utf-16"),
    "utf-16 at an odd place": b"x" + SECRET.encode("utf-16-be"),
}


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_secret_is_found_in_every_writing(tmp_path: Path, name: str) -> None:
    """The file with it is found, the one without is not."""
    deep = tmp_path / "deep"
    deep.mkdir()
    (deep / "bad.bin").write_bytes(b"before \xff" + WRITTEN[name] + b" after")
    (tmp_path / "good.txt").write_text("nothing here")

    assert scan(tmp_path, VALUES) == [SecretHit(deep / "bad.bin", "DB_PASSWORD")]


def test_a_leak_is_withdrawn_and_named(tmp_path: Path) -> None:
    """The file is gone; the error names file and variable, and not the value."""
    bad, good = tmp_path / "bad.txt", tmp_path / "good.txt"
    bad.write_text(f"password is {SECRET}")
    good.write_text("fine")

    with pytest.raises(LeakFound) as caught:
        withdraw(tmp_path, VALUES)

    assert (bad.exists(), good.exists()) == (False, True)
    assert "bad.txt: the value of DB_PASSWORD" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.exit_code == 8


def test_links_are_not_followed(tmp_path: Path) -> None:
    """What lies elsewhere is neither read, nor removed, nor made private."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(SECRET)
    elsewhere.chmod(0o644)
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (TIMELINE, "other"):
        (folder / name).symlink_to(elsewhere)

    seal(folder, {}, Redactor(VALUES))

    assert elsewhere.read_text() == SECRET
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o644


def test_a_word_of_the_page_is_no_leak(tmp_path: Path) -> None:
    """A password that every report holds anyway cannot be searched for."""
    (tmp_path / "report.html").write_text("What users got")

    withdraw(tmp_path, {"WEAK_PASSWORD": "users got"})


def test_a_sealed_folder_is_complete_private_and_clean(tmp_path: Path) -> None:
    """Record, timeline and JUnit are there, still what they were, without the secret."""
    folder = tmp_path / "run"
    folder.mkdir(0o755)
    lines = [{"event": "begin", "what": f"start {SECRET}"}, {"event": "end", "offset": 1.5}]
    whole = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / TIMELINE).write_text(whole + '{"cut": "off ' + SECRET)
    suite = ET.Element("testsuite", name=f"x {SECRET}")
    ET.SubElement(suite, "failure", message=SECRET).text = f"it said {SECRET} & <b>"
    (folder / JUNIT).write_text(ET.tostring(suite, encoding="unicode"))
    (folder / REPORT).write_text("<p>fine</p>")

    seal(folder, {"reasons": [SECRET], "elapsed": 41.2}, Redactor(VALUES))

    assert json.loads((folder / DATA).read_text()) == {"reasons": ["***"], "elapsed": 41.2}
    first, second, cut = (folder / TIMELINE).read_text().splitlines()
    assert json.loads(first) == {"event": "begin", "what": "start ***"}
    assert json.loads(second) == lines[1]
    assert cut == '{"cut": "off ***'
    found = ET.fromstring((folder / JUNIT).read_text())  # noqa: S314 - our own
    assert (found.get("name"), found[0].text) == ("x ***", "it said *** & <b>")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == dict.fromkeys((DATA, TIMELINE, JUNIT, REPORT), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_broken_junit_is_redacted_as_a_text(tmp_path: Path) -> None:
    """One that was cut off has no tree, and no secret either."""
    (tmp_path / JUNIT).write_text(f"<testsuite><x>{SECRET}")

    seal(tmp_path, {}, Redactor(VALUES))

    assert (tmp_path / JUNIT).read_text() == "<testsuite><x>***"


CONFTEST = """
import os, pathlib
import pytest
from pytest_rollback.evidence import redaction
from pytest_rollback.plugin import html_report as report
from pytest_rollback.run.run_record import RunRecord

@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    redactor = redaction.Redactor(redaction.of_environment(os.environ))
    folder = pathlib.Path(config.rootpath) / "run"
    if not hasattr(config, "workerinput"):
        config.sealing = report.attach(config, folder, record, redactor)

def record():
    return RunRecord(verdict="RECOVERED", reasons=(os.environ["DB_PASSWORD"],))

def pytest_sessionfinish(session):
    session.exitstatus = 0
    if "LEAK" in os.environ:
        (session.config.rootpath / "run" / "leak.txt").write_text(os.environ["DB_PASSWORD"])

def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line(f"PROBLEM: {config.sealing.problem!r}")
"""
TESTS = """
import os

def test_bad(record_property):
    record_property("evidence", os.environ["DB_PASSWORD"])
    print("it is", os.environ["DB_PASSWORD"])
    assert os.environ["DB_PASSWORD"] == "x"
"""


def session(folder: Path, *options: str, **environment: str) -> tuple[int, str]:
    """Run a small session that leaves everything behind; return its exit code and output."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_small.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    plain = ("-p", "no:rollback", "-p", "no:cacheprovider", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plain, *options],
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": "", "DB_PASSWORD": SECRET, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("-n", "1"), ("-p", "no:html")])
def test_a_session_leaves_no_secret(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Failures, output, properties and record: none in any file, and every file is there."""
    code, output = session(tmp_path, *options)
    folder = tmp_path / "run"

    assert (code, "PROBLEM: ''" in output) == (0, True), output
    assert {path.name for path in folder.iterdir()} == {
        *(DATA, JUNIT, REPORT),
        *(SEALS, SUMS),
    }
    assert scan(folder, VALUES) == []
    assert "***" in (folder / JUNIT).read_text()
    assert "***" in (folder / DATA).read_text()


def test_a_leak_ends_the_session_with_its_own_code(tmp_path: Path) -> None:
    """Whatever the verdict was: exit 8, the file gone, and the summary can say so."""
    code, output = session(tmp_path, LEAK="yes")

    assert code == 8
    assert "leak.txt: the value of DB_PASSWORD" in output
    assert not (tmp_path / "run" / "leak.txt").exists()


def test_the_operators_own_junit_is_redacted_where_he_wants_it(tmp_path: Path) -> None:
    """It stays there, and a copy is in the folder."""
    session(tmp_path, "--junitxml=mine.xml")

    assert SECRET not in html.unescape((tmp_path / "mine.xml").read_text())
    assert (tmp_path / "mine.xml").read_text() == (tmp_path / "run" / JUNIT).read_text()


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The run keeps its exit code; the summary has a sentence for it."""
    (tmp_path / "run" / DATA).mkdir(parents=True)
    code, output = session(tmp_path)

    assert code == 0
    assert "INTERNALERROR" not in output
    assert "the report is not complete: " in output
    assert "run: Is a directory" in output
    assert "HINT: df -h " in output


def test_a_page_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    """`--html=PATH` as pytest-html has it, folders and all, with our page and without secrets."""
    code, said = session(tmp_path, "--html=out/for-us.html", DB_PASSWORD="hunter2hunter2")  # noqa: S106
    theirs = (tmp_path / "out/for-us.html").read_text()

    assert (code, "PROBLEM: ''" in said) == (0, True)
    assert theirs == (tmp_path / "run/report.html").read_text()
    assert "RECOVERED" in theirs
    assert "hunter2hunter2" not in theirs


def test_a_page_elsewhere_is_never_an_old_one(tmp_path: Path) -> None:
    """What stood there from an earlier run is gone when this one begins, and where it leaks."""
    (tmp_path / "old.html").write_text("RECOVERED, last week")
    session(tmp_path, "--html=old.html", DB_PASSWORD="hunter2hunter2", LEAK="1")  # noqa: S106
    found = (tmp_path / "old.html").read_text()

    assert "last week" not in found
    assert "Not finished" in found


def test_a_page_that_cannot_be_written_elsewhere_is_told(tmp_path: Path) -> None:
    """The folder of the run is whole all the same."""
    (tmp_path / "out").write_text("a file")
    _, said = session(tmp_path, "--html=out/page.html", DB_PASSWORD="hunter2hunter2")  # noqa: S106

    assert "out/page.html cannot be written" in said
    assert "HINT: correct --html" in said
    assert "RECOVERED" in (tmp_path / "run/report.html").read_text()
