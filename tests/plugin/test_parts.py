"""Each part of `extras/` can be deleted: what is left still rolls a plain system back."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.run.extras import TABLES, names
from tests.architecture.scratch import copy_of, run
from tests.plugin.shop import Shop

PACKAGE = "plugins/pytest_rollback"
ON_HOST = {"database": ("agent/database",)}
"""What else goes with a part: its half on the host."""

BESIDE = {
    "database": ("tests/unit/agent/database",),
    "sandbox": ("scripts/dev/story", "scripts/dev/build_machine"),
}
"""Tests and scripts that go with a part, beside its tests in `tests/unit/extras`."""

ABOUT_ALL = (
    "--ignore=tests/unit/test_own_tests.py",  # about our tests of the parts as well
    "--deselect=tests/unit/run/test_extras.py::test_a_table_without_its_part_is_refused",
    "--deselect=tests/unit/cli/test_main.py::test_without_the_projects_python",
    "--deselect=tests/unit/agent/test_odd_hosts.py::test_somebody_without_rights_stages_for_himself",
)
"""Tests that cannot be of a copy without parts: they are about the parts, or about a package that
is installed for everybody, which a copy below a private folder is not."""


class PlainShop(Shop):
    """A shop with files and units alone: no table that a part reads."""

    def document(self) -> dict[str, Any]:
        """Return the description of nothing but the core."""
        document = super().document()
        return {name: table for name, table in document.items() if name not in TABLES}


@pytest.fixture
def shop() -> Iterator[PlainShop]:
    """A plain shop with its current release deployed and running."""
    found = PlainShop(Path(tempfile.mkdtemp(prefix="plain-")))
    found.up()
    yield found
    found.down()


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A copy of the repository."""
    return copy_of(tmp_path)


def take_away(scratch: Path, *parts: str) -> None:
    """Delete parts, and our own tests of them."""
    for part in parts:
        for place in (f"extras/{part}", *ON_HOST.get(part, ())):
            shutil.rmtree(scratch / PACKAGE / place)
        for place in (f"tests/unit/extras/{part}", *BESIDE.get(part, ())):
            gone = scratch / place
            shutil.rmtree(gone) if gone.is_dir() else gone.unlink()


def whole(scratch: Path, shop: Shop) -> tuple[int, str]:
    """Ask, roll back and validate with what is left; return the exit code and what was printed."""
    words = ("suites/readiness", "suites/drill", "suites/validate")
    target = (f"--rollback-target={shop.manifest}", "--arm=corner")
    done = run(
        scratch, "pytest", "-q", *words, *target, ROLLBACK_REPORTS=str(shop.home / "reports")
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("part", names())
def test_a_plain_system_is_rolled_back_without(part: str, scratch: Path, shop: PlainShop) -> None:
    """Readiness, drill and validation, each criterion of the core evaluated."""
    take_away(scratch, part)
    code, said = whole(scratch, shop)

    assert code == 0, said
    assert "RECOVERED in" in said
    assert (shop.root / "motto.txt").read_text() == "previous\n"


def test_the_core_alone_passes_its_tests(scratch: Path, shop: PlainShop) -> None:
    """Without any part: a rollback, and every test of what is left."""
    take_away(scratch, *names())
    code, said = whole(scratch, shop)
    own = run(scratch, "pytest", "-q", "tests/unit", "-n", "2", "-m", "not long", *ABOUT_ALL)

    assert (code, "RECOVERED in" in said) == (0, True), said
    assert own.returncode == 0, own.stdout


def test_a_table_that_nothing_reads_is_refused(scratch: Path, shop: PlainShop) -> None:
    """What is described and would not be looked at is no green: exit code 4, and the way out."""
    shop.describe(database={"name": "shop", "dump": "/no/dump"})
    take_away(scratch, "database")
    code, said = whole(scratch, shop)

    assert code == 4, said
    assert "has [database], but the part 'database' is not installed" in said
    assert "HINT: install pytest-rollback with all parts" in said


LIAR = """
from pytest_rollback.run.extra_types import ResultText
from pytest_rollback.run.hookspecs import hookimpl

@hookimpl
def pytest_rollback_ended(run):
    run.outcomes.clear()
    raise SystemExit(0)

@hookimpl
def pytest_rollback_result(result):
    return ResultText("all is well", code=0)
"""


def test_a_plugin_makes_no_bad_verdict_good(
    shop: PlainShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes outcomes away, exits with 0 and answers 0: the verdict and its code stay."""
    (tmp_path / "liar.py").write_text(LIAR)
    (shop.root / "motto.txt.prev").unlink()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code, said = shop.pytest("-p", "liar", "suites/readiness")

    assert (code, "NOT READY" in said, "READY:" in said) == (1, True, True), said
    assert "the plugin liar failed in pytest_rollback_ended: SystemExit: 0" in said
    assert "NOT MET readiness.backups.complete" in said
