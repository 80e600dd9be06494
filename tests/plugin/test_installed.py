"""Installed from a wheel, from an sdist or editable: the same criteria, commands and verdicts."""

from __future__ import annotations

import re
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guests.guest import Guest
from tests.plugin.installed import WAYS, called, distribution, sdist
from tests.plugin.operator import REPOSITORY, last_record
from tests.plugin.shop import Shop

SUITES = ("suites/triage", "suites/readiness", "suites/drill", "suites/validate", "suites/monitor")
COUNT = re.compile(r"(NOT READY|READY|PARTIAL|INCONCLUSIVE)[^\n]*\(corner\)")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """A shop in whose set one file is missing."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    (shop.root / "motto.txt.prev").unlink()
    yield shop
    shop.down()


def shipped() -> set[str]:
    """Return what the checkout has of suites, fixtures and the village."""
    return {
        path.relative_to(REPOSITORY).as_posix()
        for place in ("suites", "fixtures")
        for path in (REPOSITORY / place).rglob("*")
        if path.is_file() and not {"__pycache__", ".ruff_cache"} & set(path.parts)
    }


def test_the_wheel_and_the_sdist_have_everything() -> None:
    """Each file of the suites, the fixtures and the village, below the package; and no other."""
    wheels = {way: zipfile.ZipFile(distribution(way)).namelist() for way in ("wheel", "sdist")}
    package = "pytest_rollback/"
    with tarfile.open(sdist()) as archive:
        inside = {name.partition("/plugins/")[2] for name in archive.getnames()}

    for listed in (*wheels.values(), inside):
        files = {name.removeprefix(package) for name in listed if name.startswith(package)}
        assert shipped() <= files, shipped() - files
        assert {"rollback.toml", "manifest/rollback.schema.json", "py.typed"} <= files
    assert sorted(wheels["wheel"]) == sorted(wheels["sdist"])
    assert {name.split("/")[0].partition("-")[0] for name in wheels["wheel"]} == {"pytest_rollback"}


def test_every_way_has_the_same_criteria_and_commands(tmp_path: Path) -> None:
    """In an empty folder, under the ids that they have in the checkout."""
    words = (*SUITES, "--rollback-target=sandbox", "--collect-only", "-q")
    found = {way: called(way, tmp_path, "pytest", *words) for way in WAYS}
    lists = {
        way: re.findall(r"^suites/\S+", said, re.MULTILINE) for way, (_, said) in found.items()
    }
    helps = {called(way, tmp_path, "rollback", "--help") for way in WAYS}

    assert len(lists["editable"]) > 100, found["editable"]
    assert lists["wheel"] == lists["sdist"] == lists["editable"], found["wheel"]
    assert len(helps) == 1
    assert list(tmp_path.iterdir()) in ([], [tmp_path / ".pytest_cache"])


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_folder_is_told_what_is_missing(way: str, tmp_path: Path) -> None:
    """One message, with the way out."""
    code, said = called(way, tmp_path, "pytest", "suites/readiness")

    assert (code, "Traceback" in said) == (4, False), said
    assert "rollback.toml: cannot be read" in said
    assert "rollback init writes one about this host" in said


def test_a_verdict_names_what_can_be_called(shop: Shop) -> None:
    """From a wheel a hint names no script of a clone; the report lies beside rollback.toml."""
    code, said = called("wheel", shop.home, "pytest", "suites/readiness")

    assert code == 1, said
    assert "NOT READY" in said
    assert "scripts/" not in said
    assert "rollback save" in said
    assert last_record(shop.home / "reports")["verdict"] == "NOT READY"
    code, said = called("wheel", shop.home, "rollback", "report", "verify")
    assert "UNCHANGED" in said or "NOT PROVEN" in said, said


OURS = """
import pytest
from pytest_rollback.criteria import criterion

@criterion("readiness.own.asked")
def test_own(system):
    assert system.about.name == "shop"

@criterion("readiness.own.once")
def test_once(request):
    seen = request.config.rootpath / "seen"
    known = seen.exists()
    seen.touch()
    assert known
"""
THEIRS = """
def test_theirs(dump): assert dump == 'theirs'
def test_fails(system): assert system == 'ours'
"""
NAMES = ("backups", "dump", "files", "system", "connection", "units", "saved", "scope", "request_")
CONFTEST = "import pytest\n" + "".join(
    f"@pytest.fixture\ndef {name}(): return 'theirs'\n" for name in NAMES
)
AGAIN = """
import random, pytest
from _pytest.runner import runtestprotocol
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    for _ in range(3):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for each in reports:
        each.outcome = "passed"
        item.ihook.pytest_runtest_logreport(report=each)
    return True
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items): random.shuffle(items)
"""


def counts(shop: Shop) -> tuple[str, dict[tuple[str, str | None], str]]:
    """Return verdict and outcomes of the last run."""
    record = last_record(shop.home / "reports")
    rows = {(each["id"], each["component"]): each["outcome"] for each in record["criteria"]}
    return record["verdict"], rows


@pytest.fixture
def own(shop: Shop) -> Iterator[Path]:
    """The shop's folder with a suite of its own, and a test of somebody else."""
    beside = {"suites/readiness/test_backups.py": OURS, "test_theirs.py": THEIRS}
    with Guest(files={"conftest.py": CONFTEST, **beside}).at(shop.home):
        yield shop.home


def test_a_folders_own_criteria_are_evaluated_beside(shop: Shop, own: Path) -> None:
    """Also in a file of the same name as one that ships; a guest's test keeps its fixtures."""
    code, said = called("wheel", own, "pytest", "suites/readiness", "test_theirs.py", "-v")
    outcomes = counts(shop)[1]

    assert code == 1, said
    assert outcomes["readiness.own.asked", None] == "met", said
    assert outcomes["readiness.backups.complete", "shared"] == "not met", said
    assert re.search(r"test_theirs.py::test_theirs PASSED", said), said
    assert "assert 'theirs' == 'ours'" in said, said
    assert "suites/readiness/test_backups.py::test_own" in said


def test_the_first_outcome_counts(shop: Shop, own: Path) -> None:
    """Of a criterion that fails once, where a plugin runs each test three times."""
    (own / "conftest.py").write_text(AGAIN)
    (own / "seen").unlink(missing_ok=True)
    code, said = called("wheel", own, "pytest", "suites/readiness/test_backups.py::test_once")

    assert (code, counts(shop)[1]) == (1, {("readiness.own.once", None): "not met"}), said


def test_one_of_a_file_can_be_named(shop: Shop) -> None:
    """By the id that the summary shows, and what there is not is refused."""
    one = "suites/readiness/test_backups.py::test_every_file_has_its_copy"
    code, said = called("wheel", shop.home, "pytest", one)
    assert {each[0] for each in counts(shop)[1]} == {"readiness.backups.complete"}, said
    assert code == 1

    code, said = called("wheel", shop.home, "pytest", f"{one}s")
    assert (code, "not found: " in said) == (4, True), said


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_the_story_from_an_empty_folder(way: str, tmp_path: Path) -> None:
    """Readiness, drill and validation of a sandbox: nothing but the package was there."""
    words = ("suites/readiness", "suites/drill", "suites/validate", "--rollback-target=sandbox")
    code, said = called(way, tmp_path, "pytest", "-q", *words)

    assert code == 0, said
    assert "RECOVERED in" in said
    assert last_record(tmp_path / "reports")["verdict"] == "RECOVERED"


@pytest.mark.long
def test_the_commands_of_the_story_are_there_without_a_clone(tmp_path: Path) -> None:
    """A sandbox is deployed, broken and rolled back, and the run is looked at, by `rollback`."""
    with tempfile.TemporaryDirectory(prefix="r-") as short:  # sockets have short paths
        Path(short).chmod(0o1777)  # the database runs as somebody else

        def rollback(*words: str) -> str:
            code, said = called("wheel", tmp_path, "rollback", *words, TMPDIR=short)
            assert code in {0, 10}, said  # 10: nobody has signed, and the host was not asked
            assert "scripts/" not in said
            return said

        try:
            assert "rollback sandbox break NAME" in rollback("sandbox", "up")
            rollback("sandbox", "break", "crash-loop")
            target = "--rollback-target=sandbox"
            assert "RECOVERED by rollback in" in rollback(
                "now", target, "--impact=30%", "--arm=sandbox"
            )
            assert "recovered" in rollback("status", target)
            rollback("report", "verify")
            assert "RECOVERED" in rollback("report", "postmortem")
            assert str(tmp_path / "reports") in rollback("report", "list")
        finally:
            rollback("sandbox", "down")
