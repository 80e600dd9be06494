"""The tables about the incident: defaults are the procedure's, and no table contradicts itself."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.load import load, parse
from pytest_rollback.manifest.thresholds import MATRIX, Monitor, Triage, bound, reaches

MANIFEST = Path(__file__).parents[3] / "rollback.toml"


def test_defaults_are_the_procedures() -> None:
    """What is left out is as the procedure has it, and as the shipped file writes it down."""
    shipped = load(MANIFEST).system

    assert shipped.triage == Triage(critical=("gateway",))
    assert shipped.monitor == Monitor()
    assert [row.action for row in MATRIX] == ["roll back", "isolate", "fix", "monitor"]


@pytest.mark.parametrize(
    ("text", "below", "within"),
    [("> 50%", 0.5, 0.501), (">= 10%", 0.099, 0.1), (">=1m", 59.9, 60.0), ("> 0s", 0.0, 0.1)],
)
def test_a_bound_says_whether_it_is_included(text: str, below: float, within: float) -> None:
    """At the bound itself, and on either side of it."""
    assert (reaches(below, text), reaches(within, text)) == (False, True)


@pytest.mark.parametrize("text", ["50%", "< 50%", "> 50", ">", "> 5 m"])
def test_what_is_no_bound_is_refused(text: str) -> None:
    """A number alone does not say on which side it counts."""
    with pytest.raises(ValueError, match="expected a lower bound"):
        bound(text)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"tolerated": "60%"}, "expected tolerated to be below degraded"),
    ({"degraded": 50}, 'expected a share with a percent sign, such as "50%"'),
    (
        {"critical": ["gatewy"]},
        "triage.critical: there is no component 'gatewy'; did you mean 'gateway'?",
    ),
    (
        {"severities": [row.model_dump() for row in reversed(MATRIX)]},
        "expected severities from the worst to the mildest",
    ),
    (
        {"severities": [{**MATRIX[0].model_dump(), "action": "fix"}, MATRIX[1].model_dump()]},
        "expected critical to have no milder action than high",
    ),
    ({"severities": [{**MATRIX[0].model_dump(), "impact": "50%"}]}, "expected a lower bound"),
]


@pytest.mark.parametrize(("table", "said"), BAD)
def test_a_contradiction_is_refused(table: dict[str, Any], said: str) -> None:
    """Each with the key and what would be right."""
    document = tomllib.loads(MANIFEST.read_text())
    document["triage"] = table
    with pytest.raises(ManifestError) as caught:
        parse(document, "rollback.toml")

    assert said in str(caught.value)
