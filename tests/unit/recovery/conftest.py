"""What the tests of the actions stand on: a deployed site and its service manager."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.recovery.site import Site, Systemd


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A deployed site without an edge that could be asked."""
    return Site(tmp_path)


@pytest.fixture
def systemd(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    """The site's service manager."""
    manager = Systemd(site)
    monkeypatch.setenv("PATH", f"{site.home / 'bin'}:/usr/bin:/bin")
    yield manager
    manager.end()
