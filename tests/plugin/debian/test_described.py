"""`rollback init` on a host whose system is a package: it is told by its name, and by its root."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import System
from tests.plugin.debian.archive import Package
from tests.plugin.debian.host import lacking
from tests.plugin.debian.shop import PackagedShop

DATA = Package(
    "acme-shop-data", "1.0", {"Source": "acme-shop"}, {"/usr/share/acme-shop/more": "more\n"}
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackagedShop]:
    """Version 1.0 installed and live, with its data in a package of the same source."""
    why = lacking()
    if why:
        pytest.skip(f"not run: {why}; these tests are for Debian, as root")
    found = PackagedShop(tmp_path_factory.mktemp("described"))
    try:
        found.publish(DATA)
        found.update()
        found.install("acme-shop=1.0", "acme-shop-data")
        found.start()
        yield found
    finally:
        found.down()


def described(live: PackagedShop, *words: str) -> tuple[str, System]:
    """Return what `init` writes of the host, and the system that it is."""
    path = Path(live.home) / "described.toml"
    path.unlink(missing_ok=True)
    name = ("--target-name=corner", f"--state={live.state}", f"--output={path}")
    command = (sys.executable, "scripts/rollback", "init", *name, *words)
    code, printed = live.there(*command)
    assert code == 0, printed
    return path.read_text() + printed, load(path).system


@pytest.mark.parametrize("words", ["--unit=shop", "--root=/usr/lib/acme-shop"])
def test_a_system_that_is_a_package_is_described(live: PackagedShop, words: str) -> None:
    """With the package by its reason, its own directory, and what may be of the release as well."""
    text, system = described(live, words)

    assert (system.release.strategy, system.release.packages) == ("packages", ("acme-shop",))
    assert system.about.root == "/usr/lib/acme-shop"
    assert "dpkg-query --search /etc/acme-shop/supervisor/shop.conf: acme-shop" in text
    assert "acme-shop 1.0 installed" in text
    assert "# ? packages: is also acme-shop-data, of the same source" in text
    assert "before packages are installed, record those that are" in text


def test_what_was_written_leads_to_the_recorded_version(live: PackagedShop) -> None:
    """Saved by the printed command, deployed, and rolled back: without a line by hand."""
    described(live, "--unit=shop")
    live.manifest.write_bytes((live.home / "described.toml").read_bytes())
    code, printed = live.pytest("suites/readiness", "-k", "test_a_baseline_is_stored")
    live.save("--replace")
    live.deploy("2.0")
    code, printed = live.pytest("suites/drill", "--arm=corner")

    assert code == 0, printed
    assert (live.answer()["version"], live.installed()) == ("1.0", "install installed 1.0")
