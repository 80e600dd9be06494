"""Units that run a release which no link names: by real processes, and by their files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_rollback.agent.services.presence import releases
from pytest_rollback.agent.system.processes import processes
from tests.unit.agent.backup.test_links import Linked


@pytest.fixture
def shop(tmp_path: Path) -> Linked:
    """A system of which release 2 is live over release 1."""
    shop = Linked(tmp_path)
    shop.deploy()
    return shop


@contextmanager
def running(place: Path) -> Iterator[int]:
    """Have a process that works in a directory."""
    words = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(
        words, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        process.kill()


def other(shop: Linked, pid: int) -> str:
    """Return what a process has of another release."""
    own = [each for each in processes() if each.pid == pid]
    return releases.other(releases.live(str(shop.root), str(shop.state)), own)


def test_a_process_of_another_release_is_told(shop: Linked) -> None:
    """Of the previous one, and after the rollback of the failed one, also where that is gone."""
    with running(shop.root / "current") as pid:
        assert other(shop, pid) == ""
        shop.restore()
        assert f"has {shop.place('2')}, and current leads to {shop.place('1')}" in other(shop, pid)
        shop.place("2").rename(shop.root / "elsewhere")
        assert other(shop, pid) == ""
    with running(shop.root / "current") as pid:
        assert other(shop, pid) == ""


def test_what_releases_share_is_of_none(tmp_path: Path) -> None:
    """Beside the releases themselves, where these have no directory of their own."""
    shop = Linked(tmp_path)
    for name in ("1", "2"):
        (shop.release(name) if name == "2" else shop.place(name)).rename(shop.root / name)
    (shop.root / "current").unlink()
    (shop.root / "current").symlink_to("1")
    shop.save()
    (shop.root / "current").unlink()
    (shop.root / "current").symlink_to("2")

    with running(shop.root / "shared") as pid:
        assert other(shop, pid) == ""
    with running(shop.root / "1") as pid:
        assert other(shop, pid) != ""


def test_a_unit_that_names_the_directory_is_told(shop: Linked, tmp_path: Path) -> None:
    """It would run that release after a rollback too; by the link it would not."""
    known = releases.live(str(shop.root), str(shop.state))
    unit = tmp_path / "shop.service"

    unit.write_text(f"[Service]\nExecStart={shop.root}/current/app/web.py\n")
    assert releases.named(known, [str(unit)]) == ""
    unit.write_text(f"[Service]\nWorkingDirectory={shop.place('2')}-more\n")
    assert releases.named(known, [str(unit)]) == ""
    unit.write_text(f"[Service]\nWorkingDirectory={shop.place('2')}\n")
    assert releases.named(known, [str(unit)]) == (
        f"{unit} names {shop.place('2')}, and not the link current"
    )
