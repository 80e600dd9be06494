"""What strategies remember, where a set of the same two releases is saved once more.

A deploy that is repeated half way must not have them remember what is live then: what is recorded
stays. What was not named before joins it, as a file does that is named later.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ...errors import HostError
from ..backup_set import BackupSet

AGAIN = "begin another set: rollback save --replace, with another --current than it has"

KEYS: Mapping[str, Tuple[str, ...]] = {
    "links": ("link",),
    "images": ("unit",),
    "packages": ("name", "architecture"),
}
"""By which values of it a strategy tells one part from another; one that is not here has one."""


def parts(fresh: Mapping[str, str], old: Optional[BackupSet]) -> Dict[str, Any]:
    """Return what a record has of each strategy.

    Args:
        fresh: what each remembers of what is live now, as JSON.
        old: the record that is completed, None where another one begins.
    """
    now = {name: json.loads(text) for name, text in fresh.items()}
    before = old.parts if old else {}
    return {**now, **{name: _completed(name, now, each) for name, each in before.items()}}


def joined(record: BackupSet, old: Optional[BackupSet]) -> Tuple[str, ...]:
    """Return what a completed record has that it had not before, by names that people know."""
    if old is None:
        return ()
    return tuple(
        " ".join(_key(name, each)) or name
        for name, every in record.parts.items()
        for each in every[len(old.parts.get(name, [])) :]
    )


def _completed(name: str, now: Mapping[str, Any], before: List[Any]) -> List[Any]:
    """Return the parts of a strategy as recorded, and behind them those not named before.

    Raises:
        HostError: what is recorded is damaged.
    """
    try:
        known = {_key(name, each) for each in before}
    except (AttributeError, TypeError) as error:
        raise HostError(f"the record of {name} is damaged: {error}", AGAIN) from error
    return [*before, *(each for each in now.get(name, []) if _key(name, each) not in known)]


def _key(name: str, part: Mapping[str, Any]) -> Tuple[str, ...]:
    return tuple(str(part.get(each, "")) for each in KEYS.get(name, ()))
