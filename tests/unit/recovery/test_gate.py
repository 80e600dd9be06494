"""The gate: shut but for one name; it plans again after every change, and takes the host once."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_rollback.errors import GateClosed, LockHeld, NotDone, Refused
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.evidence.events import ChangeTook, kind_of
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.recovery import actions
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.maintenance import NO_PAGE
from pytest_rollback.recovery.actions.undo import undoing
from pytest_rollback.recovery.gate import TYPING, Gate
from pytest_rollback.recovery.lock_holder import Holder
from pytest_rollback.transport.batch import without_asking
from tests.unit.recovery.site import CHANGED, Site

RTO = 900.0
"""The objective of the site, in seconds."""

pytestmark = pytest.mark.usefixtures("systemd")


@pytest.fixture
def timeline(tmp_path: Path) -> Iterator[Timeline]:
    """A timeline of the test's own."""
    kept = Timeline(tmp_path / "told")
    yield kept
    kept.close()


def gate(
    site: Site,
    timeline: Timeline,
    armed: str | None = "here",
    run: str = "r7",
    accepted: float | None = None,
) -> Gate:
    """Return a gate of this process."""
    held = Holder.here(run, "ann")
    scope = Scope(site.system)
    return Gate(site.connection, scope, timeline, armed=armed, accepted=accepted, holder=held)


def events(timeline: Timeline) -> list[str]:
    """Return what happened, in order."""
    return [kind_of(each) for each in timeline.events]


def test_a_worker_never_gets_one(site: Site, timeline: Timeline) -> None:
    """Every worker would change the host again."""
    with pytest.raises(GateClosed, match="xdist"):
        Gate(
            site.connection,
            Scope(site.system),
            timeline,
            armed="here",
            holder=Holder.here("r1", "ann"),
            worker=True,
        )


@pytest.mark.parametrize("armed", [None, "", "there", "her"])
def test_it_is_shut_for_any_other_name(site: Site, timeline: Timeline, armed: str | None) -> None:
    """What it would have done is said with the key; nothing was changed and the host not taken."""
    before = site.everything()
    shut = gate(site, timeline, armed)
    with pytest.raises(GateClosed, match="on target 'here'") as told:
        shut.perform(actions.RESTORE_FILES)

    assert "--arm=here" in told.value.hint
    assert site.everything() == before
    assert not (site.state / "runs").exists()
    assert events(timeline) == ["action", "failed"]


LOSING = Action(
    "restore the database",
    "configuration",
    without_asking,
    lambda scope, _found: tuple(
        replace(each, loses=DataLoss("shop", 3 * 3600.0, 412))
        for each in actions.MAINTENANCE_ON.plan(scope, NO_PAGE)
    ),
)
"""It loses three hours, whatever change it makes."""


def test_less_than_the_plan_says_is_not_accepted(site: Site, timeline: Timeline) -> None:
    """The objective is for what comes later: who reads three hours and types less did not agree."""
    shut = gate(site, timeline, accepted=3 * 3600.0 - TYPING - 1)
    changes = shut.foresee(LOSING)
    with pytest.raises(GateClosed, match="nobody has accepted that; accepted was 178m"):
        shut.demand_accepted(changes, planned=True)
    shut.demand_accepted(changes)


@pytest.mark.parametrize("accepted", [None, 79 * 60.0, 3 * 3600.0 - RTO - 1])
def test_data_is_not_lost_before_somebody_accepts_it(
    site: Site, timeline: Timeline, accepted: float | None
) -> None:
    """Nobody has, or has accepted less than it is by now: nothing is changed, and a key is said."""
    shut = gate(site, timeline, accepted=accepted)
    changes = shut.foresee(LOSING)
    with pytest.raises(GateClosed, match=r"loses 3h of what users wrote \(412 rows") as early:
        shut.demand_accepted(changes)
    before = site.everything()
    with pytest.raises(GateClosed, match="nobody has accepted that"):
        shut.perform(LOSING)

    assert "--accept-loss=3h" in early.value.hint
    assert ("accepted was" in early.value.message) == (accepted is not None)
    assert site.everything() == before
    assert "begin" not in events(timeline)


@pytest.mark.parametrize("accepted", [3 * 3600.0, 3 * 3600.0 - RTO, 24 * 3600.0])
def test_data_is_lost_once_that_was_accepted(
    site: Site, timeline: Timeline, accepted: float
) -> None:
    """The time that a rollback takes is no further loss; the timeline says what was lost."""
    open_gate = gate(site, timeline, accepted=accepted)
    open_gate.demand_accepted(open_gate.foresee(LOSING))
    with pytest.raises(NotDone):  # its plan never gets empty
        open_gate.perform(LOSING)

    (took,) = [each for each in timeline.events if isinstance(each, ChangeTook)]
    assert took.lost == DataLoss("shop", 3 * 3600.0, 412)


def test_a_gate_that_is_shut_anyway_asks_for_its_name_first(site: Site, timeline: Timeline) -> None:
    """What users lose is the second question."""
    shut = gate(site, timeline, None)
    shut.demand_accepted(shut.foresee(LOSING))
    with pytest.raises(GateClosed) as told:
        shut.perform(LOSING)
    assert "--arm=here" in told.value.hint


def test_a_plan_alone_says_whether_what_was_accepted_is_enough(
    site: Site, timeline: Timeline
) -> None:
    """Before somebody stops anything for it."""
    shut = gate(site, timeline, None, accepted=60.0)
    changes = shut.foresee(LOSING)
    with pytest.raises(GateClosed, match="nobody has accepted that; accepted was 60s"):
        shut.demand_accepted(changes, planned=True, dry=True)
    enough = gate(site, timeline, None, accepted=3 * 3600.0)
    enough.demand_accepted(changes, planned=True, dry=True)


def test_a_change_begins_before_it_is_made(site: Site, timeline: Timeline) -> None:
    """Looked at, done, looked at again; a second time there is nothing to do."""
    open_gate = gate(site, timeline)
    foreseen = open_gate.foresee(actions.RESTORE_FILES)
    done = open_gate.perform(actions.RESTORE_FILES)
    again = open_gate.perform(actions.RESTORE_FILES)
    open_gate.end("recovered")

    assert [change.what for change in done.changes] == [change.what for change in foreseen]
    assert again.changes == ()
    expected = ["action", "run", "begin", "end", "took", "done", "action", "done"]
    assert events(timeline) == expected
    assert open_gate.scope.run == "r7"


def test_what_is_still_needed_is_not_done(site: Site, timeline: Timeline) -> None:
    """An action whose plan does not become empty has failed, whatever its calls said."""
    stubborn = Action(
        "put the page on",
        "isolate",
        lambda _scope: without_asking(NO_PAGE),
        actions.MAINTENANCE_ON.plan,
    )
    with pytest.raises(NotDone, match="had no lasting effect"):
        gate(site, timeline).perform(stubborn, vital=False)

    assert events(timeline)[-1] == "advisory"


@pytest.mark.parametrize(("interferences", "is_done"), [(1, True), (2, True), (3, False)])
def test_what_somebody_does_meanwhile_is_dealt_with(
    site: Site, timeline: Timeline, interferences: int, *, is_done: bool
) -> None:
    """A watchdog that starts a unit once is no reason to give up; one that goes on is."""
    numbers = itertools.count()

    def plan(scope: Scope, seen: object) -> tuple[Change, ...]:
        number = next(numbers)
        meant = actions.MAINTENANCE_ON.plan(scope, seen)
        changed = tuple(replace(each, what=f"{each.what}, {number}") for each in meant)
        return changed if number <= interferences else ()

    disturbed = Action(
        "put the page on",
        "isolate",
        lambda _scope: without_asking(NO_PAGE),
        plan,
    )
    expected = contextlib.nullcontext() if is_done else pytest.raises(NotDone, match="no lasting")
    with expected:
        done = gate(site, timeline).perform(disturbed)
        assert len(done.changes) == 1 + interferences


def test_a_host_that_is_held_is_not_changed(site: Site, timeline: Timeline) -> None:
    """The second operator is told who holds it; the first goes on."""
    first, second = gate(site, timeline), gate(site, timeline, run="r8")
    first.perform(actions.MAINTENANCE_ON)
    alive = second._holder.process._replace(pid=os.getppid(), pid_started=0.0)  # noqa: SLF001
    second._holder = replace(second._holder, process=alive)  # noqa: SLF001
    before = site.everything()
    for refused in (second.enter, lambda: second.perform(actions.RESTORE_FILES)):
        with pytest.raises(LockHeld, match="held by ann"):
            refused()

    assert site.everything() == before


@pytest.mark.parametrize("armed", [None, "here"])
def test_a_host_that_nobody_holds_is_not_taken_before_its_time(
    site: Site, timeline: Timeline, armed: str | None
) -> None:
    """What cannot be planned leaves no run behind."""
    gate(site, timeline, armed).enter()

    assert events(timeline) == []
    assert not (site.state / "runs").exists()


def test_a_misspelt_name_is_told_before_anything_is_asked(site: Site, timeline: Timeline) -> None:
    """The operator sees what he typed, and not what the host says first."""
    with pytest.raises(GateClosed, match="armed for 'her'") as told:
        gate(site, timeline, "her").enter()

    assert "--arm=here" in told.value.hint
    assert site.connection.trips == 0


def test_a_run_is_taken_back_as_a_whole(site: Site, timeline: Timeline) -> None:
    """Undo stops, brings the failed release back and starts it; a hotfix since then refuses it."""
    before = site.everything()
    forward = gate(site, timeline)
    for action in (actions.GUARD_ON, actions.RESTORE_FILES, actions.RESTORE_CONFIGURATION):
        forward.perform(action)
    forward.end("failed")
    back = gate(site, timeline)
    back.scope = replace(back.scope, run="r7")
    live = site.path(CHANGED[0])
    restored = live.read_text()
    live.write_text("hotfix")
    with pytest.raises(Refused, match="1 file changed after run r7"):
        back.foresee(undoing("r7")[1])
    live.write_text(restored)
    stop, undo, start = undoing("r7")
    back.perform(stop)
    assert [change.call.name for change in back.perform(undo).changes] == ["restore.undo"]

    assert site.everything() == before
    assert back.perform(undo).changes == ()
    assert [change.call.name for change in back.foresee(start)] == ["units.start"] * 2


def test_a_gate_that_took_no_host_lets_go_of_none(site: Site, timeline: Timeline) -> None:
    """The end of a run that never began asks the host for nothing."""
    gate(site, timeline).end("failed")

    assert not (site.state / "runs").exists()
