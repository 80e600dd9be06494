"""The pool of kept archives: what stays in it; and what is said without room, or without root."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.plugin.debian.archive import shop
from tests.plugin.debian.shop import PackagedShop

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")


def kept(packaged: PackagedShop, name: str = "acme-shop") -> list[str]:
    """Return the versions of a package whose archives are in the pool, in order."""
    found = (packaged.state / "packages").glob(f"{name}_*.deb")
    return sorted(re.split("[_]", each.name)[1] for each in found)


def deployed(packaged: PackagedShop, version: str, keep: int = 1) -> None:
    """Record what is installed, and install the next version over it."""
    packaged.publish(shop(version, packaged.program))
    packaged.update()
    packaged.describe(release={**packaged.document()["release"], "keep": keep})
    code, text = packaged.rollback("save", "--replace", f"--current={version}")
    assert code == 0, text
    packaged.install(f"acme-shop={version}")


def test_archives_that_no_record_needs_leave_the_pool(packaged: PackagedShop) -> None:
    """Those of the last records stay, with what was to come; other files are not touched."""
    other = packaged.state / "packages/acme-shop_0.1_all.deb"
    other.write_text("somebody's own")
    deployed(packaged, "3.0")
    assert kept(packaged) == ["0.1", "1.0", "2.0", "3.0"]  # the record before has 1.0 until then
    deployed(packaged, "4.0")
    assert kept(packaged) == ["0.1", "2.0", "3.0", "4.0"]
    deployed(packaged, "5.0")
    assert kept(packaged) == ["0.1", "3.0", "4.0", "5.0"]
    assert other.read_text() == "somebody's own"
    (found,) = packaged.ask("previous")
    assert (found["faults"], found["place"][:13]) == ([], "acme-shop 4.0")


def test_more_records_keep_more(packaged: PackagedShop) -> None:
    """Those of as many records as the manifest says, each with what was to come."""
    for version in ("3.0", "4.0", "5.0"):
        deployed(packaged, version, keep=3)
    assert kept(packaged) == ["2.0", "3.0", "4.0", "5.0"]
    deployed(packaged, "6.0", keep=3)
    assert kept(packaged) == ["3.0", "4.0", "5.0", "6.0"]


def test_what_an_undo_needs_stays(packaged: PackagedShop) -> None:
    """The archive of the version that a run has taken away, whatever was recorded since."""
    packaged.ask("return", run="r1")
    for version in ("3.0", "4.0", "5.0"):
        os.utime(next((packaged.state / "packages").glob("acme-shop_2.0_*")), (0, 0))
        deployed(packaged, version)
    assert kept(packaged) == ["2.0", "3.0", "4.0", "5.0"]


def full(packaged: PackagedShop, place: Path, free: int) -> None:
    """Have a directory on a file system of its own, with what is in it and so many bytes free."""
    text = (
        f"set -e; mkdir -p /run/was {place}; cp -a {place}/. /run/was; "
        f"mount -t tmpfs -o size=1m,mode=700 none {place}; cp -a /run/was/. {place}; "
        f"left=$(df --output=avail -B1 {place} | tail -1); "
        f"head -c $((left - {free})) /dev/zero > {place}/other"
    )
    packaged.host.run("sh", "-c", text)


def test_no_room_for_an_archive(packaged: PackagedShop) -> None:
    """Nothing is recorded, and half an archive is not left behind."""
    before = (packaged.state / "backups.json").read_bytes()
    pool = packaged.home / "pool"
    pool.mkdir(mode=0o700)
    full(packaged, pool, 0)
    for dry in (False, True):
        found = packaged.ask("record", pool=str(pool), dry=dry)
        assert found["kind"] == "full", found
        assert (
            f"no room for the archive of acme-shop 2.0 (install ok installed) in {pool}"
            in (found["error"])
        )
        assert f"df -h {pool}" in found["hint"]
    assert packaged.host.run("ls", "-A", str(pool)).stdout == "other\n"
    assert (packaged.state / "backups.json").read_bytes() == before


def test_no_room_for_the_packages_to_come_back(packaged: PackagedShop) -> None:
    """Dpkg keeps the old files meanwhile: it is told before a rollback."""
    full(packaged, packaged.state, 0)
    (found,) = packaged.ask("previous")

    (fault,) = found["faults"]
    assert fault["fault"] == "blocked"
    assert f"{packaged.state} has 0 bytes free, the packages need " in fault["detail"]
    assert "df -h" in found["hint"]


@pytest.mark.parametrize("function", ["previous", "record", "return"])
def test_who_is_not_root_is_told(packaged: PackagedShop, function: str) -> None:
    """Nothing was begun, and the way to be root is named."""
    there = [packaged.state, *packaged.state.iterdir(), *(packaged.state / "packages").iterdir()]
    packaged.host.run("chown", "nobody", *map(str, there))
    for place in (packaged.home, packaged.home.parent, packaged.home.parent.parent):
        packaged.host.run("chmod", "o+x", str(place))
    command = packaged.asking(function, run="r1" if function == "return" else "")
    done = packaged.host.run(*NOBODY, *command, check=False)
    assert ("only root" in done.stdout, "sudo = true" in done.stdout) == (True, True), done
    assert packaged.installed() == "install installed 2.0"
