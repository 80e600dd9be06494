"""Unit files of the release, installed under the units' own names, and read by the manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.messages.unit_files import UnitFilesPlan
from pytest_rollback.agent.state import backup_set
from pytest_rollback.errors import Refused
from pytest_rollback.recovery import actions
from pytest_rollback.recovery.actions.configuration import installs
from pytest_rollback.transport.batch import look
from tests.unit.recovery.site import Site, Systemd

if TYPE_CHECKING:
    from pathlib import Path


def restored(site: Site) -> None:
    """Bring the configuration back, which the unit files are part of."""
    site.perform(actions.RESTORE_CONFIGURATION)


def test_what_differs_is_installed_kept_and_read(site: Site, systemd: Systemd) -> None:
    """Under the unit's name; owner, mode and attributes stay; the failed one is evidence."""
    restored(site)
    installed = site.units / "gate.service"
    installed.chmod(0o600)
    assert site.perform(actions.INSTALL_UNITS) == 1
    assert site.perform(actions.INSTALL_UNITS) == 0

    assert installed.read_text() == "[Service]\nExecStart=previous gate\n"
    assert installed.stat().st_mode & 0o777 == 0o600
    assert systemd.told() == ["daemon-reload"]
    assert sorted(path.name for path in site.units.iterdir()) == ["gate.service", "mesh.service"]
    kept = site.state / "runs/r1/evidence/units/gate.service"
    assert kept.read_text().endswith("# current\n")


def test_identical_unit_files_are_left_alone(site: Site, systemd: Systemd) -> None:
    """A file that is right already is not written again."""
    restored(site)
    mesh = (site.units / "mesh.service").stat()
    site.perform(actions.INSTALL_UNITS)

    assert (site.units / "mesh.service").stat().st_ctime_ns == mesh.st_ctime_ns
    assert site.plan(actions.INSTALL_UNITS) == ()
    assert systemd.told() == ["daemon-reload"]


def test_a_unit_whose_file_was_not_read_again_is_reloaded(site: Site, systemd: Systemd) -> None:
    """Installed is not read: the manager is asked, and told."""
    restored(site)
    site.perform(actions.INSTALL_UNITS)
    systemd.has("mesh", systemd.state("mesh")["argv"], reload="yes")
    (change,) = site.plan(actions.INSTALL_UNITS)
    site.apply(change)

    assert change.why == "not reloaded since they changed: mesh"
    assert site.plan(actions.INSTALL_UNITS) == ()


def test_a_missing_unit_file_is_installed_plainly(site: Site, systemd: Systemd) -> None:
    """A unit file that somebody removed comes back, 0644; undo takes it away again."""
    del systemd
    (site.units / "gate.service").unlink()
    before = site.everything()
    restored(site)
    site.perform(actions.INSTALL_UNITS)
    assert (site.units / "gate.service").stat().st_mode & 0o777 == 0o644

    site.undo()
    assert site.everything() == before


def test_undo_has_the_unit_files_from_before_read_again(site: Site, systemd: Systemd) -> None:
    """Where the undo knows the manager, what came back is also what the manager uses."""
    before = site.everything()
    restored(site)
    site.perform(actions.INSTALL_UNITS)
    site.undo(manager="systemd")

    assert site.everything() == before
    assert systemd.told() == ["daemon-reload", "daemon-reload"]


def test_a_link_to_elsewhere_is_refused(site: Site, systemd: Systemd) -> None:
    """An installed unit file that is a link is not written through, nor replaced."""
    restored(site)
    victim = site.home / "victim.service"
    victim.write_text("mine")
    (site.units / "gate.service").unlink()
    (site.units / "gate.service").symlink_to(victim)
    with pytest.raises(Refused, match="is a symlink, not a unit file"):
        site.plan(actions.INSTALL_UNITS)

    assert victim.read_text() == "mine"
    assert systemd.told() == []


def test_a_link_into_the_release_is_the_release(site: Site, systemd: Systemd) -> None:
    """A linked unit has what the release has."""
    del systemd
    restored(site)
    (site.units / "gate.service").unlink()
    (site.units / "gate.service").symlink_to(site.path("etc/units/gate.service"))

    assert site.plan(actions.INSTALL_UNITS) == ()


def test_nothing_is_installed_before_it_is_restored(site: Site, systemd: Systemd) -> None:
    """The record says what a unit file has to be; another one is not installed."""
    (site.units / "gate.service").write_text("third")
    (change,) = site.plan(actions.INSTALL_UNITS)
    with pytest.raises(Refused, match=r"is not as recorded: gate\.service"):
        site.apply(change)

    assert (site.units / "gate.service").read_text() == "third"
    assert systemd.told() == []


def test_what_others_could_have_written_is_not_installed(site: Site, systemd: Systemd) -> None:
    """A unit file that no record vouches for is ours to install only if only we can write it."""
    del systemd
    restored(site)
    site.put("etc/units/mesh.service", "[Service]\nExecStart=evil\n", 0o666)
    scope = site.scope()
    found = look(site.connection, actions.INSTALL_UNITS.look(scope))

    assert found.differ == (("gate", "gate.service"),)
    assert found.skipped[0].name == "mesh.service"
    site.perform(actions.INSTALL_UNITS)
    assert "evil" not in (site.units / "mesh.service").read_text()


def test_a_system_that_keeps_no_unit_files_has_nothing_to_do(site: Site) -> None:
    """Without [services] source nothing is looked at."""
    site.describe(services={"directory": str(site.units)})

    assert site.plan(actions.INSTALL_UNITS) == ()


def drop_in(site: Site, name: str, text: str) -> Path:
    """Install a drop-in of a unit and return where it is."""
    path = site.units / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_drop_ins_of_the_release_are_installed_and_undone(site: Site, systemd: Systemd) -> None:
    """One that differs and one that is missing get the release's content; undo takes it back."""
    del systemd
    for unit in ("gate", "mesh"):
        site.put(f"etc/units/{unit}.service.d/more.conf", f"[Service]\nUser={unit}\n")
    changed = drop_in(site, "gate.service.d/more.conf", "[Service]\nUser=failed\n")
    before = site.everything()
    restored(site)
    assert site.perform(actions.INSTALL_UNITS) == 1
    assert site.plan(actions.INSTALL_UNITS) == ()
    assert changed.read_text() == "[Service]\nUser=gate\n"
    assert (site.units / "mesh.service.d/more.conf").read_text() == "[Service]\nUser=mesh\n"

    site.undo()
    assert site.everything() == before


def test_a_drop_in_that_the_deploy_added_is_taken_away(site: Site, systemd: Systemd) -> None:
    """It is kept in the evidence, and undo brings it back."""
    added = "etc/units/gate.service.d/tuning.conf"
    record = backup_set.read(str(site.state))
    backup_set.write(str(site.state), record._replace(added=(*record.added, added)))
    installed = drop_in(site, "gate.service.d/tuning.conf", "[Service]\nExecStart=failed\n")
    before = site.everything()
    restored(site)
    assert site.perform(actions.INSTALL_UNITS) == 1
    assert not installed.exists()
    assert systemd.told() == ["daemon-reload"]
    assert site.plan(actions.INSTALL_UNITS) == ()

    site.undo()
    assert site.everything() == before


def test_a_drop_in_from_elsewhere_is_named(site: Site, systemd: Systemd) -> None:
    """One that is younger than the backup set and not the release's stays, and is told."""
    del systemd
    restored(site)
    site.perform(actions.INSTALL_UNITS)
    late = drop_in(site, "gate.service.d/late.conf", "[Service]\nUser=x\n")
    found = look(site.connection, actions.INSTALL_UNITS.look(site.scope()))

    assert found.strays == (str(late),)
    assert site.plan(actions.INSTALL_UNITS) == ()


def test_units_of_others_that_keep_the_manager_from_reading_refuse_the_plan(site: Site) -> None:
    """Before anything is stopped; where nothing is to be read they are nobody's concern."""
    plan, scope = UnitFilesPlan(busy=("other", "two words")), site.scope()
    assert installs(scope, plan) == ()

    with pytest.raises(Refused, match="run while their configuration changed") as caught:
        installs(scope, plan._replace(reload=("gate",)))
    assert list(caught.value.findings) == ["other", "two words"]
    assert "update other 'two words'" in caught.value.hint


def test_a_unit_that_somebody_started_meanwhile_is_stopped_before(site: Site) -> None:
    """A rehearsal, before the isolation, foresees none."""
    plan, scope = UnitFilesPlan(reload=("gate",), up=("gate",)), site.scope()
    changes = installs(scope, plan)
    foreseen = installs(scope, actions.INSTALL_UNITS.assuming(scope, plan))

    assert [each.what for each in changes] == ["stop gate", "reload the unit files"]
    assert [each.what for each in foreseen] == ["reload the unit files"]
