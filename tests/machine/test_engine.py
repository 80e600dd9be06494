"""An engine that starts nothing is found out in a second, before an image is built for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY

NOWHERE = """
[storage]
driver = "vfs"
runroot = "/proc/nowhere"
graphroot = "/proc/nowhere"
"""


@pytest.mark.usefixtures("engine")
def test_an_engine_that_starts_nothing_is_told(tmp_path: Path) -> None:
    """Podman is there and has no place for a container: its own words, and how to do better."""
    settings = tmp_path / "storage.conf"
    settings.write_text(NOWHERE)
    done = subprocess.run(
        [sys.executable, "scripts/dev/build_machine"],
        cwd=REPOSITORY,
        env={**os.environ, "CONTAINERS_STORAGE_CONF": str(settings)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 7, done.stdout
    assert "podman cannot start a container: " in done.stderr
    assert "/proc/nowhere" in done.stderr
    assert "HINT: as root, on a host that may start containers: apt-get install" in done.stderr
    assert "Traceback" not in done.stderr
