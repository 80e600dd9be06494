"""Saved copies that no record knows: a walk over names, which reads no file."""

from __future__ import annotations

import os
from typing import Container

SKIPPED = {".git"}


def strays(root: int, suffix: str, known: Container[str]) -> list[str]:
    """Return the paths below the root that end in the suffix and are not known, sorted.

    Repositories and other file systems are left out: a branch may be called `main.backup`, and
    what is mounted is not part of the release.
    """
    device = os.fstat(root).st_dev
    found = []
    for here, directories, files, opened in os.fwalk(".", dir_fd=root):
        if os.fstat(opened).st_dev != device:
            directories.clear()
            continue
        directories[:] = [name for name in directories if name not in SKIPPED]
        found += [
            os.path.normpath(f"{here}/{name}")
            for name in files + directories
            if name.endswith(suffix)
        ]
    return sorted(path for path in found if path not in known)
