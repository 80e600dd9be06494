"""Files that change their package, are diverted, or whose bytecode fits another version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.debian.archive import Package
from tests.plugin.debian.host import lacking
from tests.plugin.debian.shop import PackagedShop
from tests.plugin.debian.test_several import faults

LIB, TILL = "/usr/lib/acme-lib", "/usr/lib/acme-shop"
HELPER = f"{TILL}/helper.py"
ASK = f"import sys; sys.path.insert(0, {LIB!r}); import lib; print(lib.VERSION)"
NAMES = ["acme-lib", "acme-till"]


def versions() -> Iterator[Package]:
    """Yield two versions of a library and a till; the second has the helper in the library."""
    for version in ("1.0", "2.0"):
        lib = {f"{LIB}/lib.py": f"VERSION = {version!r}\n"}
        till = {f"{TILL}/VERSION": f"{version}\n"}
        takes = {}
        if version == "1.0":
            till[HELPER] = "H = 1\n"
        else:
            lib[HELPER] = "H = 2\n"
            takes = dict.fromkeys(("Breaks", "Replaces"), "acme-till (<< 2.0)")
        yield Package("acme-lib", version, takes, lib)
        yield Package("acme-till", version, {}, till)


class Mover(PackagedShop):
    """A host on which both are one release."""

    def document(self) -> dict[str, Any]:
        """Return the description of the shop."""
        release = {"strategy": "packages", "packages": NAMES}
        return {**super().document(), "release": release}

    def go(self, version: str) -> None:
        """Install a version of both as a deploy does."""
        self.install(*(f"{each}={version}" for each in NAMES))

    @property
    def imported(self) -> str:
        """Which version of the library Python runs, and writes bytecode of."""
        return self.host.run("python3", "-c", ASK).stdout.strip()


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mover]:
    """The first version recorded and the second installed; all files have one time of change."""
    why = lacking()
    if why:
        pytest.skip(f"not run: {why}; these tests are for Debian, as root")
    found = Mover(tmp_path_factory.mktemp("mover"))
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
            found.publish(*versions())
        found.update()
        found.go("1.0")
        found.save()
        found.go("2.0")
        found.host.freeze(found.frozen)
        yield found
    finally:
        found.down()


@pytest.fixture
def mover(deployed: Mover, tmp_path: Path) -> Iterator[Mover]:
    """Return a host of the test's own, which is as that one."""
    found = Mover(tmp_path, deployed)
    yield found
    found.down()


def test_a_file_that_changed_its_package_comes_back(mover: Mover) -> None:
    """Dpkg leaves it out of the first package, and takes it away with the second one."""
    assert faults(mover) == ""
    mover.ask("return", run="r1")
    assert mover.host.path(HELPER).read_text() == "H = 1\n"
    assert mover.ask("look", run="r1")["steps"] == []

    mover.host.path(HELPER).unlink()
    assert "helper.py" in str(mover.ask("look", run="r1")["steps"])
    mover.ask("return", run="r1")
    undone = mover.ask("undo", run="r1")
    assert undone.get("moved") == 2, undone
    assert mover.host.path(HELPER).read_text() == "H = 2\n"


def test_bytecode_of_another_version_is_not_run(mover: Mover) -> None:
    """Both versions of the source have one size and one time, as reproducible builds have."""
    assert mover.imported == "2.0"
    mover.ask("return", run="r1")
    assert mover.imported == "1.0"
    mover.ask("undo", run="r1")
    assert mover.imported == "2.0"


def test_a_file_that_somebody_diverts_is_red(mover: Mover) -> None:
    """What the archive has would lie under another name, and what has its name would stay."""
    words = ("dpkg-divert", "--local", "--rename", "--add", f"{LIB}/lib.py")
    mover.host.run(*words)
    said = faults(mover)
    assert f"blocked: {LIB}/lib.py is locally diverted to: {LIB}/lib.py.distrib" in said
    mover.host.path(f"{LIB}/lib.py").write_text("VERSION = 'own'\n")
    mover.host.run("sh", "-c", said.splitlines()[-1])
    assert faults(mover) == ""
    assert mover.imported == "2.0"
