"""Where units write their logs, as their files say: the journal, or files."""

from __future__ import annotations

from typing import Dict, Mapping, Tuple

from ...messages.services.units import ManagerAddress
from . import manager as managers
from .sources import Installed


def resolved(
    address: ManagerAddress, directory: str, logs: Mapping[str, Tuple[str, ...]]
) -> Dict[str, Tuple[str, ...]]:
    """Return the logs of units: those that are described, or else what their files say.

    Args:
        address: the manager; it is asked only where a unit has no log described.
        directory: where its unit files are.
        logs: what is described, by unit.
    """
    lacking = [unit for unit, described in logs.items() if not described]
    if not lacking:
        return dict(logs)
    facts = managers.asked(address, directory, lacking)
    return {unit: described or told(facts, unit) for unit, described in logs.items()}


def told(facts: managers.ManagerFacts, unit: str) -> Tuple[str, ...]:
    """Return where a unit writes: "journal" and paths; nothing where its files do not tell."""
    try:
        definition = managers.defined(facts, unit, Installed())
    except (LookupError, OSError):
        return ()
    places = dict.fromkeys((definition.log, definition.error_log))
    return tuple(place for place in places if place == "journal" or place.startswith("/"))
