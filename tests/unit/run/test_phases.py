"""The phases of a run, from its timeline: when, how long, what was changed, how each ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.criteria import Outcome
from pytest_rollback.evidence.events import Event
from pytest_rollback.manifest.values import PHASES
from pytest_rollback.run.phases import ChangeRecord, PhaseRecord, phases
from tests.unit.support.run_facts import STORY, SYSTEM, event, outcome


def seen(
    events: list[Event],
    elapsed: float | None = None,
    outcomes: tuple[Outcome, ...] = (),
) -> Mapping[str, PhaseRecord]:
    """Return the phases of a timeline by their names."""
    return {each.name: each for each in phases(SYSTEM.budgets, events, outcomes, elapsed)}


def test_phases_share_the_time_since_the_decision() -> None:
    """Each lasts until the next begins, the last until the last criterion."""
    found = seen(events=STORY, elapsed=16.0)

    spans = {name: (each.begin, each.seconds) for name, each in found.items()}
    assert list(found) == list(PHASES)
    assert spans == {
        "prepare": (0.0, 2.0),
        "isolate": (2.0, 3.0),
        "files": (5.0, 2.0),
        "configuration": (None, None),
        "services": (7.0, 8.0),
        "validate": (15.0, 1.0),
    }
    assert found["configuration"].state == "not reached"
    assert {found[name].state for name in ("prepare", "files", "validate")} == {"done"}


def test_a_criterion_does_not_begin_before_what_it_asked_for() -> None:
    """With only the last criterion chosen, its time holds every action; they have their own."""
    last = event("criterion", 21.0, "validate", id="drill.x.y", outcome="met", seconds=15.9)
    found = seen(events=[*STORY[1:-1], last], elapsed=16.0)

    assert (found["validate"].begin, found["validate"].seconds) == (7.5, 8.5)
    assert found["services"].seconds == 0.5


def test_the_first_phase_begins_with_the_decision() -> None:
    """What goes before its first event is its own as well."""
    found = seen(events=[event("decided", 3.0), *STORY[2:]], elapsed=18.0)

    assert (found["prepare"].begin, found["prepare"].seconds) == (0.0, 4.0)


def test_changes_keep_what_why_and_how_long() -> None:
    """The same change twice is two changes; each has its own time."""
    found = seen(events=STORY, elapsed=16.0)

    assert found["isolate"].changes == (
        ChangeRecord("stop web", "it was not so", 2.0),
        ChangeRecord("stop web", "it was not so", 0.25),
    )
    assert found["services"].changes == ()


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"events": STORY[:9]}, "failed"),
        ({"events": [*STORY[:11], event("failed", 9.4, "isolate", action="x")]}, "failed"),
        ({"events": [*STORY[:9], event("advisory", 9, "isolate", action="isolate it")]}, "done"),
        ({"outcomes": (outcome("drill.a.b", "not met", phase="isolate"),)}, "failed"),
        ({"outcomes": (outcome("drill.a.b", "inconclusive", phase="isolate"),)}, "failed"),
        ({"outcomes": (outcome("drill.a.b", "waived", phase="isolate"),)}, "done"),
        ({"outcomes": (outcome("readiness.a.b", "not met", phase="isolate"),)}, "done"),
        (
            {"events": [*STORY[:8], event("done", 200.0, "isolate")], "elapsed": 195.0},
            "over budget",
        ),
    ],
)
def test_a_phase_is_judged(more: dict[str, Any], state: str) -> None:
    """A change without an end, a failed action or criterion fails it; late is its own word."""
    found = seen(**{"events": STORY, "elapsed": 16.0, **more})

    assert found["isolate"].state == state


def test_a_criterion_that_was_not_reached_reaches_no_phase() -> None:
    """Its event is no sign that the phase began."""
    late = event("criterion", 9.0, "services", id="drill.a.b", outcome="not reached", seconds=0)
    found = seen(events=[*STORY[:9], late], elapsed=4.0)

    assert found["services"].state == "not reached"


Events = st.lists(
    st.builds(
        event,
        st.sampled_from(["begin", "end", "took", "done", "failed", "action", "criterion"]),
        st.floats(0, 2000),
        st.sampled_from([*PHASES, ""]),
        action=st.just("a"),
        what=st.just("w"),
        seconds=st.floats(0, 10),
        outcome=st.sampled_from(["met", "not met", "not reached"]),
    ),
    max_size=20,
)


@given(Events, st.floats(0, 100), st.none() | st.floats(0, 2000))
def test_no_timeline_is_a_reason_to_have_no_record(
    events: list[Event], start: float, elapsed: float | None
) -> None:
    """Whatever was written, phases have no negative time and none is done that never began."""
    ordered = sorted([event("decided", start), *events], key=lambda each: each.offset)
    for each in seen(ordered, elapsed).values():
        assert (each.begin is None) == (each.state == "not reached")
        assert each.seconds is None or each.seconds >= 0
