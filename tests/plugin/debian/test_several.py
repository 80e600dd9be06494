"""Several packages in one system, and several architectures of one: back in one call, or told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.debian.archive import SCRIPT, Package
from tests.plugin.debian.host import lacking
from tests.plugin.debian.shop import PackagedShop


def architectures() -> tuple[str, str]:
    """Return the architecture of this machine, and another one that dpkg can be told of."""
    said = subprocess.run(
        ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
    )
    own = said.stdout.strip()
    return own, "i386" if own != "i386" else "armhf"


def parts(version: str) -> Iterator[Package]:
    """Yield a version of the house: a library for two architectures, and a till that needs it."""
    needs = {"Depends": f"acme-lib (= {version})"}
    yield Package("acme-till", version, needs, {"/usr/lib/acme-shop/VERSION": version})
    for each in architectures():
        fields = {"Architecture": each, "Multi-Arch": "same"}
        files = {f"/usr/lib/acme-lib/{each}": version, "/etc/acme-lib.conf": f"of {version}\n"}
        scripts = {"postinst": SCRIPT}
        yield Package("acme-lib", version, fields, files, ("/etc/acme-lib.conf",), scripts)


class House(PackagedShop):
    """A host on which several packages are one release."""

    def both(self) -> list[str]:
        """Return the names of the library, one for each architecture."""
        return [f"acme-lib:{each}" for each in architectures()]

    def document(self) -> dict[str, Any]:
        """Return the description of the house."""
        names = [*self.both(), "acme-till"]
        return {**super().document(), "release": {"strategy": "packages", "packages": names}}

    def go(self, version: str) -> None:
        """Install a version of all packages as a deploy does."""
        self.install(*(f"{each}={version}" for each in (*self.both(), "acme-till")))

    def versions(self) -> set[str]:
        """Return how the packages are."""
        return {self.installed(each) for each in (*self.both(), "acme-till")}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Version 1.0 of all packages recorded, and 2.0 installed over it."""
    why = lacking()
    if why:
        pytest.skip(f"not run: {why}; these tests are for Debian, as root")
    found = House(tmp_path_factory.mktemp("house"))
    try:
        found.host.run("dpkg", "--add-architecture", architectures()[1])
        found.publish(*parts("1.0"), *parts("2.0"))
        found.update()
        found.go("1.0")
        found.save()
        found.go("2.0")
        found.host.freeze(found.frozen)
        yield found
    finally:
        found.down()


@pytest.fixture
def house(deployed: House, tmp_path: Path) -> Iterator[House]:
    """Return a host of the test's own, which is as that one."""
    found = House(tmp_path, deployed)
    yield found
    found.down()


def faults(house: House, **more: object) -> str:
    """Return all faults of the previous versions, with their hints."""
    found = house.ask("previous", **more)
    said = [f"{one['fault']}: {one['detail']}" for each in found for one in each["faults"]]
    return "\n".join([*said, *(each["hint"] for each in found if each["faults"])])


def test_all_of_them_come_back_and_go_again(house: House) -> None:
    """Each architecture by its own archive; a second call has nothing to do."""
    own, other = architectures()
    assert faults(house) == ""
    assert len(list((house.state / "packages").glob(f"acme-lib_1.0_{other}.*"))) == 1
    assert len(house.ask("look")["steps"]) == 3

    found = house.ask("return", run="r1")
    wanted = [f"acme-lib:{own} 1.0 ({own})", f"acme-lib:{other} 1.0 ({other})"]
    assert found == {"packages": [*wanted, "acme-till 1.0 (all)"]}
    assert house.versions() == {"install installed 1.0"}
    assert house.host.path("/etc/acme-lib.conf").read_text() == "of 1.0\n"
    assert house.ask("return", run="r1") == {"packages": []}
    assert house.ask("undo", run="r1")["moved"] == 3
    assert house.versions() == {"install installed 2.0"}


def test_what_was_unpacked_last_is_known_of_each(house: House) -> None:
    """Dpkg names the file by the architecture where several can be installed."""
    info = "/var/lib/dpkg/info"
    wanted = [f"{info}/{each}.list" for each in (*house.both(), "acme-till")]
    assert house.ask("listings") == wanted


def test_one_architecture_of_two_is_refused(house: House) -> None:
    """Both have to be of one version; the hint says what to name, and nothing is begun."""
    _, other = architectures()
    names = [f"acme-lib:{other}"]
    house.describe(release={"strategy": "packages", "packages": names})
    code, text = house.rollback("save", "--replace", "--current=3.0")
    assert code == 0, text
    house.go("1.0")
    said = faults(house, names=names)

    assert "apt would install or change acme-lib as well" in said, said
    assert "name further packages in packages of [release]" in said


def test_a_name_without_its_architecture_is_refused(house: House) -> None:
    """Where two are installed, with the name to write."""
    own, other = sorted(architectures())
    found = house.ask("record", names=["acme-lib", "acme-till"])

    assert f"acme-lib is installed for {own} and {other}" in found["error"]
    assert "name it with its architecture: acme-lib:" in found["hint"]


def test_a_package_that_has_to_go_back_as_well_is_named(house: House) -> None:
    """It was not recorded: what needs it cannot come back alone."""
    house.describe(release={"strategy": "packages", "packages": ["acme-till"]})
    house.go("1.0")
    code, text = house.rollback("save", "--replace", "--current=3.0")
    assert code == 0, text
    house.go("2.0")
    said = faults(house, names=["acme-till"])

    assert "blocked: it could not be installed: " in said
    assert "acme-lib" in said


def test_one_that_fails_is_completed_with_the_others(house: House) -> None:
    """By the same call, once the reason is gone."""
    flag = house.host.path("/etc/acme-fail")
    flag.touch()
    found = house.ask("return", run="r1")
    assert (found["kind"], "acme-lib:" in found["error"]) == ("unfinished", True)
    flag.unlink()
    house.ask("return", run="r1")
    assert house.versions() == {"install installed 1.0"}
    assert house.ask("look", run="r1")["steps"] == []


def test_a_hold_is_of_one_architecture(house: House) -> None:
    """What was not on hold when it was recorded is not afterwards, and of each by itself."""
    first, second = house.both()
    house.host.run("apt-mark", "hold", first)
    assert "blocked: it is on hold since it was recorded" in faults(house)
    house.host.run("apt-mark", "unhold", first)
    house.ask("return", run="r1")
    house.host.run("apt-mark", "hold", second)
    (step,) = house.ask("look", run="r1")["steps"]
    assert (step["name"], step["why"]) == (second, "it is on hold, and was not")
