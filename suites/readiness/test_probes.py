"""Success criterion: 'Health checks return OK'; asked today, while the system is healthy."""

from __future__ import annotations

from typing import Any

import pytest
from rollback.connection import Connection
from rollback.criteria import criterion, words
from rollback.errors import Refused
from rollback.model import Component, System


@pytest.fixture(scope="session")
def answers(connection: Connection, system: System) -> dict[str, Any]:
    """One answer to every probe, from one request."""
    asked = {
        name: {
            "noun": "probes",
            "verb": "ask",
            "probe": probe.model_dump(by_alias=True, mode="json"),
            "samples": 1,
        }
        for name, probe in system.probes.items()
    }
    slowest = sum(probe.timeout for probe in system.probes.values())
    found = connection.ask_all(asked.values(), deadline=slowest + 5)
    return dict(zip(asked, found, strict=True))


@criterion("readiness.probes.answer")
def test_every_probe_answers_now(answers: dict[str, Any], component: Component) -> None:
    """Each probe of the component answers now: one that fails now proves nothing later."""
    wrong = [
        f"{name}: {answers[name]['problem']}"
        for name in (component.health, *component.requests)
        if answers[name]["problem"] or not answers[name]["answered"]
    ]

    if wrong:
        raise Refused(
            f"{len(wrong)} probes do not answer as they should:\n{words(wrong)}",
            hint=f"repair {component.name}, or correct these probes in rollback.toml",
        )
