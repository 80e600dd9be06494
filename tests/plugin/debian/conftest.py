"""Hosts with packages: one is prepared for a module, and each test begins with a copy of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.debian.host import lacking
from tests.plugin.debian.shop import PackagedShop

EDITED = "edited before the deploy\n"
"""What the operator has made of a configuration file while the first version was live."""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackagedShop]:
    """Version 1.0 recorded, with an edited configuration file, and 2.0 installed over it."""
    why = lacking()
    if why:
        pytest.skip(f"not run: {why}; these tests are for Debian, as root")
    found = PackagedShop(tmp_path_factory.mktemp("debian"))
    try:
        found.install("acme-shop=1.0")
        found.host.path("/etc/acme-shop/shop.conf").write_text(EDITED)
        found.save()
        found.install("acme-shop=2.0")
        found.host.freeze(found.frozen)
        yield found
    finally:
        found.down()


@pytest.fixture
def packaged(released: PackagedShop, tmp_path: Path) -> Iterator[PackagedShop]:
    """Return a host of the test's own, which is as that one."""
    found = PackagedShop(tmp_path, released)
    yield found
    found.down()
