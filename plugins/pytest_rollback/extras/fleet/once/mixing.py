"""May both releases of a fleet serve at once? By what a host shows, and what somebody declares.

Promise: what was seen to fail no declaration excuses; one that has expired is none. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from pytest_rollback.manifest.fleet import Accepted
from pytest_rollback.manifest.model import System
from pytest_rollback.run.run_record import CriterionRecord, RunRecord

RUNS, KNOWN = "readiness.previous.runs", "readiness.database.schema"
"""The criteria that show whether the previous release runs on the schema of the live one."""

FILES = ("suites/readiness/test_previous.py", "suites/readiness/test_database.py")
"""Where they are."""

MET, NOT_MET = "met", "not met"


class Mixing(NamedTuple):
    """What both releases share, in lines: what they accept, and what stands against it."""

    accepted: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Why they may not serve at once, in one line; "" where they may."""
        return f"both releases would serve at once: {self.against[0]}" if self.against else ""


def mixing(system: System, host: str, found: RunRecord | None, today: dt.date) -> Mixing:
    """Return whether both releases may serve at once.

    Args:
        system: the system, with its fleet.
        host: the one that was asked.
        found: the record of its readiness, None where it left none.
        today: in UTC.
    """
    if system.fleet is None:
        return Mixing()
    declared, has_data = system.fleet.mixed, system.database is not None
    parts = (
        schema(declared.schema_, host, found, today) if has_data else Mixing(),
        sessions(declared.sessions, today, needed=has_data),
    )
    return Mixing(*(tuple(line for each in parts for line in each[n]) for n in (0, 1)))


def schema(declared: Accepted | None, host: str, found: RunRecord | None, today: dt.date) -> Mixing:
    """Return whether both run on the schema: as seen on a host, or else as somebody declares."""
    rows = {each.id: each for each in found.criteria} if found else {}
    asked = {name: rows[name] for name in (RUNS, KNOWN) if name in rows}
    failed = [each for each in asked.values() if each.outcome == NOT_MET]
    if failed:
        said = f"{failed[0].id} on {host}: {failed[0].message}"
        return Mixing(against=(f"schema: {said}",))
    proof = proven(asked)
    if proof:
        return Mixing((f"schema: {proof}, on {host}",))
    told = [f"{each.id} on {host}: {each.message or each.outcome}" for each in asked.values()]
    return stated("schema", declared, today, told[0] if told else f"{host} shows nothing of it")


def proven(asked: Mapping[str, CriterionRecord]) -> str:
    """Return what shows that the previous release runs on the schema of the live one; or ""."""
    runs, known = asked.get(RUNS), asked.get(KNOWN)
    if runs and runs.outcome == MET and runs.evidence.get("previous release"):
        return f"the previous release was seen to run on it ({RUNS})"
    tools = known.evidence.get("migrations") if known and known.outcome == MET else None
    if isinstance(tools, Mapping) and tools and not any(map(is_unused, tools.values())):
        return f"the previous release knows all its migrations ({KNOWN})"
    return ""  # of a tool that nobody knows, no migration is ahead


def is_unused(said: object) -> bool:
    """Return whether a tool has applied no migration, by its line in a report."""
    return str(said).startswith("0 ")


def sessions(declared: Accepted | None, today: dt.date, *, needed: bool) -> Mixing:
    """Return whether both accept sessions: nothing but a declaration says so."""
    if declared is None and not needed:
        return Mixing()
    return stated("sessions", declared, today, "nobody has declared that both accept them")


def stated(about: str, declared: Accepted | None, today: dt.date, else_: str) -> Mixing:
    """Return what somebody declares; or why that is nothing."""
    if declared is None:
        return Mixing(against=(f"{about}: {else_}",))
    said = f"{about}: accepted by both, says {declared.owner} until {declared.until}"
    if declared.until < today:
        return Mixing(against=(f"{said}, which has expired: {declared.reason}",))
    return Mixing((f"{said}: {declared.reason}",))
