"""The actions that change files: each brings its part and keeps what was there; undo."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.errors import Refused
from pytest_rollback.recovery import actions
from tests.unit.recovery.site import ADDED, CHANGED, FILES, Site, Systemd

pytestmark = pytest.mark.usefixtures("systemd")


def test_each_part_of_the_record_is_its_own_action(site: Site) -> None:
    """The files come first and leave the configuration alone; the second part brings it."""
    site.perform(actions.RESTORE_FILES)
    assert "# current" not in site.path("gate/serve.py").read_text()
    assert "# current" in site.path("etc/app.env").read_text()
    assert "# current" in site.path("etc/units/gate.service").read_text()

    site.perform(actions.RESTORE_CONFIGURATION)
    assert all("# current" not in site.path(path).read_text() for path in CHANGED)


def test_only_the_chosen_components_and_what_they_share_come_back(site: Site) -> None:
    """With a component named, the others' files stay as they are."""
    scope = site.scope(only=["mesh"])
    for action in FILES:
        site.perform(action, scope)

    assert "# current" in site.path("gate/serve.py").read_text()
    assert "# current" not in site.path("mesh/serve.py").read_text()
    assert "# current" not in site.path("etc/app.env").read_text()
    assert site.path("gate/extra.py").exists()
    assert not site.path("lib").exists()
    assert site.path("gate/serve.py.backup").exists()
    assert not site.path("mesh/serve.py.backup").exists()


def test_added_files_move_into_the_evidence(site: Site) -> None:
    """Nothing is deleted; directories that the deploy made go, those from before stay."""
    site.perform(actions.REMOVE_ADDED)

    assert site.evidence() == {f"added/{path}" for path in ADDED}
    assert not site.path("lib").exists()
    assert site.path("gate").exists()


def test_a_directory_with_anything_else_in_it_stays(site: Site) -> None:
    """What the deploy did not add is no part of it."""
    site.put("lib/new/notes.txt", "mine")
    site.perform(actions.REMOVE_ADDED)

    assert site.path("lib/new/notes.txt").read_text() == "mine"
    assert not site.path("lib/new/deep").exists()


def test_an_older_directory_stays_though_it_is_empty(tmp_path: Path) -> None:
    """A directory from before the deploy is not the deploy's, whatever it put there."""
    site = Site(tmp_path / "one")
    site.path("upload").mkdir()
    save.save(site.saving(CHANGED, added=["upload/keep.txt"], replace=True))
    record = site.state / "backups.json"
    record.write_text(record.read_text().replace('"created": "20', '"created": "21'))
    site.put("upload/keep.txt", "added")
    site.perform(actions.REMOVE_ADDED)

    assert list(site.path("upload").iterdir()) == []


def test_a_directory_in_an_added_files_place_is_refused(site: Site) -> None:
    """What is not the recorded file is not moved, and nothing else is either."""
    site.path("gate/extra.py").unlink()
    site.path("gate/extra.py").mkdir()
    (change,) = site.plan(actions.REMOVE_ADDED)
    with pytest.raises(Refused, match=r"gate/extra\.py is a directory"):
        site.apply(change)

    assert site.path("lib/new/__init__.py").exists()


def test_a_link_on_the_way_to_an_added_file_is_refused(site: Site) -> None:
    """Behind a link there may be anything; it is not moved, and not taken for gone."""
    site.path("lib").rename(site.home / "elsewhere")
    site.path("lib").symlink_to(site.home / "elsewhere")
    with pytest.raises(Refused, match="is a symlink"):
        site.plan(actions.REMOVE_ADDED)


def test_stale_bytecode_goes_and_sourceless_modules_stay(site: Site) -> None:
    """Bytecode of a restored or removed source moves away; a module without a source does not."""
    site.perform(actions.RESTORE_FILES)
    site.perform(actions.REMOVE_ADDED)
    site.perform(actions.CLEAR_CACHES)

    assert not site.path("gate/__pycache__").exists()
    assert site.path("gate/licence.pyc").exists()
    assert {path for path in site.evidence() if path.startswith("caches/")} == {
        f"caches/gate/__pycache__/{name}.cpython-311.pyc" for name in ("serve", "extra")
    }


def test_closing_leaves_no_backup(site: Site) -> None:
    """Copies and failed versions lie in the evidence under their paths; the record stays."""
    for action in FILES:
        site.perform(action)

    left = [path for path in site.root.rglob("*") if path.name.endswith(".backup")]
    assert left + list(site.root.rglob(".rollback-*")) == []
    names = {os.fsencode(f"{kind}/{path}{end}") for path in CHANGED for kind, end in KEPT}
    assert names <= {os.fsencode(path) for path in site.evidence()}
    assert (site.state / "backups.json").exists()
    assert "# current" in (EVIDENCE(site) / "failed/gate/serve.py").read_text()


KEPT = (("saved", ".backup"), ("failed", ""))


def EVIDENCE(site: Site) -> Path:  # noqa: N802 - a place, not an act
    """Return the evidence folder of the run."""
    return site.state / "runs" / "r1" / "evidence"


def test_closing_refuses_while_a_live_file_is_not_as_recorded(site: Site) -> None:
    """The backup of a file that is not as recorded is still needed."""
    for action in FILES[:-1]:
        site.perform(action)
    (change,) = site.plan(actions.CLOSE)
    site.put("gate/serve.py", "edited")
    with pytest.raises(Refused, match="the backups are kept") as caught:
        site.plan(actions.CLOSE)
    with pytest.raises(Refused, match="not as recorded"):
        site.apply(change)

    assert caught.value.findings == ("gate/serve.py",)
    assert site.path("gate/serve.py.backup").exists()


def test_a_set_that_the_run_did_not_restore_stays(site: Site) -> None:
    """Saved, and not deployed yet: the deploy to come needs it. Another run is no reason either."""
    for action in FILES[:-1]:
        site.perform(action)

    assert site.plan(actions.CLOSE)
    assert site.plan(actions.CLOSE, site.scope("r2")) == ()


def test_a_backup_that_is_not_recorded_is_left_alone_and_told(site: Site) -> None:
    """A stray is not ours to move."""
    site.put("notes.txt.backup", "mine")
    for action in FILES[:-1]:
        site.perform(action)
    (change,) = site.plan(actions.CLOSE)
    answer = site.apply(change)

    assert "notes.txt.backup" in change.why
    assert answer.strays == ("notes.txt.backup",)
    assert site.path("notes.txt.backup").read_text() == "mine"


def test_undo_brings_the_failed_release_back_exactly(site: Site) -> None:
    """After every action: bytes, owner, mode, times, attributes and directories; twice the same."""
    before = site.everything()
    for action in FILES:
        site.perform(action)
    assert site.everything() != before
    for _ in range(2):
        site.undo()

        assert site.everything() == before
    assert site.evidence() == {"units/gate.service"}


def test_undo_refuses_to_lose_what_was_put_in_a_moved_files_place(site: Site) -> None:
    """All that stands in the way is told, and nothing is touched; the same command ends it."""
    before = site.everything()
    for action in FILES:
        site.perform(action)
    site.put("gate/extra.py", "somebody's work")
    after = site.everything()
    with pytest.raises(Refused, match=r"something else exists at gate/extra\.py"):
        site.undo()
    assert site.everything() == after

    site.path("gate/extra.py").unlink()
    site.undo()
    assert site.everything() == before


def test_the_same_file_restored_twice_in_a_run_keeps_both_failed_versions(site: Site) -> None:
    """A redeploy between two calls of one run is restored too; undo brings the later one back."""
    before = site.everything()
    site.perform(actions.RESTORE_FILES)
    site.put("gate/serve.py", "deployed again", 0o600)
    again = site.everything()["srv/gate/serve.py"]
    site.perform(actions.RESTORE_FILES)
    assert "deployed again" not in site.path("gate/serve.py").read_text()
    for _ in range(2):
        site.undo()

        assert site.everything() == {**before, "srv/gate/serve.py": again}
    assert "# current" in (EVIDENCE(site) / "failed/gate/serve.py").read_text()


def test_evidence_on_another_file_system_is_a_durable_copy(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a name cannot be moved the file is copied whole, its metadata included, and back."""
    before = site.everything()
    memory = Path("/dev/shm")  # noqa: S108 - another file system is the point
    other = memory / f"rollback-{os.getpid()}"
    if memory.stat().st_dev == site.root.stat().st_dev:
        pytest.fail("there is no second file system here: this test would prove nothing")
    other.mkdir(mode=0o700)
    (other / "backups.json").write_bytes((site.state / "backups.json").read_bytes())
    monkeypatch.setattr(site, "state", other)
    site.describe()
    try:
        for action in FILES:
            site.perform(action)
        assert f"added/{ADDED[0]}" in site.evidence()
        site.undo()
        assert site.everything() == before
    finally:
        shutil.rmtree(other)


def test_the_state_before_is_kept_for_nobody_else(site: Site, systemd: Systemd) -> None:
    """Configuration, unit files, unit states and logs: 0700 and 0600, secrets never leave."""
    (site.home / "gate.log").write_text("x" * (1 << 20) + "the last line\n")
    (change,) = site.plan(actions.SNAPSHOT)
    answer = site.apply(change)
    place = site.state / "runs" / "r1" / "snapshot"

    assert site.plan(actions.SNAPSHOT) == ()
    assert systemd.told() == []
    assert not (place / "configuration/etc/app.env").exists()
    digest = (place / "configuration/etc/app.env.sha256").read_text().partition(" ")[0]
    assert digest == hashlib.sha256((site.root / "etc/app.env").read_bytes()).hexdigest()
    assert (place / "units/gate.service").read_text().endswith("# current\n")
    assert (place / "logs/gate.log").read_text().endswith("the last line\n")
    assert (place / "logs/gate.log").stat().st_size == 1 << 20
    assert '"gate"' in (place / "units.json").read_text()
    assert "previous-secret" not in repr(answer)
    modes = {path.stat().st_mode & 0o777 for path in place.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {p.stat().st_mode & 0o777 for p in [place, *place.rglob("*")] if p.is_dir()} == {0o700}
