"""The report of a real drill, as its operator opens it: nothing in it is made up for the test."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.evidence.run_folder import DATA, JUNIT, REPORT, TIMELINE, scan
from tests.browser import record
from tests.plugin.shop import Shop

if TYPE_CHECKING:
    from chromium import Chromium

SECRET = "p&s<s\"w'rd/1"  # noqa: S105 - nobody's; every writing of it differs
LINE = f"ERROR {record.HOSTILE} as {SECRET}".replace("\0", "").encode("utf-8", "replace").decode()


class Hostile(Shop):
    """A shop whose till logs a hostile line when it starts, with a secret in it."""

    def up(self) -> None:
        """Start it, the till with its line."""
        self.line = self.home / "line.txt"
        self.line.write_text(LINE + "\n")
        super().up()

    def sections(self) -> list[str]:
        """Have the units log into files, and the till say its line first."""
        when = "import datetime as d, sys\nnow = d.datetime.now(d.timezone.utc).isoformat()\n"
        say = f"{when}print(now, open({str(self.line)!r}).read(), flush=True)\n"
        serve = f"exec(open({str(self.root / 'till/serve.py')!r}).read())\n"
        (self.home / "till.py").write_text(say + serve)
        commands = {"web": self.root / "web/serve.py", "till": self.home / "till.py"}
        return [
            f"[program:shop-{name}]\ncommand={sys.executable} {commands[name]} {port}\n"
            f"redirect_stderr=true\nstdout_logfile={self.home}/{name}.log\n"
            for name, port in self.ports.items()
        ]

    def document(self) -> dict[str, Any]:
        """Describe it with an edge: what its web component answers."""
        edge = {"url": f"http://127.0.0.1:{self.ports['web']}/", "interval": "50ms"}
        return {**super().document(), "edge": edge}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Return the folder of a real run: the shop is back, and its till's log is not clean."""
    shop = Hostile(Path(tempfile.mkdtemp(prefix="shop-")))
    os.environ["SHOP_PASSWORD"] = SECRET
    try:
        shop.up()
        _, printed = shop.pytest(
            "suites/drill", "suites/validate", "--arm=corner", "--incident=INC-7"
        )
        assert "report: " in printed, printed
        yield Path(printed.split("report: ")[1].splitlines()[0]).parent
    finally:
        del os.environ["SHOP_PASSWORD"]
        shop.down()


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    """Return the record of the run."""
    data: dict[str, Any] = json.loads((folder / DATA).read_text())
    return data


def test_the_verdict_is_the_runs(browser: Chromium, folder: Path, found: dict[str, Any]) -> None:
    """Verdict, minutes, incident and the reason stand at the top of the page."""
    browser.open(folder / REPORT)
    top = browser.value("document.querySelector('header').innerText")
    facts = browser.value("document.querySelector('.facts').innerText")

    assert browser.value("document.querySelector('h1').innerText") == "NOT RECOVERED"
    assert re.match(r"NOT RECOVERED after \d+m\d\ds of 15m00s", found["sentence"])
    assert " left" in top
    assert "validate.logs.clean [till]" in top
    assert "--arm=corner" in top
    assert "INC-7" in facts


def test_the_timeline_is_the_runs(browser: Chromium, folder: Path, found: dict[str, Any]) -> None:
    """Every phase is there, those that were reached have a bar, and the changes are listed."""
    browser.open(folder / REPORT)
    names = browser.value("[...document.querySelectorAll('.name')].map(t => t.textContent)")
    text = browser.value("document.querySelector('#timeline').parentElement.textContent")
    spent = sum(each["seconds"] or 0 for each in found["phases"])

    assert names == [each["name"] for each in found["phases"]]
    assert len(names) == 6
    assert spent == pytest.approx(found["elapsed"], abs=0.01)
    assert "stop shop-web" in text
    assert "start shop-web" in text


def test_users_are_the_runs(browser: Chromium, folder: Path, found: dict[str, Any]) -> None:
    """While the web component was down users got errors, before and after they got the shop."""
    browser.open(folder / REPORT)
    said = browser.value("document.querySelector('#users').parentElement.textContent")

    assert 0 < found["outage_seconds"] < found["elapsed"]
    assert found["maintenance_seconds"] == 0
    assert "as seen from the operator's machine" in said
    assert browser.value("document.querySelectorAll('svg .error').length") > 0


def test_a_hostile_log_line_stays_text(browser: Chromium, folder: Path) -> None:
    """It is on the page to be read; it runs nothing and asks nobody."""
    browser.open(folder / REPORT)
    text = browser.value("document.body.textContent")

    assert "<script>document.title='pwned'</script>" in text
    assert browser.value("document.title").startswith("NOT RECOVERED")
    assert browser.value("document.querySelectorAll('script, img, link, iframe').length") == 0
    assert browser.requests() == [(folder / REPORT).as_uri()]


def test_nothing_of_the_secret_is_left(folder: Path) -> None:
    """The line came from the host with a secret of the operator's environment: it is in no file."""
    assert scan(folder, {"SHOP_PASSWORD": SECRET}) == []
    assert "***" in (folder / REPORT).read_text("utf-8")


def test_the_folder_is_whole_and_private(folder: Path) -> None:
    """Report, data, timeline and JUnit are there; nobody else reads them or what is beside them."""
    inside = [path for path in folder.rglob("*") if not path.is_symlink()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in inside}

    assert {REPORT, DATA, TIMELINE, JUNIT} <= {path.name for path in inside}
    assert modes == {path: 0o700 if path.is_dir() else 0o600 for path in inside}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
