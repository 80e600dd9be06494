"""A system in several places: rolled back and undone, and nothing around it is touched or read."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save, verify
from pytest_rollback.agent.configuration import check as configuration
from pytest_rollback.agent.configuration.units import sources
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.verify import BackupsRequest, DescribedName
from pytest_rollback.agent.messages.configuration import ConfigurationRequest
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.state.runs import IdleRequest
from pytest_rollback.agent.messages.system import Room
from pytest_rollback.agent.messages.trial import TrialComponent, TrialRequest
from pytest_rollback.agent.observe.trial import trial
from pytest_rollback.agent.state import own_names, runs, unfinished
from pytest_rollback.agent.system import disk
from pytest_rollback.agent.system.processes import started
from tests.unit.agent.rollback.roots.places import BESIDE, Places, listed, own_name, told
from tests.unit.support import requests
from tests.unit.support.apart import NOBODY, ROOT_ONLY, apart
from tests.unit.support.volumes import mounted


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A system of which the first release is live."""
    monkeypatch.setattr(unfinished, "index", lambda: str(tmp_path / "links" / unfinished.LINKS))
    return Places(tmp_path)


@pytest.mark.parametrize("keep", [0, 3], ids=["beside", "state"])
def test_it_comes_back_and_undo_brings_the_failed_release(places: Places, keep: int) -> None:
    """All of it, byte for byte; what others have around it stays as it is."""
    first = places.contents()
    places.deploy(keep)
    second = places.contents()
    looked = places.look()
    assert (looked.record.problems, looked.orphans, looked.left_over) == ((), (), ())
    assert (looked.changes, looked.components["web"].files) == (4, 1)
    places.back()
    assert places.contents() == first
    assert not places.added.parent.exists()
    assert places.left().strays == ()
    assert all(not each.copies and not each.left for each in places.left().groups)

    places.undo()
    assert places.contents() == second


def test_nothing_but_the_places_is_listed(places: Places) -> None:
    """From the save to the end of the run; a file's own directory is, as it lies there."""

    def whole() -> None:
        places.deploy()
        places.look()
        places.back()
        places.left()
        places.undo()

    done = apart(lambda: told(listed(whole, places.home)))

    assert (done.code, done.out.split()) == (0, ["etc/cron.d"]), done.out


def test_a_file_without_backup_is_told_wherever_it_is(places: Places) -> None:
    """Of each place one, and an unknown backup beside a place that is a file."""
    places.deploy()
    for path in places.files:
        Path(f"{path}.backup").unlink()
        faults = [fault.path for part in places.look().components.values() for fault in part.faults]
        assert str(path)[1:] in faults
    shutil.rmtree(places.state)
    shutil.rmtree(places.added.parent)
    Path(f"{places.table}.backup").write_text("unknown")
    save.save(places.saving(places.files[0]))

    assert places.look().orphans == (f"{places.table}.backup"[1:],)


def test_names_of_ours_are_told_from_those_of_another_system(places: Places) -> None:
    """In a directory that both use: its file's digest is in the name."""
    places.deploy()
    known = own_names.strangers(places.location(), ["r1"])
    assert known == {}
    run = "20260303-000000-abcd"
    own_name(places.table, run).write_text("left")
    assert list(own_names.strangers(places.location(), ["r1"])) == [run]
    (left,) = places.look().left_over
    assert f"left by run {run}" in left


def test_what_is_outside_is_refused(places: Places) -> None:
    """Nothing is saved then; a neighbour whose name begins alike is outside as well."""
    for path in (places.home / "etc/a", places.home / "etc/cron.d/shop2"):
        path.write_text("x")
        with pytest.raises(HostError, match="is outside of the roots"):
            save.save(places.saving(*places.files, path))
    assert not Path(f"{places.files[0]}.backup").exists()


def test_a_link_as_a_root_is_named_with_where_it_leads(places: Places) -> None:
    """So is one on the way; one that is missing may come with the deploy."""
    moved = places.home / "srv"
    places.settings.rename(moved)
    places.settings.symlink_to(moved)
    with pytest.raises(HostError, match=rf"leads over a link to {moved}: name that in roots"):
        save.save(places.saving())
    places.settings.unlink()
    save.save(places.saving(places.files[0])._replace(added=(str(places.added)[1:],)))

    assert Path(f"{places.files[0]}.backup").exists()


def test_a_root_that_became_a_link_is_red(places: Places) -> None:
    """Nothing behind it counts as a backup, whatever lies there."""
    places.deploy()
    moved = places.home / "srv"
    places.settings.rename(moved)
    places.settings.symlink_to(moved)
    faults = {each.path: each for part in places.look().components.values() for each in part.faults}

    assert set(faults) == {str(places.settings / "shop.toml")[1:]}


def test_a_root_that_is_missing_is_named(places: Places) -> None:
    """One that the deploy took away is known by what the set has of it."""
    places.deploy()
    shutil.rmtree(places.settings)
    names = [DescribedName("roots of [system]", each) for each in places.location().within]
    names += [DescribedName("roots of [system]", "usr/lib/none")]
    request = BackupsRequest(places.location(), requests.selected(), "", tuple(names))

    assert verify.look(request).unfound == ("usr/lib/none, in roots of [system]",)


@pytest.mark.parametrize("name", ["usr/lib/shop/state", "usr/lib"])
def test_a_state_directory_in_a_root_is_refused(places: Places, name: str) -> None:
    """In one of them, or above it."""
    request = places.saving()
    place = request.location._replace(state=str(places.home / name))
    with pytest.raises(HostError, match="is inside the other"):
        save.save(request._replace(location=place))


def test_unit_files_are_those_of_the_release(places: Places) -> None:
    """Its directory of unit files lies in one of the places; they are read from the backups."""
    unit = places.lib / "units/web.service"
    unit.parent.mkdir()
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    save.save(places.saving(*places.files, unit))
    unit.write_text("[Service]\nExecStart=/bin/false\n")
    source = str(unit.parent)[1:]
    found = sources.to_come(places.location(), source, "/etc/systemd/system", ["web.service"])

    assert found.over == {"/etc/systemd/system/web.service": b"[Service]\nExecStart=/bin/true\n"}


def test_a_configuration_file_is_read_as_it_will_be(places: Places) -> None:
    """In each place, also behind a recorded link that leads from one to another."""
    (places.settings / "shop.toml").write_text("port = 1\n")
    link = places.lib / "shop.toml"
    link.symlink_to(places.settings / "shop.toml")
    save.save(places.saving(*places.files, link))
    (places.settings / "shop.toml").write_text("port = \n")
    names = tuple(str(each)[1:] for each in (link, places.settings / "shop.toml"))
    request = ConfigurationRequest(places.location(), names, None, "", (), "systemd", "/etc")

    assert configuration.look(request).faults == dict.fromkeys(names)


@ROOT_ONLY
def test_places_on_different_file_systems(places: Places) -> None:
    """Nothing is renamed from one to another but into the evidence, which is copied then."""
    shutil.rmtree(places.settings)
    with mounted(places.settings, "size=8m"):
        (places.settings / "shop.toml").write_text("# 1 shop.toml\n")
        first = places.contents()
        places.deploy()
        second = places.contents()
        places.back()
        assert places.contents() == first
        places.undo()
        assert places.contents() == second


@ROOT_ONLY
def test_one_root_of_a_service_user_and_others_of_root(places: Places) -> None:
    """Each file has its owner again, after the rollback and after its undo."""
    for path in (places.lib, *places.lib.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    first = places.contents()
    places.deploy()
    places.back()
    assert places.contents() == first
    places.undo()
    assert {each[2] for name, each in places.contents().items() if "/lib/shop/" in name} == {NOBODY}


def test_each_file_system_needs_room(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has none has names exchanged, whatever is free where `/` is."""
    asked: list[str] = []

    def rooms(needs: list[disk.Need]) -> list[Room]:
        asked.extend(need.path for need in needs)
        return [Room("/x", 10, 4, 0, 0, enough=False)]

    places.deploy()
    monkeypatch.setattr(disk, "rooms", rooms)
    places.back()

    assert {str(path.parent) for path in places.files} <= set(asked)
    assert all(path.read_text().startswith("# 1") for path in places.files)


def test_two_systems_of_one_host_do_not_stand_in_each_others_way(places: Places) -> None:
    """But for those that have a place in common, with another state directory."""
    me = requests.process(os.getpid(), started(os.getpid()))
    begin = requests.begin(places.state, "r1", holder=me)
    begin = begin._replace(root="/", within=("usr/lib/shop", "etc/shop"))
    runs.begin(begin)
    other = requests.process(1)
    asked = IdleRequest(str(places.home / "two"), other, root="/", within=("usr/lib/other",))
    unfinished.look(asked)
    for shared in ({"within": ("etc/shop", "opt/x")}, {"root": "/etc/shop", "within": ()}):
        with pytest.raises(HostError, match=r"another rollback.toml is about the same system"):
            unfinished.look(asked._replace(**shared))  # type: ignore[arg-type]


def test_a_trial_has_the_restored_files_of_all_places(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths of each lead into the stage, all others are as they are; nothing else is listed."""
    (places.lib / "web/app.py").write_text(f"TEXT = open({str(places.table)!r}).read()\n")
    save.save(places.saving())
    (places.lib / "web/app.py").write_text("raise RuntimeError\n")
    component = TrialComponent("web", "", str(places.lib)[1:], {}, (), ("web.app",), ())
    request = TrialRequest(places.location(), "", 20.0, (component,))
    found = trial.look(request)
    assert found.components["web"].imports == {
        "web.app": f"reads {places.table} from the live tree, so that the trial proves nothing"
    }
    for text in ("import os; VALUE = os.path.exists('/usr/bin')\n", "VALUE = 1\n"):
        shutil.rmtree(places.state)
        (places.lib / "web/app.py.backup").unlink()
        Path(f"{places.table}.backup").unlink()
        Path(f"{places.settings}/shop.toml.backup").unlink()
        (places.lib / "web/app.py").write_text(text)
        save.save(places.saving())
        (places.lib / "web/app.py").write_text("raise RuntimeError\n")
        assert trial.look(request).components["web"].imports == {"web.app": None}
    live = request._replace(live=True, files=())
    assert "RuntimeError" in str(trial.look(live).components["web"].imports["web.app"])

    monkeypatch.setattr(tempfile, "tempdir", str(places.home / "var"))
    done = apart(lambda: told(listed(lambda: trial.look(request), places.home)))
    assert (done.code, done.out) == (0, "")


def test_the_names_beside_are_those_of_the_test() -> None:
    """None of them is below a place."""
    assert not [name for name in BESIDE if name.startswith(("usr/lib/shop/", "etc/shop/"))]
    assert Location("/srv", "/x", ".b").places == ("/srv",)
