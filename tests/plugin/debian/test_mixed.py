"""A package of the host beside a tree of files: one release of two parts, undone in reverse."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.debian.host import lacking
from tests.plugin.debian.shop import PackagedShop
from tests.plugin.shop import SERVICE, free_port

ROOT = "/srv/till"


class HouseWithTill(PackagedShop):
    """The shop is a package, and `till` lies in a tree of its own, which is the root."""

    def __init__(self, home: Path) -> None:
        self.till = free_port()
        super().__init__(home)

    def bring(self, release: str) -> None:
        """Put the files of a release of `till` in place."""
        path = self.host.path(f"{ROOT}/serve.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(SERVICE.replace('"fine"', f'"fine", "release": "{release}"'))

    @property
    def program(self) -> str:
        """Return what supervisord is told of the shop, and of `till` beside it."""
        return (
            f"{super().program}[program:till]\ncommand={sys.executable} {ROOT}/serve.py "
            f"{self.till}\nredirect_stderr=true\nstdout_logfile={self.home}/till.log\n"
        )

    def release(self) -> None:
        """Install the first release of both, save it, and deploy the second one."""
        self.bring("1.0")
        self.install("acme-shop=1.0")
        self.start()
        self.save("--previous=1.0", "serve.py")
        self.bring("2.0")
        self.control("restart", "till")
        self.deploy("2.0")

    def document(self) -> dict[str, Any]:
        """Return the description of both parts."""
        document = super().document()
        (shop,) = document["components"]
        till = {
            **shop,
            "name": "till",
            "unit": "till",
            "health": "till",
            "listens": [self.till],
            "files": ["**"],
            "log": str(self.home / "till.log"),
        }
        url = f"http://127.0.0.1:{self.till}/"
        return {
            **document,
            "system": {**document["system"], "root": ROOT},
            "release": {"packages": ["acme-shop"]},
            "components": [{**shop, "strategy": "packages"}, till],
            "probes": {**document["probes"], "till": {**document["probes"]["shop"], "url": url}},
        }

    def lives(self) -> tuple[str, str]:
        """Return which release of each part answers, once both do."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.till}/", timeout=2) as one:
                    return str(self.answer()["version"]), str(json.load(one)["release"])
            except (OSError, KeyError):
                time.sleep(0.1)
        return "", ""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HouseWithTill]:
    """Both parts of the first release recorded, and the second one live."""
    why = lacking()
    if why:
        pytest.skip(f"not run: {why}; these tests are for Debian, as root")
    found = HouseWithTill(tmp_path_factory.mktemp("house"))
    try:
        found.release()
        yield found
    finally:
        found.down()


def test_package_and_files_come_back_are_undone_and_come_back_again(house: HouseWithTill) -> None:
    """By one rollback each time; the package is the last that an undo takes back."""
    seen = [house.lives()]
    for suites in (("suites/readiness",), ("suites/drill", "suites/validate", "--arm=corner")):
        code, printed = house.pytest(*suites)
        assert code == 0, printed
        seen.append(house.lives())
    code, printed = house.rollback("undo", str(house.record()["run"]), "--arm=corner")
    assert code == 0, printed
    seen.append(house.lives())
    code, printed = house.pytest("suites/drill", "suites/validate", "--arm=corner")
    assert code == 0, printed
    seen.append(house.lives())

    first, second = ("1.0", "1.0"), ("2.0", "2.0")
    assert seen == [second, second, first, second, first]
