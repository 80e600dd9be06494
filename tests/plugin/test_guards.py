"""What protects from a false green, and what bad input gives: one message, a hint, no traceback."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.shop import Shop

WITH = ("-c", "pyproject.toml")
CRITERION = "from pytest_rollback.criteria import criterion\nimport pytest\n"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop that runs its current release; no test of this file changes it."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


@pytest.fixture
def described(shop: Shop) -> Iterator[Shop]:
    """The shop, described as it should be after the test."""
    yield shop
    shop.describe()
    shutil.rmtree(shop.reports, ignore_errors=True)


def suite(folder: Path, body: str, name: str = "readiness") -> str:
    """Write a suite with one file of criteria; return its path."""
    place = folder / "suites" / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "test_own.py").write_text(CRITERION + body)
    return str(place)


FALSE_GREENS = {
    "a skip": (
        '@criterion("readiness.own.skipped")\ndef test_it():\n    pytest.skip("not today")\n',
        1,
        "it was skipped; a skipped criterion is not met",
    ),
    "a skip mark": (
        '@criterion("readiness.own.skipped")\n@pytest.mark.skip\ndef test_it():\n    pass\n',
        1,
        "it was skipped; a skipped criterion is not met",
    ),
    "an expected failure": (
        '@criterion("readiness.own.failing")\n@pytest.mark.xfail\ndef test_it():\n    assert 0\n',
        1,
        "NOT MET readiness.own.failing",
    ),
    "nothing to check": (
        (
            '@criterion("readiness.own.empty")\n@pytest.mark.parametrize("n", [])\n'
            "def test_it(n):\n    pass\n"
        ),
        4,
        "Empty parameter set",
    ),
    "no id": ("def test_it():\n    pass\n", 4, "has no criterion id"),
    "a bug of the criterion's own": (
        '@criterion("readiness.own.buggy")\ndef test_it():\n    assert {}["x"]\n',
        1,
        "NOT MET readiness.own.buggy",
    ),
    "could not look": (
        (
            "from pytest_rollback.errors import Inconclusive\n"
            '@criterion("readiness.own.blind")\ndef test_it():\n'
            '    raise Inconclusive("too dark", hint="bring a lamp")\n'
        ),
        10,
        "INCONCLUSIVE readiness.own.blind",
    ),
}


@pytest.mark.parametrize("name", FALSE_GREENS)
def test_no_false_green(described: Shop, tmp_path: Path, name: str) -> None:
    """What was not checked is not met, whatever kept it from being checked."""
    body, wanted, said = FALSE_GREENS[name]
    code, printed = described.pytest(suite(tmp_path, body), *WITH)

    assert (code, said in printed) == (wanted, True), printed


def waived(shop: Shop, until: dt.date) -> None:
    """Declare that the one criterion of the next suite may fail until a day."""
    row = {"criterion": "readiness.own.broken", "owner": "ops", "reason": "known", "until": until}
    shop.describe(waivers=[row])


def test_a_waiver_of_no_criterion_is_refused(described: Shop, tmp_path: Path) -> None:
    """It would excuse nothing today, and who knows what later."""
    waived(described, dt.datetime.now(dt.UTC).date())
    other = suite(tmp_path, '@criterion("readiness.own.other")\ndef test_it():\n    assert 1\n')
    code, printed = described.pytest(other, *WITH)

    assert (code, "a waiver of readiness.own.broken: there is no such" in printed) == (4, True)


def test_a_waiver_holds_until_the_end_of_its_last_day(described: Shop, tmp_path: Path) -> None:
    """Today it excuses; yesterday it did, and says so."""
    broken = suite(tmp_path, '@criterion("readiness.own.broken")\ndef test_it():\n    assert 0\n')
    today = dt.datetime.now(dt.UTC).date()
    waived(described, today)
    code, printed = described.pytest(broken, *WITH)
    assert (code, "WAIVED readiness.own.broken" in printed) == (0, True), printed

    waived(described, today - dt.timedelta(days=1))
    code, printed = described.pytest(broken, *WITH)
    assert (code, "EXPIRED" in printed) == (1, True), printed


def test_each_suite_reads_the_host_anew(described: Shop, tmp_path: Path) -> None:
    """What readiness saw is not what validate is told."""
    body = (
        "import os, pathlib\nfrom pytest_rollback.fixtures.facts import fact\n"
        "@fact\ndef seen():\n    return len(os.listdir({folder!r}))\n"
        '@criterion("{name}.own.seen")\n'
        "def test_it(seen):\n    pathlib.Path({folder!r}, '{name}').touch()\n"
        "    assert seen == {number}\n"
    )
    folder = tmp_path / "seen"
    folder.mkdir()
    places = [
        suite(tmp_path, body.format(folder=str(folder), name=name, number=number), name)
        for number, name in enumerate(("readiness", "validate"))
    ]
    code, printed = described.pytest(*reversed(places), *WITH, "--import-mode=importlib")

    assert code == 0, printed


BAD_INPUT = {
    "no such file": ((), 4, "cannot be read"),
    "no such component": (("--component=wep",), 4, "there is no component wep"),
    "an option that is none": (("--arn=corner",), 4, "unrecognized arguments"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_gives_one_message(described: Shop, name: str) -> None:
    """One message with the way out, the exit code of its kind, and no traceback."""
    words, wanted, said = BAD_INPUT[name]
    if name == "no such file":
        described.manifest = described.home / "missing.toml"
    code, printed = described.pytest("suites/readiness", *words)

    assert (code, said in printed, "Traceback" in printed) == (wanted, True, False), printed


def test_a_typo_in_the_description_ends_it_at_once(described: Shop) -> None:
    """Every problem is named with its key, and nothing is asked of the host."""
    document = described.document()
    document["components"][0]["helth"] = document["components"][0].pop("health")
    document["system"]["root"] = "srv"
    described.describe(**document)
    code, printed = described.pytest("suites/drill", "--arm=corner")

    assert code == 4
    assert "components[0].helth: unknown key; did you mean 'health'?" in printed
    assert "system.root: found 'srv'" in printed
    assert "HINT" in printed
    assert "Traceback" not in printed


def test_a_host_that_cannot_be_reached_has_its_own_code(described: Shop) -> None:
    """Every criterion says why once, with the way out."""
    described.describe(target={"name": "corner", "connection": "local://", "python": "python9"})
    code, printed = described.pytest("suites/readiness")

    assert code == 7
    assert printed.count("python9 was not found") == 1
    assert "Traceback" not in printed
