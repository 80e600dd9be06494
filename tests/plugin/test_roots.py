"""A system in several places: ready, rolled back, undone, rolled back again, and red when not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.several import OTHERS, SeveralShop


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
