"""Which files come back with the packages of a record, as dpkg knows them on this host."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.state.releases import packaged

SAVED = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def state(tmp_path: Path) -> str:
    """A state directory with the record of a package that every Debian has."""
    if not shutil.which("dpkg-query"):
        pytest.skip("not run: there is no dpkg-query; these tests are for Debian")
    releases = (Release("1", None), Release("2", None))
    record = backup_set.BackupSet("shop", "/srv/shop", ".backup", SAVED, "ann", *releases, (), ())
    backup_set.write(
        str(tmp_path),
        record._replace(parts={"packages": [{"name": "dpkg", "architecture": "amd64"}]}),
    )
    return str(tmp_path)


def test_a_file_of_a_recorded_package_comes_back(state: str) -> None:
    """Under either name that a merged `/usr` gives it; others stay as they are."""
    own = ("/usr/bin/dpkg-deb", "/bin/dpkg-deb")
    others = ("/usr/bin/env", "/etc/passwd", "/srv/shop/app.py")
    assert packaged.brought(state, (*own, *others)) == {*own}


def test_without_a_record_nothing_comes_back(tmp_path: Path) -> None:
    """Nobody says then that a file of a package is of the release."""
    assert packaged.brought(str(tmp_path), ("/usr/bin/dpkg-deb",)) == frozenset()
