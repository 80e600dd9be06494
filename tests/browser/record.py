"""Synthetic but realistic records of runs: what a report is tested and photographed with."""

from __future__ import annotations

import random
from typing import Any

HOSTILE = (
    "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
    "</style></title><svg onload=\"document.title='pwned'\">"
    " \x1b[31mred\x1b[0m NUL:\x00 RTL:\u202egnp.exe byte:\udcff {{ 7*7 }} javascript:alert(1) ]]>"
)
PROCEDURE = {
    "isolate": "Stop failed services; verify isolation successful",
    "files": "Restore all backup files (created during deployment)",
    "services": "Restart services in order",
    "latency": "Response times within baseline (Gateway <100ms, P2P <100ms)",
    "logs": "No error logs in past 5 minutes",
    "health": "Health checks return OK",
}
COMPONENTS = ("web", "queue", "worker", "search")


def phase(name: str, budget: float, begin: float, seconds: float, *changes: str) -> dict[str, Any]:
    """Return one phase that was done."""
    made = [
        {"what": what, "why": "it is not as the previous release had it", "seconds": 0.31}
        for what in changes
    ]
    return {
        "name": name,
        "budget": budget,
        "begin": begin,
        "seconds": seconds,
        "state": "done",
        "changes": made,
    }


def phases() -> list[dict[str, Any]]:
    """Return the six phases of a drill of 41 seconds."""
    units = [f"shop-{name}" for name in COMPONENTS]
    stops = [f"systemctl stop {unit}" for unit in reversed(units)]
    files = [f"restore {name}/server.py" for name in COMPONENTS]
    return [
        phase("prepare", 120, 0.0, 2.4, "save configuration", "save logs of the last hour"),
        phase("isolate", 180, 2.4, 5.6, *stops, "maintenance page on"),
        phase("files", 420, 8.0, 3.2, *files, "move worker/broken.py to evidence"),
        phase("configuration", 180, 11.2, 2.1, "restore config/.env", "systemctl daemon-reload"),
        phase("services", 300, 13.3, 19.9, *(f"systemctl start {unit}" for unit in units)),
        phase("validate", 120, 33.2, 8.0),
    ]


def users(stretched: int = 1) -> list[dict[str, Any]]:
    """Return what users got in each of 48 seconds, or in that many times more."""
    got = []
    for second in range(48 * stretched):
        moment = second // stretched
        if moment < 3 or moment >= 34:
            got.append({"second": second, "up": 10, "maintenance": 0, "error": 0})
        elif moment in (3, 4, 33):
            got.append({"second": second, "up": 2, "maintenance": 1, "error": 7})
        else:
            got.append({"second": second, "up": 0, "maintenance": 10, "error": 0})
    return got


def criterion(suite: str, name: str, component: str | None, title: str) -> dict[str, Any]:
    """Return one criterion that is met."""
    return {
        "id": f"{suite}.{name}",
        "component": component,
        "suite": suite,
        "phase": None,
        "outcome": "met",
        "title": title,
        "procedure": PROCEDURE.get(name.partition(".")[0], ""),
        "seconds": 0.12,
        "message": "",
        "hint": "",
        "findings": [],
        "evidence": {"state": "active", "since": "2026-11-24T06:12:33Z", "restarts": 0},
        "nodeid": f"suites/{suite}/test_{name.partition('.')[0]}.py::test_{name}[{component}]",
    }


def criteria() -> list[dict[str, Any]]:
    """Return the criteria of a drill and its validation, all met."""
    found = [
        criterion("drill", "isolate.stopped", None, "No unit of the system runs any more."),
        criterion("drill", "maintenance.on", None, "Users are told about the maintenance."),
        criterion("drill", "files.restored", None, "Every live file equals the recorded file."),
        criterion("drill", "configuration.restored", None, "Configuration is the previous one."),
    ]
    for component in COMPONENTS:
        found += [
            criterion("drill", "services.started", component, "The unit runs and answers."),
            criterion("validate", "health", component, "The health URL answers as it should."),
            criterion("validate", "latency.limit", component, "Answers come within the limit."),
            criterion("validate", "logs.clean", component, "No error since the unit's start."),
        ]
    return found


def latency(slow: str = "") -> list[dict[str, Any]]:
    """Return sixty samples for each component; one may be slow."""
    chance = random.Random(7)  # noqa: S311 - a picture that is the same each time
    found = []
    for index, component in enumerate(COMPONENTS):
        middle = 210.0 if component == slow else 3.0 + 4 * index
        samples = sorted(middle * chance.lognormvariate(0, 0.35) for _ in range(60))
        found.append(
            {
                "component": component,
                "probe": "GET /health",
                "samples_ms": samples,
                "p50": samples[30],
                "p95": samples[57],
                "max": samples[-1],
                "limit_ms": 100.0,
                "baseline_p95": 6.0 + 6 * index if index < 3 else None,
                "overhead_ms": 0.4,
            }
        )
    return found


def checklist() -> list[dict[str, Any]]:
    """Return the lists of the procedure, partly ticked."""
    return [
        {"list": "Pre-rollback", "item": "Assess impact", "state": "done", "by": ["triage.impact"]},
        {"list": "Pre-rollback", "item": "Notify stakeholders", "state": "missing", "by": []},
        {
            "list": "Pre-rollback",
            "item": "Backup current state",
            "state": "done",
            "by": ["drill.snapshot.saved"],
        },
        {
            "list": "Success criteria",
            "item": "All services start successfully",
            "state": "done",
            "by": ["drill.services.started", "validate.health"],
        },
        {
            "list": "Success criteria",
            "item": "No error logs in past 5 minutes",
            "state": "not checked",
            "by": ["validate.logs.clean"],
        },
        {
            "list": "Post-rollback",
            "item": "Monitor system for 15 minutes minimum",
            "state": "not checked",
            "by": [],
        },
    ]


def recovered() -> dict[str, Any]:
    """Return the record of a drill that went well."""
    return {
        "run": "20261124-061200-3f2a",
        "verdict": "RECOVERED",
        "reasons": [],
        "sentence": "RECOVERED in 0m41s of 15m00s (sandbox)",
        "system": "shop",
        "target": {"name": "sandbox", "connection": "local://", "demonstration": True},
        "incident": "INC-2041",
        "operator": "root@ops1",
        "started": "2026-11-24T06:11:54+00:00",
        "decided": "2026-11-24T06:12:00+00:00",
        "finished": "2026-11-24T06:12:48+00:00",
        "rto": 900.0,
        "elapsed": 41.2,
        "margin": 858.8,
        "previous": {"name": "2026.11.1", "commit": "4b1f0c2a9d77e1c05b2fd2b0c1f6a8f1d0a9c3e2"},
        "current": {"name": "2026.11.2", "commit": "9c0de1f2a3b4c5d6e7f8091a2b3c4d5e6f708192"},
        "resume": None,
        "phases": phases(),
        "users": users(),
        "users_asked_from": "the operator's machine",
        "users_problem": "ConnectError: connection refused",
        "outage_seconds": 2.1,
        "maintenance_seconds": 28.3,
        "criteria": criteria(),
        "latency": latency(),
        "checklist": checklist(),
        "versions": {"pytest-rollback": "0.1.0", "pytest": "9.2.0", "python": "3.11.13"},
        "manifest": {"path": "/etc/shop/rollback.toml", "sha256": "5d41402abc4b2a76" * 4},
        "agent_sha256": "7d793037a0760186" * 4,
    }


def many() -> dict[str, Any]:
    """Return the record of a drill with so many criteria that the met ones are folded."""
    plain = recovered()
    more = [criterion("readiness", f"files.n{n}", None, "A file has its copy.") for n in range(30)]
    return {**plain, "criteria": [*plain["criteria"], *more]}


def failed() -> dict[str, Any]:
    """Return the record of a rollback that did not get the system back, with hostile texts."""
    record = recovered()
    record |= {
        "verdict": "NOT RECOVERED",
        "sentence": "NOT RECOVERED after 16m10s of 15m00s (production)",
        "reasons": [
            "worker: GET /health takes 284 ms at p95, the limit is 100 ms",
            "phase services took 7m12s of its 5m00s",
            f"worker logged: {HOSTILE}",
        ],
        "target": {"name": "production", "connection": "ssh://shop1", "demonstration": False},
        "elapsed": 970.0,
        "margin": -70.0,
        "outage_seconds": 96.0,
        "maintenance_seconds": 812.0,
        "resume": "rollback now --target=/etc/shop/rollback.toml --arm=production",
        "latency": latency(slow="worker"),
        "users": users(stretched=20),
    }
    stretch(record["phases"], (60.0, 95.0, 130.0, 48.0, 432.0, None))
    spoil(record["criteria"])
    return record


def stretch(rows: list[dict[str, Any]], lasted: tuple[float | None, ...]) -> None:
    """Give phases other lengths, one after the other."""
    begin = 0.0
    for row, seconds in zip(rows, lasted, strict=True):
        row |= {"begin": None if seconds is None else begin, "seconds": seconds}
        row["state"] = "not reached" if seconds is None else "done"
        begin += seconds or 0.0
    rows[4]["state"] = "failed"


def spoil(rows: list[dict[str, Any]]) -> None:
    """Make some criteria fail, each in another way."""
    by_key = {(row["id"], row["component"]): row for row in rows}
    by_key["validate.latency.limit", "worker"] |= {
        "outcome": "not met",
        "message": "p95 is 284 ms, the limit is 100 ms (60 samples, 40 to 310 ms).",
        "hint": "journalctl -u shop-worker --since=-5min -p err",
        "evidence": {"p50_ms": 212.4, "p95_ms": 284.1, "limit_ms": 100, "samples": 60},
    }
    by_key["validate.logs.clean", "worker"] |= {
        "outcome": "not met",
        "message": f"3 errors since the unit's start, the first: {HOSTILE}",
        "hint": "rollback validate -k 'logs and worker'",
        "findings": [f"06:12:4{n} worker[311]: {HOSTILE}" for n in range(3)],
    }
    by_key["validate.logs.clean", "search"] |= {
        "outcome": "inconclusive",
        "message": "The log has no line since the unit's start: silence proves nothing.",
        "hint": "Send one request, then ask again: rollback validate -k logs",
    }
    by_key["validate.health", "search"] |= {
        "outcome": "waived",
        "message": "waived until 2026-12-31 by ops: the search index is rebuilt by hand",
    }
    by_key["validate.latency.limit", "search"] |= {
        "outcome": "advisory",
        "message": "search is optional, and slower than its baseline: p95 is 23 ms, it was 18 ms",
        "hint": "journalctl -u shop-search --since=-5min",
    }
    by_key["drill.services.started", "search"] |= {"outcome": "not reached", "evidence": None}
