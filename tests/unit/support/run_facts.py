"""Facts of runs for the tests of the record: a system, how criteria ended, a timeline."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from pytest_rollback.criteria import Outcome
from pytest_rollback.evidence.events import Event, of_data
from pytest_rollback.manifest.load import parse
from pytest_rollback.run.extras import outside
from pytest_rollback.run.record import RunFacts

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
SYSTEM = parse(
    {
        "system": {"name": "shop", "root": "/srv/shop", "state": "/var/lib/rollback/shop"},
        "target": {"name": "corner", "connection": "local://"},
        "components": [{"name": "web", "unit": "web", "health": "web"}],
        "probes": {"web": {"tcp": "127.0.0.1:1"}},
    },
    "test",
)


def outcome(identity: str, result: str = "met", **more: Any) -> Outcome:  # noqa: ANN401
    """Return how one criterion ended."""
    return Outcome(identity, more.pop("component", None), result, "It is so.", 0.5, **more)


def facts(**more: Any) -> RunFacts:  # noqa: ANN401
    """Return the facts of a run of which nothing is known but these."""
    plain = RunFacts(SYSTEM, "r1", "ann@ops1", "RECOVERED", NOON, NOON + dt.timedelta(seconds=60))
    found = replace(plain, **more)
    ticked = outside().checklist(found.outcomes, found.events, found.finished)
    return found if "checklist" in more else replace(found, checklist=ticked)


def event(kind: str, offset: float = 0.0, phase: str = "", **more: object) -> Event:
    """Return one event of a timeline, by what its kind and its fields are called there."""
    about = {"event": kind, "offset": offset, "at": "2026-11-24T12:00:05.000+00:00"}
    found = of_data({**about, "phase": phase, **more})
    assert found is not None
    return found


def change(offset: float, phase: str, what: str, seconds: float) -> list[Event]:
    """Return the events of one change."""
    where = {"action": f"{phase} it", "what": what}
    return [
        event("begin", offset, phase, **where, why="it was not so"),
        event("end", offset + seconds, phase, **where),
        event("took", offset + seconds, phase, **where, seconds=seconds),
    ]


STORY = [
    event("criterion", 3.0, "files", id="readiness.x.y", outcome="met", seconds=0.1),
    event("decided", 5.0),
    event("action", 5.0, "prepare", action="snapshot"),
    *change(5.5, "prepare", "save configuration", 0.5),
    event("done", 6.2, "prepare", action="snapshot"),
    event("action", 7.0, "isolate", action="isolate components"),
    *change(7.0, "isolate", "stop web", 2.0),
    *change(9.0, "isolate", "stop web", 0.25),
    event("done", 9.5, "isolate", action="isolate components"),
    event("action", 10.0, "files", action="restore files"),
    *change(10.0, "files", "restore a", 1.0),
    event("done", 11.0, "files", action="restore files"),
    event("action", 12.0, "services", action="start services"),
    event("done", 12.5, "services", action="start services"),
    event("criterion", 21.0, "validate", id="validate.x.y", outcome="met", seconds=1.0),
]
