"""The maintenance page: is it there, and is it ours?"""

from __future__ import annotations

import os
from typing import Any

from . import paths, reading


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return whether the page exists, of what kind it is, and whether it says our text."""
    page = question["page"]
    try:
        kind = kind_of(os.lstat(page).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        kind = "absent"
    text = reading.text(page, follow=False) if kind == "file" else None
    ours = text is not None and text.strip() == question["text"].strip()
    return {"exists": kind != "absent", "kind": kind, "ours": ours}


def kind_of(mode: int) -> str:
    """Return file, symlink or directory; everything else is other."""
    kind = paths.kind_of(mode)
    return kind if kind in ("file", "symlink", "directory") else "other"
