"""Rows about what is found on the host: hostile, damaged or odd files, and what stays of them."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent import protocol
from pytest_rollback.agent.messages.backup.save import SAVE
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.restore import RESTORE_PLAN
from pytest_rollback.agent.messages.rollback.files import ARCHIVE_PLAN
from pytest_rollback.recovery.actions.requests import some
from pytest_rollback.transport.call import AnyCall, Call
from tests.faults.paths import EMPTY, FOLDED, LINKED, LINKS, facts
from tests.faults.rows import does, reads, refuses, row
from tests.faults.scene import ADDED, Refused, Scene, asked, undo
from tests.faults.steps import change, roll_back
from tests.faults.sweep import broken


def copy(scene: Scene, path: str = "app/serve.py") -> Path:
    """Return where the saved copy of a file is."""
    return scene.root / (path + scene.suffix)


def restored_itself(scene: Scene, path: str, target: Path, step: str = "files") -> None:
    """Put a link in a file's place; a rollback restores the file, and undo brings the link back."""
    place = scene.root / path
    place.symlink_to(target)
    before = scene.everything()
    does(scene, step)
    assert facts(place) == scene.previous[f"srv/{path}"]
    undo(scene)
    assert scene.everything() == before


@row("F01")
def both_versions_are_kept(scene: Scene) -> None:
    """After a rollback the failed version and the copy are there; a second one is possible."""
    roll_back(scene)
    assert scene.previous.keys() == scene.everything().keys()
    assert broken(scene, "closed") == []
    undo(scene)
    assert scene.everything() == scene.deployed
    roll_back(scene, "r2")


@row("F02")
def each_item_is_restored_once(scene: Scene) -> None:
    """One plan: what the files' part restored, the configuration's part does not want again."""
    does(scene, "files", "configuration")
    assert change(scene, "files") is None
    assert change(scene, "configuration") is None
    does(scene, "units")


@row("F03")
def units_are_installed_under_their_names(scene: Scene) -> None:
    """Never as `app.service.backup`."""
    does(scene, "files", "configuration", "units")
    assert [path.name for path in scene.units.iterdir()] == ["app.service"]
    assert "previous" in (scene.units / "app.service").read_text()


@row("F04")
def nothing_saved_is_a_failure(scene: Scene) -> None:
    """No copy at all, or no record at all: refused, not `0 left`."""
    for path in scene.root.rglob(f"*{scene.suffix}"):
        path.unlink()
    refuses(scene, "its backup is absent")
    (scene.state / "backups.json").unlink()
    refuses(scene, "no backup set is recorded")


@row("F05")
def the_current_directory_is_nothing(scene: Scene) -> None:
    """A root that is gone is refused; another product's files in the current directory stay."""
    other = scene.home / "other"
    shutil.copytree(scene.root, other, symlinks=True)
    shutil.rmtree(scene.root)
    here = Path.cwd()
    os.chdir(other)
    try:
        with pytest.raises(Refused, match="cannot be opened"):
            change(scene, "files")
    finally:
        os.chdir(here)
    assert "current" in (other / "app/serve.py").read_text()


@row("F08")
def a_directory_for_a_copy_is_refused(scene: Scene) -> None:
    """A `.backup` directory is moved nowhere."""
    copy(scene).unlink()
    copy(scene).mkdir()
    refuses(scene, "its backup is directory")


@row("F09")
def names_that_end_like_copies_are_refused(scene: Scene) -> None:
    """`z.backup` is no file to save; a file called just `.backup` stays and is told."""
    scene.put("app/z.backup", "a chain")
    with pytest.raises(Refused, match="is itself a backup"):
        asked(saved(scene, files=["app/z.backup"]))
    (scene.root / "app" / ".backup").write_text("nobody's")
    does(scene, "files", "configuration")
    told = asked(Call(ARCHIVE_PLAN, scene.around()))
    assert set(told.strays) == {"app/.backup", "app/z.backup"}


def saved(scene: Scene, **different: object) -> AnyCall:
    """Return the call of a second deploy."""
    names = {key: Release(f"{key} 2", None) for key in ("previous", "current")}
    return Call(SAVE, scene.saving(added=(), **{**names, **different}))


@row("F10")
def names_are_bytes_and_counts_are_data(scene: Scene) -> None:
    """Newline, `$(...)`, a leading dash: as many are restored as are recorded."""
    other = Scene(scene.home.with_name("names"))
    odd = ["-rf", "app/$(touch x)", "app/two\nlines", "app/ *", "app/'\""]
    other.files |= dict.fromkeys(odd, "previous")
    other.deploy()
    found = asked(Call(RESTORE_PLAN, other.request("files")))
    assert len(found.paths) == 4 + len([*LINKS, LINKED, FOLDED, *EMPTY]) + len(odd)
    roll_back(other)
    assert all(reads(other, path) == "previous" for path in odd)


@row("F10b")
def a_name_that_is_no_text_can_be_told(scene: Scene) -> None:
    """It travels, and is shown without an error of encoding."""
    found = asked(Call(RESTORE_PLAN, scene.request("files")))
    odd = [path for path in found.paths if "\udcff" in path]
    assert odd
    assert some(odd).encode("utf-8")
    assert protocol.unframe(protocol.frame({"answers": odd})) == {"answers": odd}


@row("F11")
def an_empty_copy_is_refused(scene: Scene) -> None:
    """A copy of no bytes is not what was recorded."""
    copy(scene).write_bytes(b"")
    refuses(scene, "other content than recorded")


@row("F12")
def a_copy_that_is_a_link_is_refused(scene: Scene) -> None:
    """What it leads to is copied nowhere, even where that has the recorded bytes."""
    copy(scene).rename(scene.home / "elsewhere")
    copy(scene).symlink_to(scene.home / "elsewhere")
    refuses(scene, "its backup is symlink")


@row("F13")
def a_live_file_that_became_a_link_is_restored_itself(scene: Scene) -> None:
    """Nothing is written through it; the link is kept, and undo brings it back."""
    shared = scene.home / "shared.py"
    (scene.root / "app/serve.py").rename(shared)
    restored_itself(scene, "app/serve.py", shared)
    assert "current" in shared.read_text()


@row("F14")
def a_dangling_link_is_restored_itself(scene: Scene) -> None:
    """What it leads to does not come to be."""
    (scene.root / "app/serve.py").unlink()
    restored_itself(scene, "app/serve.py", scene.root / "app/nowhere")
    assert not (scene.root / "app/nowhere").exists()


@row("F19")
def owner_and_mode_are_the_recorded_ones(scene: Scene) -> None:
    """Whatever umask and owner the copy has."""
    copy(scene).chmod(0o600)
    does(scene, "files")
    assert scene.everything()["srv/app/serve.py"] == scene.previous["srv/app/serve.py"]


@row("F21", needs="root")
def attributes_come_from_the_record(scene: Scene) -> None:
    """ACL, capability and attributes, also when the copy lost them."""
    os.removexattr(copy(scene), "user.from")
    os.removexattr(copy(scene, "mesh/serve.py"), "system.posix_acl_access")
    does(scene, "files")
    found = scene.everything()
    for path in ("srv/app/serve.py", "srv/mesh/serve.py", "srv/app/\xff $(x)\n"):
        assert found[path] == scene.previous[path]


@row("F22")
def another_name_of_the_live_file_keeps_its_content(scene: Scene) -> None:
    """The link between the two is broken, nothing is written through it."""
    other = scene.home / "other"
    other.hardlink_to(scene.root / "app/serve.py")
    does(scene, "files")
    assert "current" in other.read_text()
    assert "current" not in reads(scene, "app/serve.py")


@row("F23")
def a_fifo_delays_nobody(scene: Scene) -> None:
    """Neither as a copy nor as a live file."""
    copy(scene).unlink()
    os.mkfifo(copy(scene))
    refuses(scene, "its backup is fifo")
    (scene.root / "mesh/serve.py").unlink()
    os.mkfifo(scene.root / "mesh/serve.py")
    refuses(scene, "the live file is a fifo")


@row("F24")
def a_running_program_is_replaced(scene: Scene) -> None:
    """Its file is busy, and only its name is needed."""
    live = scene.root / "app/serve.py"
    shutil.copyfile(shutil.which("sleep") or "/bin/sleep", live)
    running = subprocess.Popen([live, "60"])
    try:
        does(scene, "files")
        assert running.poll() is None
    finally:
        running.kill()
        running.wait()
    assert "previous" in reads(scene, "app/serve.py")


@row("F25")
def a_branch_called_backup_is_left_alone(scene: Scene) -> None:
    """Nothing is searched for by its name."""
    refs = scene.root / ".git" / "refs" / "heads"
    refs.mkdir(parents=True)
    (refs / "main").write_text("new work")
    (refs / "main.backup").write_text("old")
    roll_back(scene)
    assert (refs / "main").read_text() == "new work"
    assert (refs / "main.backup").read_text() == "old"


@row("F30")
def python_runs_what_was_restored(scene: Scene) -> None:
    """Bytecode of the failed version that Python would not even check is gone."""
    live = scene.root / "app/serve.py"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    cached = Path(py_compile.compile(str(live), doraise=True, invalidation_mode=mode) or "")
    words = [sys.executable, "-c", "import serve; print(serve.app())"]
    scene.put("app/serve.py", scene.files["app/serve.py"])
    assert "broken, current" in printed(words, live.parent)
    scene.put("app/serve.py", scene.current("app/serve.py"))
    roll_back(scene)
    assert not cached.exists()
    assert printed(words, live.parent) == "previous\n"


def printed(words: list[str], place: Path) -> str:
    """Return what a command prints."""
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, check=True)
    return done.stdout


@row("F31")
def a_module_without_a_source_stays(scene: Scene) -> None:
    """It is part of the release."""
    for path in ("app/licence.pyc", "app/__pycache__/alone.cpython-311.pyc"):
        scene.put(path, "bytecode")
    roll_back(scene)
    assert (scene.root / "app/licence.pyc").exists()
    assert (scene.root / "app/__pycache__/alone.cpython-311.pyc").exists()


@row("F34b")
def a_second_deploy_does_not_replace_the_set(scene: Scene) -> None:
    """What the bad release would save of itself is refused without a word for it."""
    before = (scene.state / "backups.json").read_bytes()
    with pytest.raises(Refused, match="--replace"):
        asked(saved(scene))
    assert (scene.state / "backups.json").read_bytes() == before


@row("F44")
def a_unit_that_leads_nowhere_is_refused(scene: Scene) -> None:
    """A link out of the manager's directory whose target is missing."""
    does(scene, "files", "configuration")
    (scene.units / "app.service").unlink()
    (scene.units / "app.service").symlink_to("/opt/nowhere/app.service")
    refuses(scene, "not a unit file", "units")


@row("F46")
def a_planted_link_gives_no_root(scene: Scene) -> None:
    """The service user's link in the place of its .env leads nobody to root's file."""
    victim = scene.home / "sudoers"
    victim.write_text("root ALL=(ALL) ALL\n")
    (scene.root / "conf/app.env").unlink()
    restored_itself(scene, "conf/app.env", victim, "configuration")
    assert victim.read_text() == "root ALL=(ALL) ALL\n"


@row("F47")
def a_linked_directory_leads_nowhere(scene: Scene) -> None:
    """Nothing is written outside the root."""
    outside = scene.home / "outside"
    (scene.root / "app").rename(outside)
    (scene.root / "app").symlink_to(outside)
    before = sorted((path, path.lstat().st_ctime_ns) for path in outside.rglob("*"))
    refuses(scene, "is a symlink")
    assert sorted((path, path.lstat().st_ctime_ns) for path in outside.rglob("*")) == before


@row("F48")
def a_path_that_leads_out_is_refused(scene: Scene) -> None:
    """Whoever wrote it into the record."""
    record = scene.state / "backups.json"
    said = json.loads(record.read_text())
    for bad in ("../../etc/x", "/etc/x", "app/../../x", "app//x", ""):
        said["files"][0]["path"] = bad
        record.write_text(json.dumps(said))
        refuses(scene, "is damaged")
        said["added"], kept = [bad], said["added"]
        refuses(scene, "is damaged", "added")
        said["added"] = kept


@row("S19")
def what_is_deployed_again_is_restored_again(scene: Scene) -> None:
    """The bad version comes back minutes later: the same command restores it once more."""
    does(scene, "files")
    scene.put("app/serve.py", "the pipeline deployed it again, current\n", 0o755)
    does(scene, "files")
    assert "previous" in reads(scene, "app/serve.py")
    undo(scene)
    assert b"the pipeline deployed it again, current\n" in scene.contents()
    assert all((scene.root / path).exists() for path in ADDED)
