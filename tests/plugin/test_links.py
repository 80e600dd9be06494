"""Links and directories of a release through a whole rollback: readiness, drill, validate, undo."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.shop import Shop

PREVIOUS = {"web/current": "v1", "web/gone": "/etc/hostname", "web/turned": "v1"}
NOW = {"web/current": "v2", "motto.txt": "web/turned", "web/new": "nowhere"}
"""Where links lead: the deploy changed one, deleted one, made a file of one, one of a file."""


FOLDED, SPOOL = "web/folded", "web/spool"
"""A file that the deploy made a directory, and an empty directory that it deleted."""


class LinkedShop(Shop):
    """A shop whose deploy changed links and directories."""

    def files(self) -> list[str]:
        """Return the files, links and directories that the deploy changes."""
        return [*super().files(), *PREVIOUS, FOLDED, SPOOL]

    def save(self, **more: object) -> None:
        """Save the set with the links of the previous release, which go."""
        for path, target in PREVIOUS.items():
            (self.root / path).symlink_to(target)
        (self.root / FOLDED).write_text("a file")
        (self.root / SPOOL).mkdir(mode=0o710)
        super().save(added=["web/new", f"{FOLDED}/deep/inside"], **more)
        (self.root / FOLDED).unlink()
        (self.root / SPOOL).rmdir()
        for path in PREVIOUS:
            (self.root / path).unlink()

    def start(self) -> None:
        """Deploy the links, and start."""
        for path in ("motto.txt", "web/current", "web/gone", FOLDED, SPOOL):
            (self.root / path).unlink()
        for path, target in NOW.items():
            (self.root / path).symlink_to(target)
        (self.root / FOLDED / "deep").mkdir(parents=True)
        (self.root / FOLDED / "deep/inside").write_text("added")
        super().start()

    def links(self) -> dict[str, str]:
        """Return where each link below the root leads, backups aside."""
        return {
            str(path.relative_to(self.root)): str(path.readlink())
            for path in self.root.rglob("*")
            if path.is_symlink() and path.suffix != ".prev"
        }


@pytest.fixture
def shop() -> Iterator[LinkedShop]:
    """A shop that runs its current release."""
    shop = LinkedShop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


def test_links_and_directories_go_back_and_forth(shop: LinkedShop) -> None:
    """Backups are in order, the drill recovers, validate agrees, undo brings the failed ones."""
    assert shop.links() == NOW
    shop.pytest("suites/readiness")
    told = {name: how for (name, _), how in shop.outcomes().items() if "ness.backups." in name}
    assert told["readiness.backups.complete"] == told["readiness.backups.regular"] == "met"
    assert set(told.values()) <= {"met", "advisory", "not applicable"}, told
    code, printed = shop.pytest("suites/drill", "--arm=corner")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert shop.links() == PREVIOUS
    assert not (shop.root / "motto.txt").is_symlink()
    assert (shop.root / FOLDED).read_text() == "a file"
    assert (shop.root / SPOOL).stat().st_mode & 0o777 == 0o710
    assert not list(shop.root.rglob(".rollback-*"))
    run = str(shop.record()["run"])
    shop.pytest("suites/validate")
    told = {name: how for (name, _), how in shop.outcomes().items() if "date.files." in name}
    assert told == dict.fromkeys(["validate.files.added_gone", "validate.files.recorded"], "met")
    code, printed = shop.rollback("undo", run, "--arm=corner")
    assert code == 0, printed
    assert shop.links() == NOW
    assert (shop.root / FOLDED / "deep/inside").read_text() == "added"
    assert not (shop.root / SPOOL).exists()
    shop.control("stop", "all")
    code, printed = shop.rollback("undo", run, "--arm=corner")
    assert (code, "was undone already: units are down" in printed) == (0, True), printed
    assert "nothing to do" in shop.rollback("undo", run, "--arm=corner")[1]
