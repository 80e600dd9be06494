"""Where units write their logs, as their files say: the journal, or files."""

from __future__ import annotations

import os
import re
from typing import Dict, List, Mapping, Tuple

from ...messages.services.units import ManagerAddress
from ...system.unix_sockets import opened
from . import manager as managers
from .definition import CONTAINER
from .sources import Installed

KEPT = ("journal", CONTAINER)
"""Logs that are no files of the unit: those of journald, and of a container engine."""

AUTO = re.compile(r"(?P<name>.+)-(?:stdout|stderr)---.+")
"""What supervisord calls a log for which no name is given."""


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
    """Return where a unit writes: "journal", "container", paths; nothing where nobody tells."""
    try:
        definition = managers.defined(facts, unit, Installed())
    except (LookupError, OSError):
        return ()
    places = dict.fromkeys((definition.log, definition.error_log, *named_by(facts, unit)))
    return tuple(each for each in places if each in KEPT or each.startswith("/"))


def named_by(facts: managers.ManagerFacts, unit: str) -> List[str]:
    """Return the logs of a program that supervisord has open under names of its own."""
    group, _, process = unit.partition(":")
    names = sorted(opened(facts.pid)) if facts.name == "supervisord" and facts.pid else []
    found = ((AUTO.fullmatch(os.path.basename(name)), name) for name in names)
    return [name for auto, name in found if auto and auto["name"] == (process or group)]
