"""What is at paths that somebody wrote down: a file, a directory, or nothing."""

from __future__ import annotations

import os
import stat
from typing import Any


def look(question: dict[str, Any]) -> dict[str, str | None]:
    """Return what each of the `paths` is; relative ones are below `root`.

    It is `file`, `directory`, `other`, or None where there is nothing, or nothing we may see.
    """
    return {path: kind(os.path.join(question["root"], path)) for path in question["paths"]}


def kind(path: str) -> str | None:
    """Return what is at a path, links followed."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(mode):
        return "directory"
    return "file" if stat.S_ISREG(mode) else "other"
