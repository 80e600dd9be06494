"""The plan of a whole rollback, and the rollback as it happens: lines for people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.evidence.events import (
    ActionAdvisory,
    ActionBegun,
    ActionFailed,
    ChangeBegun,
    Decided,
    RunBegan,
)
from pytest_rollback.manifest.values import Phase
from pytest_rollback.recovery.action import Action, Change, Scope, all_of_it
from pytest_rollback.recovery.live import LiveProgress
from pytest_rollback.recovery.rehearsal import RehearsedStep, lines, rehearse
from pytest_rollback.transport.batch import without_asking
from pytest_rollback.transport.call import AnyCall
from tests.unit.support.run_facts import SYSTEM

CALL: AnyCall = None  # type: ignore[assignment]
STOP = Change(CALL, "stop shop-web", "it is active", 3.0, DataLoss("shop", 4700.0, 412))


def action(name: str, phase: Phase, spared: str = "") -> Action[None]:
    """Return an action that changes nothing by itself."""
    return Action(
        name,
        phase,
        look=lambda _scope: without_asking(None),
        plan=lambda _scope, _found: (),
        spared=(lambda _scope: spared) if spared else all_of_it,
    )


class Foreseeing:
    """A gate that foresees one change for the isolation, and none for the rest."""

    def foresee(self, one: Action[None]) -> tuple[Change, ...]:
        """Return what the action would do."""
        return (STOP,) if one.phase == "isolate" else ()


def test_the_plan_has_phases_changes_and_what_is_spared() -> None:
    """Each phase with its estimate and budget; an action without a change says why."""
    isolate, files = action("isolate components", "isolate"), action("restore files", "files")
    database = action("restore the database", "configuration", "it is left alone\nHINT: without it")
    kept = replace(action("restore more", "files"), stays=lambda _scope: "it stays")
    steps = rehearse(Foreseeing(), (isolate, files, kept, database))  # type: ignore[arg-type]
    found = [*lines(steps, Scope(SYSTEM))]

    assert steps[0] == RehearsedStep(isolate, (STOP,))
    assert "isolate         about 0m03s of 3m00s" in found
    assert "    stop shop-web" in found
    assert "      a restore of shop loses 79m of what users wrote (412 rows when it was" in found
    assert "    restore files: nothing to do" in found
    assert "    restore more: it stays" in found
    at = found.index("    restore the database: it is left alone")
    assert found[at + 1] == "      HINT: without it"
    assert found[-1] == "in all          about 0m03s of 15m00s"


@pytest.fixture
def told() -> list[str]:
    """What was written."""
    return []


def test_a_rollback_is_told_as_it_happens(told: list[str]) -> None:
    """Nothing before the decision; then phases, changes, and what fails."""
    live = LiveProgress(SYSTEM, told.append)
    live(ChangeBegun(offset=1.0, what="too early"))
    live(Decided(offset=10.0))
    live(ActionBegun(offset=10.0, phase="isolate", action="isolate components"))
    live(ChangeBegun(offset=11.0, phase="isolate", what="stop shop-web"))
    live(ActionBegun(offset=14.0, phase="files", action="restore files"))
    live(ActionBegun(offset=14.5, phase="files", action="remove added files"))
    live(ActionFailed(offset=15.0, phase="files", action="restore files", message="no room"))
    live(ActionAdvisory(offset=16.0, phase="files", action="x", message="optional"))
    live(ActionBegun(offset=17.0, phase="", action="beside the procedure"))
    live(RunBegan(offset=18.0))

    assert told == [
        "  0m01s isolate        stop shop-web",
        "  0m04s isolate        0m04s of 3m00s; 14m56s left",
        "  0m05s files          FAILED: no room",
        "  0m06s files          ADVISORY: optional",
    ]
