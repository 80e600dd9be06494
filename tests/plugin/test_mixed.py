"""A release of several parts, each kept by a strategy of its own: one rollback, one undo."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.manifest.release import LINKS, STATE
from tests.plugin.mixed import ARM, MixedShop

BOTH = pytest.mark.parametrize("kept", [STATE, LINKS])


class Shops:
    """The shop once for each way to keep its first part."""

    def __init__(self) -> None:
        self.up: dict[str, MixedShop] = {}

    def of(self, kept: str) -> MixedShop:
        """Return that shop, with its second release live and its first one recorded."""
        if kept in self.up:
            self.up[kept].again()
            return self.up[kept]
        self.up[kept] = MixedShop(Path(tempfile.mkdtemp(prefix="mixed-")), kept)
        self.up[kept].up()
        self.up[kept].baseline()
        return self.up[kept]


@pytest.fixture(scope="module")
def shops() -> Iterator[Shops]:
    """Those that are up; they end with the module."""
    found = Shops()
    yield found
    for each in found.up.values():
        each.down()


@BOTH
def test_all_parts_come_back_are_undone_and_come_back_again(shops: Shops, kept: str) -> None:
    """READY, RECOVERED with both parts of the previous release, undone, RECOVERED once more."""
    shop = shops.of(kept)
    code, found = shop.readiness()
    assert (code, found) == (0, set())

    code, printed = shop.pytest("suites/drill", "suites/validate", ARM)
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert shop.running == ("1", "1")

    code, printed = shop.rollback("undo", str(shop.record()["run"]), ARM)
    assert code == 0, printed
    shop.wait(("2", "2"))

    code, printed = shop.pytest("suites/drill", "suites/validate", ARM)
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert shop.running == ("1", "1")


@BOTH
def test_what_is_killed_between_two_parts_is_gone_on_with(shops: Shops, kept: str) -> None:
    """By the same command: the files are back already, and the command is what is left."""
    shop = shops.of(kept)
    with shop.cut_between_the_parts():
        pass
    assert '"release": "1"' in shop.web.read_text()
    assert str(shop.live.readlink()) == "2"

    code, printed = shop.rollback("drill", ARM)
    assert code == 0, printed
    assert shop.running == ("1", "1")


@BOTH
def test_what_is_killed_between_two_parts_is_undone(shops: Shops, kept: str) -> None:
    """The part that came back is taken back; no command runs for the one that did not."""
    shop = shops.of(kept)
    with shop.cut_between_the_parts():
        pass
    _, printed = shop.rollback("status")
    run = next(word for word in printed.split() if word.startswith("20") and "-" in word)

    code, printed = shop.rollback("undo", run, ARM)
    assert code == 0, printed
    assert "ln -sfn" not in printed
    shop.wait(("2", "2"))


def test_a_part_that_nobody_recorded_is_named_and_nothing_is_begun(shops: Shops) -> None:
    """A record from before the part was described; nobody can overrule that."""
    shop = shops.of(STATE)
    about = {**shop.document()["system"], "state": str(shop.home / "another")}
    components = shop.document()["components"]
    del components[1]["strategy"]
    shop.describe(system=about, release={"backups": "state"}, components=components)
    shop.lead("1")
    shop.saved("--replace")
    shop.lead("2")
    shop.describe(system=about)

    _, found = shop.readiness()
    assert ("readiness.record.trusted", None) in found
    before = shop.pids()
    code, printed = shop.rollback("drill", ARM, "--despite=readiness.release.kept")
    assert code == 1, printed
    assert "recorded in part: nothing is known of commands (till)" in " ".join(printed.split())
    assert shop.pids() == before


def test_half_a_release_is_not_saved(shops: Shops) -> None:
    """Without a name for all parts, or without a file of the part that has some."""
    shop = shops.of(STATE)
    for words, told in (
        (("--previous=1", "--current=2"), "no file was named of backups (web)"),
        (("--current=2", "web/serve.py"), "--previous is missing: the parts"),
    ):
        code, printed = shop.rollback("save", "--replace", *words)
        assert (code, told in " ".join(printed.split())) == (4, True), printed


def test_one_component_brings_back_its_own_part(shops: Shops) -> None:
    """The other one stays, and the plan says so."""
    shop = shops.of(LINKS)
    code, printed = shop.rollback("drill", ARM, "--component=till")
    assert code == 0, printed
    assert shop.running == ("2", "1")
    assert str((shop.root / "current").readlink()) == "releases/2"

    shop.again()
    code, printed = shop.rollback("drill", ARM, "--component=web")
    assert code == 0, printed
    assert "those of commands (till) bring back these components" in " ".join(printed.split())
    assert shop.running == ("1", "2")
