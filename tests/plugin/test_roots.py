"""A system in several places: ready, rolled back, undone, rolled back again, and red when not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import PARTIAL
from tests.plugin.several import OTHERS, SeveralShop

RELEASES = ("--previous", "1", "--current", "2")


@pytest.fixture(params=[0, 3], ids=["beside", "state"])
def shop(request: pytest.FixtureRequest) -> Iterator[SeveralShop]:
    """A shop that runs its current release; its backups lie beside, or in the state directory."""
    found = SeveralShop(Path(tempfile.mkdtemp(prefix="several-")), keep=request.param)
    found.up()
    yield found
    found.down()


def test_three_places_are_rolled_back_undone_and_rolled_back_again(shop: SeveralShop) -> None:
    """What others have beside our file is left alone all the time."""
    shop.baseline()
    code, reds = shop.readiness()
    assert (code, reds) == (0, set())
    current = shop.contents()
    code, printed = shop.pytest("suites/drill", "suites/validate", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert all("previous" in path.read_text() for path in (shop.settings / "shop.json", shop.table))
    assert not (shop.settings / "extra").exists()
    left = {Path(path).name for path in shop.contents()} - {"serve.py", "shop.json", "shop", ".env"}
    assert left == {*OTHERS}

    run = str(shop.record()["run"])
    code, printed = shop.rollback("undo", run, "--arm=corner")
    assert code == 0, printed
    assert shop.contents() == current

    code, printed = shop.pytest("suites/drill", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed


def test_what_is_wrong_in_one_place_is_red(shop: SeveralShop) -> None:
    """A backup that is gone in each place, and a file that a description has elsewhere."""
    shop.baseline()
    for path in (shop.lib / "web/serve.py", shop.settings / "shop.json", shop.table):
        backup = shop.backup(path)
        text = backup.read_text()
        backup.unlink()
        code, printed = shop.rollback("ready", "-k", "backups.complete")
        assert (code, f"{path}"[1:] in printed) == (1, True), printed
        backup.write_text(text)
    code, printed = shop.rollback("save", "--dry-run", str(shop.table.parent / "other"), *RELEASES)
    assert (code, "is outside of the roots" in " ".join(printed.split())) == (1, True), printed
    shop.describe(configuration={"files": [str(shop.table.parent / "other")]})
    code, printed = shop.rollback("ready")
    assert (code, "expected a path below one of the roots" in printed) == (4, True), printed


def test_processes_are_told_by_the_places(shop: SeveralShop) -> None:
    """One that was left behind in one of them is a stranger; one beside them is none."""
    shop.baseline()
    (shop.settings / "worker.py").write_text("import time\ntime.sleep(300)\n")
    beside = shop.table.parent / "worker.py"
    beside.write_text("import time\ntime.sleep(300)\n")
    shop.left.append(subprocess.Popen([sys.executable, beside], start_new_session=True, cwd="/"))
    code, printed = shop.rollback("ready", "-k", "units.alone")
    assert code == PARTIAL, printed
    worker = [sys.executable, shop.settings / "worker.py"]
    shop.left.append(subprocess.Popen(worker, start_new_session=True, cwd="/"))
    code, printed = shop.rollback("ready", "-k", "units.alone")
    assert (code, "it runs" in printed) == (1, True), printed
    shop.calm()


def test_a_place_that_went_is_told(shop: SeveralShop) -> None:
    """A set whose files are no place's any more is not restored; a description is compared."""
    shop.describe(**shop.without(shop.settings))
    code, printed = shop.rollback("ready", "-k", "backups")
    assert code == 1, printed
    assert "outside of the roots" in " ".join(printed.split())
