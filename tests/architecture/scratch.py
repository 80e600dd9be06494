"""A copy of the repository to change, with the interpreter and packages of this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import REPOSITORY


def copy_of(folder: Path) -> Path:
    """Copy what git knows of, or would add, into a folder; return it.

    What git ignores, such as reports of earlier runs, stays behind.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    for name in listed:
        path = REPOSITORY / name
        if path.is_file() or path.is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, folder / name, follow_symlinks=False)
    (folder / ".venv").symlink_to(Path(sys.prefix))
    return folder


def run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in a copy, with the copy's own package; `more` is its environment."""
    environment = {**os.environ, "PYTHONPATH": f"{folder / 'plugins'}:{folder}", **more}
    command = [sys.executable, "-m", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True
    )
