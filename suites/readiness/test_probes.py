"""Success criterion: 'Health checks return OK'; asked today, while the system is healthy."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.criteria import criterion
from pytest_rollback.fixtures.probes import AnswersByProbe, changing, demand
from pytest_rollback.manifest.model import Component, System

Keep = Callable[[str, object], None]


@criterion("readiness.probes.answer", phase="validate")
def test_every_probe_answers_now(
    answers: AnswersByProbe, component: Component, system: System, record_property: Keep
) -> None:
    """Every probe of the component is answered correctly while the system is healthy."""
    once = changing(system, component.requests)
    if once:
        record_property("asked once, and not measured, because they change something", once)
    demand(answers, component, f"repair {component.name}, or correct these probes in rollback.toml")
