"""Secret files are read through every link, and nothing but a file is opened on the way."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.configuration.secrets import declared
from pytest_rollback.agent.messages.secrets import SecretFiles
from tests.unit.support.apart import NOBODY, ROOT_ONLY

if TYPE_CHECKING:
    from pathlib import Path

VALUE = "Zq8fLw2Kx9vB"


def known(root: Path) -> declared.KnownSecrets:
    """Return what is known of the declared file."""
    return declared.known(SecretFiles(str(root), str(root / "state"), ".old", (".env",)))


@pytest.fixture
def root(open_place: Path) -> Path:
    """The root of a system."""
    root = open_place / "app"
    root.mkdir()
    return root


@ROOT_ONLY
def test_a_link_is_followed_whoever_placed_it(root: Path) -> None:
    """Its manager reads as root what it leads to; the values are in the service's environment."""
    os.chown(root, NOBODY, NOBODY)
    (root.parent / "secret").write_text(f"TOKEN={VALUE}\n")
    (root.parent / "secret").chmod(0o600)
    (root / ".env").symlink_to(root.parent / "secret")
    os.lchown(root / ".env", NOBODY, NOBODY)

    assert known(root).values == {VALUE}


def test_what_is_no_file_is_not_opened(root: Path) -> None:
    """An open of a device may start it, and one of a pipe lets who waits there go on."""
    os.mkfifo(root.parent / "pipe")
    (root / ".env").symlink_to(root.parent / "pipe")
    writer = subprocess.Popen(
        ["sh", "-c", f"echo x > {root.parent}/pipe"], stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(0.2)
        found = known(root)
        time.sleep(0.2)

        assert [each.why for each in found.unknown] == ["is not a regular file"]
        assert writer.poll() is None, "it was opened"
    finally:
        writer.kill()
        writer.wait()
