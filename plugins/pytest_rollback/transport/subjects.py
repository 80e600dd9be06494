"""What a list of requests is about, in a word or two, for the line that ticks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_rollback.transport.call import AnyCall

MOST = 3
"""Subjects that are named; a survey asks for dozens of things at once."""

SUBJECTS = {
    "added": "files that the deploy added",
    "backups": "backups",
    "baseline": "the baseline",
    "caches": "bytecode",
    "configuration": "configuration files",
    "copies": "evidence and copies",
    "database": "the database",
    "defaults": "the default configuration",
    "edge": "what users get",
    "exports": "journals",
    "fallback": "the fallback",
    "guard": "the guard of starts",
    "health": "the health of units",
    "logs": "logs",
    "needs": "rights and space",
    "page": "the maintenance page",
    "paths": "paths",
    "probes": "probes",
    "releases": "releases",
    "restore": "files",
    "restored": "restored files",
    "runs": "runs",
    "seals": "seals",
    "secrets": "secret files",
    "shared": "shared files",
    "snapshot": "the snapshot",
    "tools": "tools",
    "trial": "imports",
    "unitfiles": "unit files",
    "units": "units",
}
"""What the routes of each family are about."""


def subjects(calls: Iterable[AnyCall]) -> str:
    """Return what some calls are about, each subject once, the longest waits first."""
    longest = sorted(calls, key=lambda call: -call.seconds)
    families = dict.fromkeys(call.name.partition(".")[0] for call in longest)
    named = [SUBJECTS.get(each, each) for each in families]
    more = f" and {len(named) - MOST} more" if len(named) > MOST else ""
    return ", ".join(named[:MOST]) + more
