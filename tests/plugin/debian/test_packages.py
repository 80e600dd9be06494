"""Packages before and after a rollback, on a real Debian: what is whole, blocked, back, undone."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.debian.archive import Package, shop
from tests.plugin.debian.conftest import EDITED
from tests.plugin.debian.shop import PackagedShop

LOCK = """
import fcntl, time
with open("/var/lib/dpkg/lock-frontend", "w") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    open("/etc/acme-locked", "w").close()
    time.sleep(60)
"""


def archive(packaged: PackagedShop, version: str = "1.0") -> Path:
    """Return the kept archive of a version."""
    (found,) = (packaged.state / "packages").glob(f"acme-shop_{version}_*")
    return found


def part(packaged: PackagedShop) -> dict[str, Any]:
    """Return what is known of the package."""
    (found,) = packaged.ask("previous")
    assert isinstance(found, dict)
    return found


def appear(packaged: PackagedShop, path: str) -> None:
    """Wait until a file is there on the host."""
    until = time.monotonic() + 60
    while not packaged.host.path(path).exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_is_recorded_could_come_back(packaged: PackagedShop) -> None:
    """The archive is kept, apt would install it, and an undo has its archive as well."""
    found = part(packaged)

    assert (found["faults"], found["cautions"], found["unexpected"]) == ([], [], "")
    assert (found["is_back"], found["files"]) == (False, 3)
    assert found["place"].startswith("acme-shop 1.0 (all), ")
    assert found["live"] == "acme-shop 2.0 (install ok installed)"
    assert any("systemctl start" in each for each in found["notes"])
    assert archive(packaged, "2.0").is_file()


def append(packaged: PackagedShop) -> None:
    """Add a byte to the archive."""
    archive(packaged).write_bytes(archive(packaged).read_bytes() + b"x")


def other(packaged: PackagedShop) -> None:
    """Put the archive of another version in its place."""
    shutil.copy2(packaged.repository / "acme-shop_2.0_all.deb", archive(packaged))


def depend(packaged: PackagedShop) -> None:
    """Install a package that needs the current version."""
    packaged.publish(Package("acme-till", "1", {"Depends": "acme-shop (>= 2.0)"}))
    packaged.update()
    packaged.install("acme-till")


def lock(packaged: PackagedShop) -> None:
    """Have somebody work on the database of dpkg."""
    packaged.host.begun("python3", "-c", LOCK)
    appear(packaged, "/etc/acme-locked")


def break_database(packaged: PackagedShop) -> None:
    """Leave another package half configured."""
    packaged.publish(Package("acme-broken", "1", scripts={"postinst": "#!/bin/sh\nexit 1\n"}))
    packaged.update()
    packaged.install("acme-broken", check=False)


SPOILT: dict[str, tuple[Callable[[PackagedShop], object], str, str]] = {
    "gone": (lambda p: archive(p).unlink(), "missing", "it is gone"),
    "altered": (append, "altered", "other bytes than recorded"),
    "of another version": (other, "altered", "it is acme-shop 2.0 all"),
    "in a pool for all": (
        lambda p: (p.state / "packages").chmod(0o777),
        "altered",
        "can be written by others",
    ),
    "needed by another": (depend, "blocked", "apt would remove acme-till as well"),
    "held": (lambda p: p.host.run("apt-mark", "hold", "acme-shop"), "blocked", "on hold"),
    "locked": (lock, "blocked", "holds /var/lib/dpkg/lock-frontend"),
    "broken": (break_database, "blocked", "acme-broken"),
    "without its settings": (
        lambda p: shutil.rmtree(p.state / "conffiles"),
        "missing",
        "the copy that was kept is gone",
    ),
}
"""By defect: what spoils it, the kind of fault, and words of the finding."""


@pytest.mark.parametrize("defect", SPOILT)
def test_what_would_not_come_back_is_told(packaged: PackagedShop, defect: str) -> None:
    """With its kind, and a way out."""
    spoil, kind, words = SPOILT[defect]
    spoil(packaged)
    found = part(packaged)

    assert {each["fault"] for each in found["faults"]} == {kind}, found
    assert words in " ".join(each["detail"] for each in found["faults"])
    assert found["hint"]


def test_a_version_without_a_record_is_told(packaged: PackagedShop) -> None:
    """The log of dpkg says what was live in between."""
    packaged.publish(shop("3.0", packaged.program))
    packaged.update()
    packaged.install("acme-shop=3.0")

    assert "came over 2.0, not over 1.0" in part(packaged)["unexpected"]


def test_what_an_undo_cannot_bring_back_is_told(packaged: PackagedShop) -> None:
    """Before the rollback, and again when it is asked for."""
    archive(packaged, "2.0").unlink()
    assert "no undo: " in part(packaged)["cautions"][0]
    assert packaged.ask("look", run="r1")["lost"] == ["acme-shop 2.0 (install ok installed)"]

    packaged.ask("return", run="r1")
    found = packaged.ask("undo", run="r1")
    assert "package:acme-shop: 2.0 cannot be installed again" in found["error"]
    assert packaged.installed() == "install installed 1.0"


def test_what_was_edited_after_the_deploy_is_told(packaged: PackagedShop) -> None:
    """It comes back as recorded, and so that is lost."""
    packaged.host.path("/etc/acme-shop/more.conf").write_text("edited since\n")
    (found,) = part(packaged)["cautions"]

    assert found.endswith("comes back as recorded: /etc/acme-shop/more.conf")


def settings(packaged: PackagedShop) -> dict[str, str]:
    """Return the configuration of the package by name."""
    place = packaged.host.path("/etc/acme-shop")
    return {each.name: each.read_text() for each in sorted(place.iterdir()) if each.is_file()}


def test_it_comes_back_once_and_goes_again(packaged: PackagedShop) -> None:
    """Files, configuration and status; twice changes nothing; undo brings the other version."""
    failed = settings(packaged)
    (step,) = packaged.ask("look")["steps"]
    assert step["wanted"] == "acme-shop 1.0 (all)"

    assert packaged.ask("return", run="r1") == {"packages": ["acme-shop 1.0 (all)"]}
    assert packaged.installed() == "install installed 1.0"
    assert packaged.host.path("/usr/lib/acme-shop/VERSION").read_text() == "1.0\n"
    assert settings(packaged) == {"shop.conf": EDITED}
    found = packaged.ask("look", run="r1")
    assert (found["steps"], found["unread"]) == ([], True)
    assert part(packaged)["is_back"]
    assert packaged.ask("return", run="r1") == {"packages": []}

    assert packaged.ask("look_undo", run="r1")["files"] == ["package:acme-shop"]
    assert packaged.ask("undo", run="r1")["moved"] == 1
    assert packaged.installed() == "install installed 2.0"
    assert settings(packaged) == failed
    assert "offline=1" in packaged.host.path("/var/log/acme-shop.log").read_text().splitlines()[-1]


def test_a_failing_script_leaves_what_the_same_call_completes(packaged: PackagedShop) -> None:
    """Dpkg has it half configured; once the reason is gone it is installed as a whole."""
    flag = packaged.host.path("/etc/acme-fail")
    flag.touch()
    found = packaged.ask("return", run="r1")
    assert found["kind"] == "unfinished"
    assert "cannot migrate" in found["error"]
    assert packaged.ask("look", run="r1")["steps"]

    flag.unlink()
    packaged.ask("return", run="r1")
    assert packaged.installed() == "install installed 1.0"
    assert packaged.ask("undo", run="r1")["moved"] == 1
    assert packaged.installed() == "install installed 2.0"


@pytest.mark.parametrize("spared", ["nobody", "dpkg"])
def test_a_kill_leaves_what_the_same_call_completes(packaged: PackagedShop, spared: str) -> None:
    """Killed with dpkg, or without it: then it is waited for."""
    flag = packaged.host.path("/etc/acme-wait")
    flag.touch()
    working = packaged.host.begun(*packaged.asking("return", run="r1"))
    appear(packaged, "/etc/acme-waits")
    flag.unlink()
    every = list(packaged.host.processes())
    gone = [pid for pid, words in every if spared == "nobody" or "asked.py" in words]
    packaged.host.run("kill", "-KILL", *gone)
    working.wait(20)

    if spared == "nobody":
        assert packaged.ask("look", run="r1")["steps"]
    packaged.ask("return", run="r1")
    assert packaged.installed() == "install installed 1.0"
    assert settings(packaged) == {"shop.conf": EDITED}
    assert packaged.ask("look", run="r1")["steps"] == []


def test_a_hold_that_was_recorded_stays(packaged: PackagedShop) -> None:
    """Dpkg forgets it with every archive that it installs."""
    packaged.install("acme-shop=1.0")
    packaged.host.run("apt-mark", "hold", "acme-shop")
    shutil.rmtree(packaged.state)
    packaged.save()
    packaged.install("acme-shop=2.0")
    packaged.host.run("apt-mark", "hold", "acme-shop")

    found = part(packaged)
    assert (found["faults"], found["notes"][-1]) == ([], "acme-shop is on hold, and stays so")
    packaged.ask("return", run="r1")
    assert packaged.installed() == "hold installed 1.0"


def test_a_save_that_is_repeated_says_what_is_recorded(packaged: PackagedShop) -> None:
    """Not what a deploy has installed meanwhile; a package that is named only then joins."""
    kept = json.loads((packaged.state / "backups.json").read_text())["parts"]["packages"]
    text = packaged.save("--replace", "--previous=1.0")
    assert "release  acme-shop 1.0 (all)" in text
    assert "release  acme-shop 2.0" not in text
    assert "changed  since recorded" in text
    assert "           acme-shop 2.0 (all)" in text
    assert json.loads((packaged.state / "backups.json").read_text())["parts"]["packages"] == kept

    packaged.publish(Package("acme-more", "1.0", {}, {"/usr/share/acme-more/more": "more\n"}))
    packaged.update()
    packaged.install("acme-more")
    said = packaged.manifest.read_text()
    packaged.manifest.write_text(said.replace('"acme-shop",', '"acme-shop",\n    "acme-more",'))
    text = packaged.save("--replace", "--previous=1.0")
    assert "joined   acme-more all: only now" in text
    assert "release  acme-more 1.0 (all)" in text
    now = json.loads((packaged.state / "backups.json").read_text())["parts"]["packages"]
    assert [(each["name"], each["version"]) for each in now] == [
        ("acme-shop", "1.0"),
        ("acme-more", "1.0"),
    ]
    assert now[0] == kept[0]


def test_what_cannot_be_kept_is_refused(packaged: PackagedShop) -> None:
    """No archive anywhere and nothing to fetch it from: nothing is recorded, with the way out."""
    before = (packaged.state / "backups.json").read_bytes()
    shutil.rmtree(packaged.repository)
    shutil.rmtree(packaged.state / "packages")
    text = " ".join(packaged.save("--replace", code=1).split())

    assert "cannot be kept" in text
    assert "apt-get download acme-shop=2.0" in text
    assert (packaged.state / "backups.json").read_bytes() == before


def test_an_archive_in_a_directory_that_is_named_is_kept(packaged: PackagedShop) -> None:
    """Another build of the same version is not: its files differ."""
    place = packaged.home / "archives"
    place.mkdir()
    shutil.move(packaged.repository / "acme-shop_2.0_all.deb", place / "acme-shop_2.0_all.deb")
    shutil.rmtree(packaged.state / "packages")
    assert packaged.ask("record", sources=[str(place)])["release"] == "2.0"

    shutil.rmtree(packaged.state / "packages")
    again = shop("2.0")
    again.files["/usr/lib/acme-shop/VERSION"] = "2.0, built again\n"
    again.build(place)
    assert "another build of 2.0" in packaged.ask("record", sources=[str(place)])["error"]


def test_what_is_not_installed_is_refused(packaged: PackagedShop) -> None:
    """There is nothing to go back to."""
    found = packaged.ask("record", names=["acme-nothing"])
    assert "acme-nothing is not installed" in found["error"]
    assert "dpkg --list acme-nothing" in found["hint"]
