"""Success criterion: 'Health checks return OK'; asked today, while the system is healthy."""

from __future__ import annotations

from pytest_rollback.criteria import criterion
from pytest_rollback.fixtures.probes import AnswersByProbe, demand
from pytest_rollback.manifest.model import Component


@criterion("readiness.probes.answer", phase="validate")
def test_every_probe_answers_now(answers: AnswersByProbe, component: Component) -> None:
    """Every probe of the component is answered correctly while the system is healthy."""
    demand(answers, component, f"repair {component.name}, or correct these probes in rollback.toml")
