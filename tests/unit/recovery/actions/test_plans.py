"""Plans of actions from what was found: no host is asked, only words and changes are compared."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.messages.restore import RestorePlan, RestoreRequest, SharedBackups
from pytest_rollback.agent.messages.rollback.start_guard import GuardState
from pytest_rollback.agent.messages.services.health import UnitHealth
from pytest_rollback.agent.messages.services.units import UnitState
from pytest_rollback.recovery import actions
from pytest_rollback.recovery.actions import starts
from pytest_rollback.recovery.actions.files import Pending
from pytest_rollback.recovery.actions.requests import location, selection
from pytest_rollback.recovery.actions.start_guard import Guarded
from pytest_rollback.transport.batch import look
from tests.unit.recovery.site import Site

UP = UnitState(known=True, state="active")
WELL = UnitHealth(UP, 60.0, None)


@pytest.mark.parametrize(
    ("found", "lacking"),
    [
        (WELL, ()),
        (WELL._replace(state=UP._replace(state="failed")), ("it is failed",)),
        (WELL._replace(problem="answered 503"), ("it is not healthy: answered 503",)),
        (WELL._replace(uptime=0.12), ("it is up for only 0.1 s",)),
    ],
)
def test_a_component_lacks_a_start_until_it_is_healthy_and_settled(
    site: Site, found: UnitHealth, lacking: tuple[str, ...]
) -> None:
    """Down, unhealthy and too young are three reasons; one that is well has none."""
    assert starts.lacking(site.system.components[0], found) == lacking


def test_what_was_started_before_all_was_restored_is_started_anew(site: Site) -> None:
    """A watchdog may start a unit on a mix of releases: what runs then is stopped first."""
    scope = site.scope()
    old = "pid 7 began before a.py was put back"
    found = {each.unit: WELL for each in scope.components}
    found["mesh"] = WELL._replace(problem=old, stale=old)
    changes = actions.START.plan(scope, found)

    assert [each.what for each in changes] == [
        "stop mesh",
        "start mesh and wait until it is healthy",
    ]
    assert changes[0].why == f"it is active, and {old}"


def test_units_that_cannot_be_guarded_are_told(site: Site) -> None:
    """The guard goes up all the same, and says which units it does not keep."""
    state = GuardState(on=False, left=False, unguarded=("mesh",))
    found = Guarded(state, pending=("a.py",))
    (change,) = actions.GUARD_ON.plan(site.scope(), found)

    assert change.why == (
        "1 file to be restored or moved; not configured in [services] directory: mesh"
    )


def test_a_rehearsal_lifts_the_guard_that_will_be_up(site: Site) -> None:
    """Nothing is left of it now; once it was put up there is."""
    scope, found = site.scope(), Guarded(GuardState(on=False, left=False, unguarded=()))
    assert actions.GUARD_OFF.plan(scope, found) == ()
    (change,) = actions.GUARD_OFF.plan(scope, actions.GUARD_OFF.assuming(scope, found))

    assert change.what == "allow the start of gate, mesh"


def test_what_comes_from_git_is_told(site: Site) -> None:
    """A restore says which files have no backup that could be used."""
    scope = site.scope()
    request = RestoreRequest(location(scope), selection(scope), "files")
    plan = RestorePlan(("a.py", "b.py"), git=("b.py",), bytes=2000, digest="d", release="1")
    (change,) = actions.RESTORE_FILES.plan(scope, Pending(request, plan))

    assert change.what == "restore 2 files, 1 of them from git"
    assert change.why == (
        "back to 1; not as recorded: a.py, b.py; without a usable backup, taken from the recorded "
        "commit: b.py"
    )


def test_shared_backups_are_separated_by_one_change(site: Site) -> None:
    """Each backup that is the live file itself gets bytes of its own."""
    (change,) = actions.SEPARATE.plan(site.scope(), SharedBackups(("a.py",)))

    assert change.call.name == "shared.part"
    assert change.what == "copy 1 backup into separate files"
    assert change.why == "same file as the live file: a.py"
    assert change.call.seconds == site.system.budgets.files


def test_a_rehearsal_closes_what_will_be_restored(site: Site) -> None:
    """Live files that differ now are no reason to refuse then: they are restored before."""
    scope = site.scope()
    found = look(site.connection, actions.CLOSE.look(scope))
    assert found.plan.differ
    (change,) = actions.CLOSE.plan(scope, actions.CLOSE.assuming(scope, found))

    assert change.call.name == "copies.close"
