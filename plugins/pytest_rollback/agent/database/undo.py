"""The undo of a restore: taken back by the engine that the journal names.

Only the engine of the system travels to its host; a run of before the description was changed says
so, and undoes nothing.
"""

from __future__ import annotations

import importlib
from typing import Any, Dict

from ..errors import HostError
from ..state.lock import ExclusiveRun

PLACE = "swap"
"""The module of an engine's package with `take_back`; it is named where undo is sent."""

FIRST = "postgresql"
"""The engine of entries that name none."""


def take_back(work: ExclusiveRun, entry: Dict[str, Any]) -> int:
    """Undo what one entry of the journal announced; return how many databases came back.

    Args:
        work: the run that is undone.
        entry: what it wrote before anything of a restore was done.

    Raises:
        HostError: its engine is not here, or does not let us.
    """
    engine = str(entry.get("engine", FIRST))
    try:
        part = importlib.import_module(f".{engine}.{PLACE}", __package__)
    except ImportError:
        raise HostError(
            f"the run has restored the database {entry.get('name')} of the engine {engine}, which "
            "rollback.toml does not describe any more",
            f'set engine = "{engine}" in [database], as it was; then run the same command again',
        ) from None
    return int(part.take_back(work, entry))
