"""Where pytest starts: it names the fixtures, and what belongs to a part that can be taken away."""

from __future__ import annotations

import gc
from pathlib import Path

from pytest_rollback.run.extras import names

# What is imported lives to the end of the session: looking for rings in it finds none, and takes
# a tenth of the time in which readiness begins.
gc.set_threshold(100_000)

HERE = Path(__file__).parent
PARTS = {
    "sandbox": ("fixtures.troubleshooting", "suites/drill/troubleshooting"),
    "triage": ("fixtures.triage", "suites/triage"),
    "runbook": ("fixtures.runbook", "suites/readiness/test_runbook.py"),
    "incident": ("fixtures.notify", "suites/readiness/test_notify.py"),
    "database": (
        "fixtures.dump",
        "suites/readiness/test_database.py",
        "suites/drill/test_phases_database.py",
    ),
}
"""Fixtures and criteria of each part of the package's `extras`: without the part they are left out.
A rollback.toml that needs the part is refused then."""

MISSING = {each for part, listed in PARTS.items() if part not in names() for each in listed}

collect_ignore = [str(HERE / each) for each in MISSING if "/" in each]

FIXTURES = (
    "fixtures.host",
    "fixtures.survey",
    "fixtures.tree",
    "fixtures.dump",
    "fixtures.probes",
    "fixtures.latency",
    "fixtures.units",
    "fixtures.logs",
    "fixtures.live_state",
    "fixtures.notify",
    "fixtures.runbook",
    "fixtures.triage",
    "fixtures.monitor",
    "fixtures.troubleshooting",
    "pytest_rollback.plugin.fixtures",
)

pytest_plugins = [each for each in FIXTURES if each not in MISSING]
