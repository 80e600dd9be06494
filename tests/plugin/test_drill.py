"""The drill on a real system: refused unless armed by name, then stopped, restored, started."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.state.runs import BeginRequest
from pytest_rollback.agent.state import runs
from pytest_rollback.recovery.lock_holder import Holder
from tests.plugin.operator import REPOSITORY
from tests.plugin.shop import NAMES, Shop

BLIND = """
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive

@criterion("drill.own.blind")
def test_it(closed):
    raise Inconclusive("too dark", hint="bring a lamp")
"""


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that runs its current release."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


def contents(shop: Shop) -> dict[str, str]:
    """Return the digest of every file below the root."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(shop.root.rglob("*"))
        if path.is_file()
    }


def test_who_comes_second_asks_the_services_nothing(shop: Shop) -> None:
    """He is refused before he looks: requests would stand in logs that the first one judges."""
    me = Holder.here("r1", "ann")
    runs.begin(BeginRequest(str(shop.state), me.run, me.by, me.process, "corner"))
    logs = {name: (shop.home / f"{name}.log").read_text() for name in NAMES}
    code, printed = shop.pytest("suites/drill", "--arm=corner")

    assert (code, "held by ann" in printed) == (12, True), printed
    assert {name: (shop.home / f"{name}.log").read_text() for name in NAMES} == logs


@pytest.mark.parametrize(
    ("words", "wanted", "said"),
    [
        ((), 13, "pass --arm=corner to allow changes"),
        (("--arm=other",), 4, "--arm=other, and the name of the target is corner"),
    ],
)
def test_an_unarmed_drill_changes_nothing(
    shop: Shop, words: tuple[str, ...], wanted: int, said: str
) -> None:
    """The gate has its own exit code and says how to open it; units and files are left alone."""
    before, running = contents(shop), shop.control("pid", "all")
    code, printed = shop.pytest("suites/drill", *words)

    assert code == wanted
    assert said in " ".join(printed.split())
    assert (contents(shop), shop.control("pid", "all")) == (before, running)


def test_a_misspelt_name_is_said_before_the_host_is_looked_at(shop: Shop) -> None:
    """Whatever else is wrong there would hide it."""
    (shop.state / "backups.json").write_text("damaged")
    code, printed = shop.pytest("suites/drill", "--arm=conrer")

    assert code == 4
    assert "--arm=conrer, and the name of the target is corner" in " ".join(printed.split())
    assert "damaged" not in printed


def test_a_worker_changes_nothing(shop: Shop) -> None:
    """Under xdist every worker would do it again, so none does, armed or not."""
    before, running = contents(shop), shop.control("pid", "all")
    code, _ = shop.pytest("suites/drill", "--arm=corner", "-n", "2")

    assert code != 0
    assert (contents(shop), shop.control("pid", "all")) == (before, running)


def test_an_armed_drill_brings_the_previous_release_back(shop: Shop) -> None:
    """Every file is the previous one, every unit runs again; the same command does nothing."""
    running = shop.control("pid", "all")
    code, printed = shop.pytest("suites/drill", "--arm=corner")

    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert all("# current" not in (shop.root / path).read_text() for path in shop.files())
    assert shop.control("status").count("RUNNING") == 2
    again = shop.control("pid", "all")
    assert again != running
    code, printed = shop.pytest("suites/drill", "--arm=corner")
    assert (code, "nothing to roll back" in printed) == (1, True), printed
    assert shop.control("pid", "all") == again


def test_a_drill_that_could_not_see_all_is_inconclusive_in_its_status(shop: Shop) -> None:
    """It has not failed: nothing was found against it; the same command looks again."""
    suite = shop.home / "suites" / "drill"
    suite.mkdir(parents=True)
    (suite / "test_blind.py").write_text(BLIND)
    code, printed = shop.pytest("suites/drill", str(suite), "--arm=corner")
    assert (code, "INCONCLUSIVE" in printed) == (10, True), printed
    asked = [sys.executable, "scripts/rollback", "status", f"--rollback-target={shop.manifest}"]
    told = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    run = told.stdout.split()[0]
    assert told.stdout.split()[1] == "inconclusive", told.stdout
    told = subprocess.run(
        [*asked, run], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ": inconclusive\n" in told.stdout
    assert "rollback now --target=" in told.stdout
    code, printed = shop.pytest("suites/drill", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    told = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    lines = [line.split()[:2] for line in told.stdout.splitlines()]
    assert lines == [[run, "recovered"], ["next:", "nothing;"]]


def test_a_part_of_a_drill_is_not_recovered(shop: Shop) -> None:
    """It ends in the middle: on the host the run stays open, and the whole drill takes it on."""
    asked = [sys.executable, "scripts/rollback", "status", f"--rollback-target={shop.manifest}"]
    code, printed = shop.pytest("suites/drill", "-k", "test_files_are_restored", "--arm=corner")
    told = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert (code, "RECOVERED" in printed) == (14, False), printed
    assert "PARTIAL: 1 of " in printed
    assert "for a verdict: " in printed
    assert "rollback drill --arm=corner --target=" in printed
    assert told.stdout.split()[1] == "inconclusive", told.stdout

    code, printed = shop.pytest("suites/drill", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed


def test_a_component_alone_leaves_the_database_and_says_so(shop: Shop) -> None:
    """Plan, end and report say it in one line, with the way to have it restored as well."""
    shop.describe(database={"name": "shop", "dump": "/nonexistent", "return": "restore"})
    hint = "HINT: to restore it, run the same command without --component"
    for words in (("--dry-run",), ("--arm=corner",)):
        code, printed = shop.pytest("suites/drill", "--component=till", *words)
        said = " ".join(printed.split())
        assert (code, said.count("the database shop is not restored")) == (0, 1), printed
        assert printed.count(hint) == 1
        assert "restore the database: nothing to do" not in printed
    assert "the database shop is not restored" in "\n".join(shop.record()["reasons"])
    shop.describe(database={"name": "shop", "dump": "/nonexistent", "return": "keep"})
    code, printed = shop.pytest("suites/drill", "--component=till", "--dry-run")

    assert (code, "is not restored" in printed) == (0, False), printed


def test_an_altered_copy_ends_the_drill_not_recovered(shop: Shop) -> None:
    """Nothing is restored from a copy that is not as recorded, and the verdict says so."""
    (shop.root / "web/serve.py.prev").write_text("altered")
    live, running = contents(shop), shop.control("pid", "all")
    code, printed = shop.pytest("suites/drill", "--arm=corner")

    assert code == 1
    assert "NOT RECOVERED" in printed
    assert "its backup has other content than recorded" in printed
    assert (contents(shop), shop.control("pid", "all")) == (live, running)


def test_a_previous_release_that_is_unwell_is_not_recovered(shop: Shop) -> None:
    """Files and units are in place, and a probe that is not answered keeps the verdict red."""
    document = shop.document()
    document["probes"]["web"]["body"] = "superb"
    document["components"][0]["start"] = "2s"
    shop.describe(probes=document["probes"], components=document["components"])
    code, printed = shop.pytest("suites/drill", "--arm=corner")

    assert code == 1
    assert "NOT RECOVERED" in printed
    assert "NOT MET drill.services.started" in printed


def test_validation_is_red_before_and_green_after(shop: Shop) -> None:
    """Before the drill the current release's files are live; after it all criteria are met."""
    shop.pytest("suites/readiness", "-k", "test_a_baseline_is_stored")
    code, printed = shop.pytest("suites/validate")
    assert (code, "validate.files.recorded" in printed) == (1, True)

    shop.pytest("suites/drill", "--arm=corner")
    code, printed = shop.pytest("suites/validate")
    assert (code, "RECOVERED (corner)" in printed) == (0, True)
    shop.control("stop", "shop-till")
    code, printed = shop.pytest("suites/validate")
    assert code == 1
    assert "validate.units.active [till]" in printed
    assert "validate.health.answers [till]" in printed
