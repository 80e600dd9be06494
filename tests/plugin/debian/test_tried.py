"""What comes back with a package is tried as it will be, and not as it is live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.debian.archive import Package, shop
from tests.plugin.debian.host import lacking
from tests.plugin.debian.shop import PackagedShop

ROOT = "/usr/lib/acme-shop"
LOOKED = ("suites/readiness", "-k", "test_tree or test_configuration")


class TriedShop(PackagedShop):
    """The shop with a library that is tried, and settings among its configuration files."""

    def document(self) -> dict[str, Any]:
        """Return the shop's description."""
        whole = super().document()
        (component,) = whole["components"]
        component |= {"imports": ["lib"], "directory": "."}
        return {**whole, "configuration": {"files": ["settings.json"]}}

    def version(self, name: str, lib: str, settings: str, **more: str) -> Package:
        """Return a version with a library and settings."""
        made = shop(name, self.program)
        files = {"lib.py": lib, "settings.json": settings, **more}
        made.files |= {f"{ROOT}/{path}": text for path, text in files.items()}
        made.conffiles += (f"{ROOT}/settings.json",)
        return made


@pytest.fixture
def live(tmp_path: Path) -> Iterator[TriedShop]:
    """Version 1.0 recorded, and 2.0 over it, which cannot be imported and has broken settings."""
    why = lacking()
    if why:
        pytest.skip(f"not run: {why}; these tests are for Debian, as root")
    found = TriedShop(tmp_path)
    good = {"lib": "import json\n", "settings": "{}\n"}
    bad = {"lib": "import only_in_three\n", "settings": '{"a": \n'}
    try:
        found.publish(
            found.version("1.0", **good),
            found.version("2.0", **bad),
            found.version("3.0", **good, **{"only_in_three.py": ""}),
        )
        found.update()
        found.release()
        yield found
    finally:
        found.down()


def test_the_version_of_the_archive_is_tried(live: TriedShop) -> None:
    """A bad version is no reason against its own rollback, a bad previous one is."""
    _, printed = live.pytest(*LOOKED)
    assert set(live.outcomes().values()) == {"met"}, printed

    live.rollback("save", "--replace", "--current=3.0")
    live.install("acme-shop=3.0")
    _, printed = live.pytest(*LOOKED)
    found = {name for (name, _), how in live.outcomes().items() if how == "not met"}
    assert found == {"readiness.tree.imports", "readiness.configuration.parses"}
    assert "No module named 'only_in_three'" in printed
