"""Undo as a whole: foreseen, refused before anything is touched, and told by the journal alone."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.rollback.maintenance import PAGE_OFF, PageRequest
from pytest_rollback.agent.messages.rollback.undo import UNDO_PLAN, UndoPlan, UndoRequest
from pytest_rollback.agent.messages.state.runs import RunsRequest
from pytest_rollback.agent.state import progress, runs
from pytest_rollback.agent.state.lock import working
from pytest_rollback.agent.system.sockets import listening
from pytest_rollback.errors import Refused
from pytest_rollback.plugin import fixtures
from pytest_rollback.recovery import actions, status
from pytest_rollback.recovery.action import Action
from pytest_rollback.recovery.actions.undo import undoing, way_out
from pytest_rollback.transport.call import Call
from tests.unit.recovery.site import ADDED, CHANGED, FILES, SERVER, Site


def ahead(site: Site) -> UndoPlan:
    """Return what undo would do."""
    return site.connection.ask(Call(UNDO_PLAN, UndoRequest(site.location())))


def everything(site: Site) -> None:
    """Begin a run, and carry all of it out that changes files."""
    site.begin()
    site.perform(actions.MAINTENANCE_ON)
    for action in FILES:
        site.perform(action)


@pytest.mark.usefixtures("systemd")
def test_undo_is_foreseen_without_a_change(site: Site) -> None:
    """A dry look names what comes back; nothing is changed, and undo does just that."""
    everything(site)
    after = site.everything()
    found = ahead(site)
    assert site.everything() == after
    assert sorted(found.files) == sorted(CHANGED)
    assert found.units == ("gate.service",)
    assert (found.page, found.database) == (str(site.page), None)
    assert (found.conflicts, found.undone) == ((), False)
    site.undo()

    assert ahead(site).undone is True
    assert (ahead(site).files, ahead(site).moved) == ((), ())


def hotfix(site: Site) -> str:
    """Change a restored file."""
    site.put("gate/serve.py", "hotfix")
    return "gate/serve.py changed after the restore"


def rewrite_unit(site: Site) -> str:
    """Change an installed unit file."""
    (site.units / "gate.service").write_text("edited")
    return "gate.service changed since it was installed"


def rewrite_page(site: Site) -> str:
    """Write another maintenance page."""
    site.page.write_text("we moved")
    return "is not the one that was written"


def occupy(site: Site) -> str:
    """Put something where an added file was."""
    site.put(ADDED[0], "somebody's")
    return f"something else exists at {ADDED[0]}"


@pytest.mark.usefixtures("systemd")
def test_undo_tells_all_that_stands_in_its_way_and_touches_nothing(site: Site) -> None:
    """Four conflicts: all in one refusal, every file as it was."""
    everything(site)
    said = [change(site) for change in (hotfix, rewrite_unit, rewrite_page, occupy)]
    after = site.everything()
    with pytest.raises(Refused) as caught:
        site.undo()

    assert [each for each in said if each not in str(caught.value)] == []
    assert site.everything() == after
    assert len(ahead(site).conflicts) == len(said)


@pytest.mark.usefixtures("systemd")
def test_what_is_lost_is_left_out_by_one_command(site: Site) -> None:
    """The hint has the path, and the same undo without it is done."""
    everything(site)
    next(site.state.glob("runs/*/evidence/failed/gate/serve.py")).unlink()
    found = ahead(site)

    assert found.lost == ("gate/serve.py",)
    assert "rollback undo r1 --without=gate/serve.py" in way_out("r1", found, ())


def offered(site: Site) -> str:
    """Return what `status` says comes next for the site's run."""
    (run,) = status.runs(site.connection)
    return status.following(run, status.way_back(site.connection, site.system, run))


@pytest.mark.parametrize("change", [hotfix, rewrite_unit, rewrite_page, occupy])
@pytest.mark.usefixtures("systemd")
def test_an_undo_that_would_be_refused_is_not_offered(
    site: Site, change: Callable[[Site], str]
) -> None:
    """Status looks at what undo looks at, and says why there is none."""
    everything(site)
    assert "rollback undo r1" in offered(site)
    why = change(site)

    assert ("rollback undo" in offered(site), why in offered(site)) == (False, True), offered(site)


@pytest.mark.usefixtures("systemd")
def test_an_undo_is_offered_without_what_is_lost(site: Site) -> None:
    """The command that is printed is the one that is taken up."""
    everything(site)
    next(site.state.glob("runs/*/evidence/failed/gate/serve.py")).unlink()

    assert offered(site).endswith("rollback undo r1 --without=gate/serve.py")


@pytest.mark.parametrize("before", [None, "their own page"])
@pytest.mark.usefixtures("systemd")
def test_undo_brings_the_page_back_from_before(site: Site, before: str | None) -> None:
    """No page, or somebody else's: what was there before the run is there again."""
    if before:
        site.page.write_text(before)
    everything(site)
    site.perform(actions.MAINTENANCE_ON)
    site.connection.ask(Call(PAGE_OFF, page(site)))
    assert not site.page.exists()
    site.undo()

    assert (site.page.read_text() if site.page.exists() else None) == before


@pytest.mark.usefixtures("systemd")
def test_who_is_of_no_unit_stops_no_undo_and_is_named(site: Site) -> None:
    """He stops a rollback; an undo only where he holds a unit's port."""
    everything(site)
    script = site.put("gate/job.py", "import time\ntime.sleep(300)\n")
    with left_running(script) as pid:
        with pytest.raises(Refused, match="of no unit"):
            site.plan(actions.ISOLATE)
        stop, undo, _ = undoing("r1")
        (change,) = site.plan(undo)
        assert site.plan(stop) == ()
    assert change.why.startswith("run r1 is being undone; of no unit, and left to run: ")
    assert f"pid {pid} ({sys.executable} {script})" in change.why

    with left_running(site.put("gate/old.py", SERVER), site.ports["gate"]) as pid:
        wait_for(site.ports["gate"])
        with pytest.raises(Refused, match="another process than its own listens") as caught:
            site.plan(stop)
    assert f"pid {pid} " in str(caught.value.findings)


@contextlib.contextmanager
def left_running(script: Path, *words: object) -> Iterator[int]:
    """Run a script of the root that no unit has started."""
    command = [sys.executable, str(script), *map(str, words)]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + 20
    while port not in listening():
        assert time.monotonic() < until
        time.sleep(0.02)


def page(site: Site) -> PageRequest:
    """Return a request about the page."""
    return PageRequest(site.location(), str(site.page), "back soon")


@pytest.mark.usefixtures("systemd")
def test_a_run_that_is_undone_changes_nothing_more(site: Site) -> None:
    """Going on with it is refused; a new run goes on."""
    everything(site)
    site.undo()
    before = site.everything()
    with pytest.raises(Refused, match="this run was undone"):
        site.perform(actions.REMOVE_ADDED)

    assert site.everything() == before


@pytest.mark.usefixtures("systemd")
def test_how_far_a_run_came_is_told_by_its_journal_alone(site: Site) -> None:
    """Without a lease: who began it and when, what is done and next, its head."""
    site.begin()
    site.perform(actions.MAINTENANCE_ON)
    site.perform(actions.RESTORE_FILES)
    (site.state / "runs/r1/lease.json").unlink()
    (found,) = runs.look(RunsRequest(str(site.state))).runs
    said = {each.name: each.state for each in found.progress.steps}
    assert said == {"show the maintenance page": "done", "restore files": "done"}
    assert (found.id, found.by, found.target) == ("r1", "ann", "here")
    assert (found.progress.next, found.progress.undo) == ("move added files away", None)
    assert len(found.progress.head) == 64
    site.undo()
    (found,) = runs.look(RunsRequest(str(site.state), "r1")).runs

    assert (found.outcome, *found.progress[1:3]) == ("undone", None, "done")


@pytest.mark.usefixtures("systemd")
def test_a_damaged_journal_is_told(site: Site) -> None:
    """What it says cannot be trusted: no step, and what is wrong."""
    site.begin()
    site.perform(actions.SNAPSHOT)
    journal = site.state / "runs/r1/changes"
    journal.write_bytes(journal.read_bytes().replace(b"snapshot", b"snapshut", 1))
    (found,) = runs.look(RunsRequest(str(site.state))).runs

    assert found.progress[:2] == ((), None)
    assert "damaged at line 2" in str(found.progress.damage)


def test_a_half_undone_run_is_not_gone_on_with(site: Site) -> None:
    """The way out is to finish the undo."""
    site.begin()
    with working(site.location(), back=True) as work:
        work.journal.add(progress.UNDO)
    with pytest.raises(Refused, match="partly undone") as caught:
        site.begin()

    assert "rollback undo r1" in str(caught.value)


def test_every_action_is_carried_out_by_a_drill() -> None:
    """An action that no fixture performs would be left out of the real thing, and nobody told."""
    performed = Path(fixtures.__file__).read_text(encoding="utf-8")
    named = {name for name in actions.__all__ if isinstance(getattr(actions, name), Action)}
    calls = re.findall(r"(?:gate\.perform\(|attempted\(gate, )actions\.(\w+)", performed)
    missing = named - set(calls)

    assert not missing
