"""Links of a release are saved, judged, restored and undone as the names they are."""

from __future__ import annotations

import os
import py_compile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.backup import fallbacks, leftovers, save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files.tree import Tree
from pytest_rollback.agent.messages.backup.leftovers import LeftoversRequest
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.requirements import FallbackRequest
from pytest_rollback.agent.messages.trial import TrialRequest
from pytest_rollback.agent.observe.trial import staged_tree, trial
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import added_files, archive, bytecode, undo
from pytest_rollback.agent.state import backup_set
from tests.unit.agent.restore.linked import FILES, PLAIN, PREVIOUS, Site, facts
from tests.unit.support import requests


@pytest.fixture(params=["exchange", "rename"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """A site, and each way that names change hands."""
    return Site(tmp_path, request.param)


def test_a_backup_of_a_link_is_a_link_and_the_record_says_so(site: Site) -> None:
    """Its content is the name that it leads to; what lies there was never looked at."""
    site.deploy()
    known = {saved.path: saved for saved in backup_set.read(str(site.state)).files}

    assert {path: known[path].kind for path in FILES} == {
        **dict.fromkeys(PREVIOUS, "link"),
        PLAIN: "file",
    }
    assert [known[path].size for path in PREVIOUS] == [len(each) for each in PREVIOUS.values()]
    assert {path: str(site.copy(path).readlink()) for path in PREVIOUS} == PREVIOUS
    assert facts(site.copy("lib/gone")) == site.before["lib/gone"]
    assert backup_set.read(str(site.state)).unsaved == ()
    assert site.faults() == {}


def test_saving_again_changes_nothing(site: Site) -> None:
    """Also after the deploy made a file of a link and a link of a file."""
    site.deploy()

    assert save.foresee(site.saving()).changed is False
    assert save.save(site.saving()).kept == len(FILES)


def test_all_of_it_is_restored_and_undone(site: Site) -> None:
    """A link that changed, was deleted or became a file, a file that became a link, one added."""
    site.deploy()
    assert sorted(site.look().paths) == sorted(FILES)
    site.restore()
    added_files.remove(site.around())
    assert site.everything() == site.before
    assert site.look().paths == ()
    archive.close(site.around())
    assert site.everything() == site.before
    assert not list(site.root.rglob("*.backup"))
    assert not list(site.root.rglob(".rollback-*"))
    left = leftovers.look(LeftoversRequest(site.location, site.selection)).owners["shared"]
    assert (left.differ, left.copies, left.left) == ({}, (), ())

    undo.undo(requests.undo(site.location))
    assert site.everything() == site.failed
    assert site.faults() == {}


def test_a_link_that_is_not_as_recorded_is_told(site: Site) -> None:
    """In its own words, for each way to differ."""
    site.deploy()

    def differ() -> dict[str, str]:
        found = leftovers.look(LeftoversRequest(site.location, site.selection))
        return found.owners["shared"].differ

    assert differ() == {
        "lib/current": "leads elsewhere than in the previous release",
        "lib/gone": "is missing",
        "lib/turned": "is a file",
        PLAIN: "is a symlink",
    }
    site.restore()
    assert differ() == {}


SPOILT: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "there is no backup"),
    "altered": (
        lambda copy: (copy.unlink(), copy.symlink_to("v0")),
        "leads elsewhere than recorded",
    ),
    "a file": (lambda copy: (copy.unlink(), copy.write_text("v1")), "is a file"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_backup_is_told_and_the_commit_gives_the_link(site: Site, how: str) -> None:
    """Nothing but the recorded name is restored."""
    site.deploy()
    spoil, words = SPOILT[how]
    spoil(site.copy("lib/current"))
    assert site.faults() == {"lib/current": words}
    without = site.request()._replace(selection=requests.selected())
    with pytest.raises(HostError, match=r"lib/current: its backup (is|has)"):
        apply.look(without)

    assert site.look().git == ("lib/current",)
    site.restore()
    added_files.remove(site.around())
    assert site.everything() == site.before


def test_a_commit_with_another_link_is_no_fallback(site: Site) -> None:
    """Nor is one that has a file there."""
    site.deploy()
    request = FallbackRequest(site.location, (), str(site.root), None)
    found = fallbacks.look(request).git
    assert found is not None
    assert found.lacking == {}
    site.git("add", "-A")
    site.git("commit", "-qm", "current")
    known = backup_set.read(str(site.state))
    current = Release("1", site.git("rev-parse", "HEAD"))
    backup_set.write(str(site.state), known._replace(previous=current))
    found = fallbacks.look(request).git
    assert found is not None
    assert found.lacking == {
        "lib/gone": "not in the commit",
        "lib/plain": "is a link in the commit",
        "lib/turned": "is a blob in the commit",
    }
    site.copy("lib/current").unlink()
    with pytest.raises(HostError, match="the recorded commit has other content"):
        site.look()


def test_a_backup_that_changes_after_the_plan_is_not_restored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it leads is compared again when it is staged; no live file was touched."""
    site.deploy()
    written = apply._written  # noqa: SLF001 - there is no other moment in between

    def altered(*planned: Any, **more: Any) -> None:  # noqa: ANN401 - whatever is handed over
        written(*planned, **more)
        site.copy("lib/current").unlink()
        site.copy("lib/current").symlink_to("v0")

    monkeypatch.setattr(apply, "_written", altered)
    with pytest.raises(HostError, match="the backup of lib/current changed while it was read"):
        site.restore()
    assert site.everything() == site.failed
    assert not list(site.root.rglob(".rollback-*"))


def test_a_change_after_the_restore_is_not_undone_over(site: Site) -> None:
    """A link that somebody made lead elsewhere is his."""
    site.deploy().restore()
    site.link("lib/current", "hotfix", os.geteuid())
    with pytest.raises(HostError, match="lib/current changed after the restore"):
        undo.undo(requests.undo(site.location))

    assert str((site.root / "lib/current").readlink()) == "hotfix"


def test_a_directory_on_the_way_that_is_a_link_is_refused(site: Site) -> None:
    """Nobody goes through a link."""
    site.deploy()
    (site.root / "lib").rename(site.home / "away")
    (site.root / "lib").symlink_to(site.home / "away")

    with pytest.raises(HostError, match="'lib' is a symlink"):
        site.look()


def test_the_staged_tree_has_the_links_of_the_previous_release(site: Site) -> None:
    """One that leads out of the root leads there still, one inside leads into the stage."""
    site.link("lib/gone", str(site.root / "lib/plain"), os.geteuid())
    site.deploy()
    site.copy("lib/turned").unlink()
    request = TrialRequest(site.location, "", 20.0, ())
    request, entries = trial.recorded(request)

    def fetched(files: object) -> object:
        del files
        return iter([(entries["lib/turned"], b"plain")])

    with staged_tree.staged(request, (), entries, fetched) as stage:  # type: ignore[arg-type]
        there = Path(stage.root) / "lib"
        assert stage.faults == {}
        assert {path.name for path in there.iterdir()} == {"current", "gone", "plain", "turned"}
        assert str((there / "current").readlink()) == "v1"
        assert (there / "gone").resolve() == (there / "plain").resolve()
        assert (there / "turned").read_text() == "previous"
    site.copy("lib/current").unlink()
    site.copy("lib/current").symlink_to("v0")
    with staged_tree.staged(request, (), entries) as stage:
        assert stage.faults["lib/current"] == "its backup leads elsewhere than recorded"


def test_an_unknown_backup_of_a_link_is_not_replaced(site: Site) -> None:
    """One that leads where the link does is taken over; another needs --replace."""
    site.copy("lib/current").symlink_to("elsewhere")
    with pytest.raises(HostError, match="lib/current has a backup that no record knows"):
        save.save(site.saving())
    site.copy("lib/current").unlink()
    site.copy("lib/current").symlink_to("v1")
    assert save.save(site.saving()).saved == len(FILES)


def test_bytecode_of_a_module_that_is_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    """As the interpreter does; else it would be taken away again after each start."""
    (tmp_path / "impl.py").write_text("x = 1\n")
    (tmp_path / "alias.py").symlink_to("impl.py")
    os.utime(tmp_path / "impl.py", (10**9, 10**9))
    cached = py_compile.compile(str(tmp_path / "alias.py"))
    assert cached
    name = os.path.relpath(cached, tmp_path)

    with Tree(str(tmp_path)) as tree:
        assert not bytecode.is_stale(tree, "alias.py", name)
        time.sleep(0.02)
        (tmp_path / "alias.py").unlink()
        (tmp_path / "alias.py").symlink_to("impl.py")
        assert bytecode.is_stale(tree, "alias.py", name)
