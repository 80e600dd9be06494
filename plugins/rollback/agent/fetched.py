"""What a run fetched from the recorded commit, in its folder, under the recorded digests."""

from __future__ import annotations

import contextlib
import os
from typing import Any, Optional

from . import lease as leases
from .record import Saved

FOLDER = "fallback"


def stored(question: dict[str, Any]) -> str:
    """Return where the run keeps what it fetched."""
    return os.path.join(leases.folder(question["state"], question["run"]), FOLDER)


def kept(store: str, saved: Saved) -> Optional[int]:
    """Return a descriptor of what was fetched for a file, None where nothing was."""
    with contextlib.suppress(FileNotFoundError):
        return os.open(
            os.path.join(store, saved.sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        )
    return None
