"""Looking at a backup set: each fault is found, alone, and under its own name."""

from __future__ import annotations

import base64
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import metadata
from pytest_rollback.agent.files.parallel import FEW
from pytest_rollback.agent.messages.backup.verify import Backups
from pytest_rollback.agent.protocol import decode
from pytest_rollback.agent.restore.diff import DiffOptions
from pytest_rollback.agent.restore.plan import COPY
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.state.releases.copies import Copies
from tests.unit.support.deployed import FILES, Deploy

if TYPE_CHECKING:
    from collections.abc import Callable

ENV, MESH, SERVER = "config/.env", "core/mesh/mesh.py", "core/gateway/server.py"


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """A release that was saved and then changed: all is well."""
    deploy = Deploy(tmp_path)
    deploy.save()
    deploy.overwrite()
    return deploy


def test_a_good_set_has_no_fault_and_is_counted_by_component(deploy: Deploy) -> None:
    """Files belong to the component whose pattern matches, the rest is shared."""
    found = deploy.look()

    assert {name: entry.files for name, entry in found.components.items()} == {
        "gateway": 1,
        "mesh": 1,
        "shared": 1,
    }
    assert deploy.faults() == []
    assert (found.orphans, found.undeclared, found.compared) == ((), (), False)
    assert found.record.files == len(FILES)
    assert found.record.added == ("core/new.py",)


def _fifo(copy: Path) -> None:
    copy.unlink()
    os.mkfifo(copy)


def _link(copy: Path) -> None:
    copy.rename(copy.with_suffix(".kept"))
    copy.symlink_to(copy.with_suffix(".kept"))


def _directory(copy: Path) -> None:
    copy.unlink()
    copy.mkdir()


def _one(copy: Path) -> None:
    live = copy.with_suffix("")
    live.write_bytes(copy.read_bytes())
    copy.unlink()
    copy.hardlink_to(live)


def _same_size(copy: Path) -> None:
    copy.write_text(copy.read_text()[::-1])


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (Path.unlink, "missing"),
        (_link, "irregular"),
        (_fifo, "irregular"),
        (_directory, "irregular"),
        (_one, "irregular"),
        (lambda copy: os.truncate(copy, 0), "empty"),
        (lambda copy: os.truncate(copy, 3), "altered"),
        (_same_size, "altered"),
        (lambda copy: copy.chmod(0o664), "exposed ownership"),
        (lambda copy: copy.chmod(0o600), "ownership"),
    ],
)
@pytest.mark.timeout(10)
def test_each_fault_is_found_under_its_own_name(
    deploy: Deploy, spoil: Callable[[Path], None], fault: str
) -> None:
    """One copy is spoiled in one way; exactly that is reported, for that file alone."""
    spoil(deploy.copy(MESH))

    assert deploy.faults() == [("mesh", MESH, each) for each in fault.split()]


def test_one_function_decides_whether_a_backup_is_as_recorded(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verifying, restoring and saving again ask the record's entry, and believe what it says."""
    files = backup_set.read(str(deploy.state)).files
    restored = DiffOptions(str(deploy.root), Copies(str(deploy.root), ".backup"), files)
    assert {item.source for item in restored.compared(None)[0]} == {COPY}
    monkeypatch.setattr(metadata.FileEntry, "holds", lambda *_: False)

    assert {fault for _, _, fault in deploy.faults()} == {"altered"}
    assert COPY not in {item.source for item in restored.compared(None)[0]}
    with pytest.raises(HostError, match="has lost its backup"):
        deploy.save()


def test_a_file_that_the_deploy_did_not_change_is_no_fault(deploy: Deploy) -> None:
    """It is named at every deploy; what a rollback changes are the others."""
    assert deploy.look().changes == len(FILES)
    deploy.put(ENV, FILES[ENV])

    assert deploy.faults() == []
    assert deploy.look().changes == len(FILES) - 1


def test_a_mode_an_attribute_or_an_added_file_is_a_change(deploy: Deploy) -> None:
    """Each for itself: there is something to roll back."""
    for path in FILES:
        deploy.put(path, FILES[path])
    assert deploy.look().changes == 0
    deploy.put("core/new.py", "added")
    assert deploy.look().changes == 1
    (deploy.root / ENV).chmod(0o600)
    assert deploy.look().changes == 2
    os.setxattr(deploy.root / MESH, "user.by", b"the deploy")
    assert deploy.look().changes == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_owner_is_found(deploy: Deploy) -> None:
    """Put back, the service could not read it, or could write it."""
    os.chown(deploy.copy(ENV), 1234, -1)

    assert deploy.faults() == [("shared", ENV, "ownership")]


def test_a_second_name_that_a_snapshot_gave_is_no_fault(deploy: Deploy) -> None:
    """Nobody can write there who could not write here; what is written is other content."""
    for path in FILES:
        os.link(deploy.copy(path), deploy.place / path.replace("/", "-"))
        os.link(deploy.root / path, deploy.place / f"{path.replace('/', '-')}.live")
    assert deploy.faults() == []

    (deploy.place / MESH.replace("/", "-")).write_text("written over there")
    assert deploy.faults() == [("mesh", MESH, "altered")]


def test_a_backup_went_with_its_directory(deploy: Deploy) -> None:
    """The deploy made a file of the directory: the backup is missing, and nothing else is said."""
    shutil.rmtree(deploy.root / "core/mesh")
    deploy.put("core/mesh", "a file")
    assert deploy.faults() == [("mesh", MESH, "missing")]
    (fault,) = deploy.look().components["mesh"].faults
    assert fault.detail == "it is gone: a parent of it: 'mesh' is a file"


def test_a_directory_that_became_a_link_is_irregular(deploy: Deploy) -> None:
    """Nothing is read through a link, not even on the way to a copy."""
    (deploy.root / "core/mesh").rename(deploy.place / "elsewhere")
    (deploy.root / "core/mesh").symlink_to(deploy.place / "elsewhere")

    assert deploy.faults() == [("mesh", MESH, "irregular")]


def test_a_copy_that_lost_an_attribute_is_found(deploy: Deploy) -> None:
    """Whoever touched its attributes may have touched more."""
    os.setxattr(deploy.copy(ENV), "user.by", b"somebody")

    assert deploy.faults() == [("shared", ENV, "ownership")]


@pytest.mark.parametrize(
    ("mode", "user", "said"),
    [
        (0o600, "daemon", []),
        (0o640, "daemon", []),
        (0o644, "", [("recorded 0644, restored 0640", False)]),
        (0o644, "root", [("recorded 0644, restored 0640", False)]),
        (0o644, "no-such-user", [("recorded 0644, restored 0640", False)]),
        (0o644, "daemon", [("recorded 0644, restored 0640", True)]),
        (0o700, "daemon", [("recorded 0700, restored 0600", False)]),
    ],
)
def test_a_secret_that_comes_back_tighter_is_told(
    tmp_path: Path, mode: int, user: str, said: list[tuple[str, bool]]
) -> None:
    """And whether the service's account could read it, and cannot then; it is no fault."""
    deploy = Deploy(tmp_path)
    (deploy.root / ENV).chmod(mode)
    deploy.save()
    deploy.overwrite()
    found = deploy.look(secrets=[ENV], user=user).components

    assert [(each.detail, each.lost) for each in found["shared"].tightened] == said
    assert found["mesh"].tightened == ()
    assert deploy.faults(secrets=[ENV]) == []


def test_a_removed_live_file_and_its_missing_directory_are_no_faults(deploy: Deploy) -> None:
    """What the deploy removed has a copy and no live file: that is what backups are for."""
    (deploy.root / ENV).unlink()

    assert deploy.faults() == []


def test_a_removed_directory_takes_its_copies_with_it(deploy: Deploy) -> None:
    """A deploy that deletes a directory deletes the copies in it: they are missing."""
    deploy.copy(MESH).unlink()
    (deploy.root / MESH).unlink()
    (deploy.root / "core/mesh").rmdir()

    assert deploy.faults() == [("mesh", MESH, "missing")]


def test_an_empty_file_may_have_an_empty_copy(tmp_path: Path) -> None:
    """An `__init__.py` of no bytes is not a fault."""
    deploy = Deploy(tmp_path)
    deploy.put("core/__init__.py", "")
    deploy.save(files=["core/__init__.py"])
    deploy.put("core/__init__.py", "import x\n")

    assert deploy.faults() == []


def test_strays_are_found_by_name_and_repositories_are_left_out(deploy: Deploy) -> None:
    """Copies that no record knows are listed; a branch that is called `main.backup` is not one."""
    (deploy.root / ".git/refs/heads").mkdir(parents=True)
    (deploy.root / ".git/refs/heads/main.backup").write_text("branch")
    (deploy.root / "old.py.backup").write_text("1")
    (deploy.root / "core/dir.backup").mkdir()
    (deploy.root / "core/link.backup").symlink_to("/")

    assert deploy.look().orphans == ("core/dir.backup", "core/link.backup", "old.py.backup")


def test_without_a_record_nothing_is_said_of_copies(deploy: Deploy) -> None:
    """No record is said as such, and is no empty set that passes."""
    (deploy.state / "backups.json").unlink()
    found = deploy.look()

    assert found.record.found is False
    assert "no backup set is recorded" in found.record.problems[0]
    assert found.orphans == ()


def test_a_missing_state_directory_is_no_record(deploy: Deploy) -> None:
    """Nothing was ever saved: the same answer, with the reason."""
    found = deploy.look(state=str(deploy.place / "nowhere"))

    assert found.record.found is False
    assert "does not exist" in found.record.problems[0]


@pytest.mark.parametrize(
    ("different", "why"),
    [({"suffix": ".bak"}, "made for the suffix .backup, not .bak")],
)
def test_a_record_of_another_place_is_a_problem(
    deploy: Deploy, different: dict[str, object], why: str
) -> None:
    """The record says which root and suffix it is about."""
    assert why in deploy.look(**different).record.problems[0]


def test_a_damaged_record_is_found_and_is_a_problem(deploy: Deploy) -> None:
    """A record that cannot be read is there, and proves nothing."""
    (deploy.state / "backups.json").write_text("[]")
    found = deploy.look().record

    assert (found.found, found.files) == (True, 0)
    assert "is damaged" in found.problems[0]


def test_a_record_that_others_can_write_is_a_problem(deploy: Deploy) -> None:
    """A forged digest would make a forged copy look right."""
    (deploy.state / "backups.json").chmod(0o662)

    assert "can be written by others" in deploy.look().record.problems[0]


def test_names_of_any_bytes_survive_the_answer(deploy: Deploy) -> None:
    """A name that is no UTF-8 goes through JSON and comes back as it was."""
    name = os.fsdecode(b"caf\xe9\n.py")
    deploy.put(name, "1")
    deploy.save(files=[name])
    deploy.copy(name).unlink()
    answer = decode(Backups, json.loads(json.dumps(deploy.look())))

    (fault,) = answer.components["shared"].faults
    assert os.fsencode(fault.path) == b"caf\xe9\n.py"


def test_many_files_are_looked_at_the_same_way(tmp_path: Path) -> None:
    """Reading ahead, which starts with many files, changes nothing in what is found."""
    deploy = Deploy(tmp_path)
    names = [f"many/{number}.py" for number in range(FEW * 2)]
    for name in names:
        deploy.put(name, name)
    deploy.save(files=names)
    for name in names:
        deploy.put(name, "new")
    deploy.copy("many/7.py").unlink()

    assert deploy.faults() == [("shared", "many/7.py", "missing")]


def test_attributes_are_recorded_as_base64(tmp_path: Path) -> None:
    """Whatever a deploy's files carry can be put back from the record alone."""
    deploy = Deploy(tmp_path)
    os.setxattr(deploy.root / ENV, "user.origin", b"\x00vault")
    deploy.save(files=[ENV])
    (saved,) = backup_set.read(str(deploy.state)).files

    assert base64.b64decode(saved.xattrs["user.origin"]) == b"\x00vault"
