"""The shop in the middle of a guest's folder, in whose set one file is missing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guests.guest import Guest
from tests.guests.played import Played, play
from tests.plugin.installed import programs
from tests.plugin.shop import Shop


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """A shop in whose set one file is missing."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    (shop.root / "motto.txt.prev").unlink()
    yield shop
    shop.down()


@pytest.fixture(scope="session")
def wanted(shop: Shop) -> Played:
    """What comes of a folder in which nothing is set."""
    found = play(shop, Guest(), programs("editable"))
    assert (found.code, found.verdict) == (1, "NOT READY"), found.said
    assert found.rows["readiness.backups.complete shared"] == "not met", found.said
    return found
