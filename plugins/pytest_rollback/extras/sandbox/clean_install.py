"""The package as somebody else gets it: its wheel in an empty folder, and a new environment."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.errors import NotDone

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
UNSET = ("PYTHONPATH", "PYTEST_ADDOPTS", "ROLLBACK_REPORTS", "VIRTUAL_ENV")
"""Variables that would lead to the checkout."""


class CleanInstall(NamedTuple):
    """A folder of its own with a wheel in it; the environment `.venv` is made there by commands."""

    folder: Path
    wheel: str

    def environment(self, **more: str) -> Mapping[str, str]:
        """Return the variables of a command: what is installed there is found first."""
        found = {name: value for name, value in os.environ.items() if name not in UNSET}
        places = (self.folder / ".venv/bin", Path(sys.executable).parent)
        path = os.pathsep.join([*map(str, places), os.environ.get("PATH", os.defpath)])
        return {**found, "COLUMNS": "80", "PATH": path, **more}


@contextlib.contextmanager
def with_wheel(repository: Path, reports: Path) -> Iterator[CleanInstall]:
    """Yield a folder with the wheel of the last commit; only its run folders are kept.

    Args:
        repository: a checkout.
        reports: where the run folders go at the end.

    Raises:
        NotDone: the wheel cannot be built.
    """
    with tempfile.TemporaryDirectory(prefix="story-") as place:
        folder = Path(place, "empty")
        folder.mkdir()
        made = CleanInstall(folder, built(repository, Path(place, "source"), folder))
        try:
            yield made
        finally:
            if (folder / "reports").is_dir():
                shutil.copytree(folder / "reports", reports, symlinks=True, dirs_exist_ok=True)


def built(repository: Path, source: Path, folder: Path) -> str:
    """Build the wheel of the last commit into a folder; return its name."""
    archive = ("git", "-C", str(repository), "archive", "HEAD")
    packed = subprocess.run(archive, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(source, filter="data")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotDone(
            "the wheel cannot be built",
            findings=done.stderr.splitlines()[-20:],
            hint="make setup, then make package",
        )
    return next(folder.glob("*.whl")).name
