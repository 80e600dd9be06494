"""The record of a backup set: written whole, read strictly, nobody else's."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.restore.plan import plans
from pytest_rollback.agent.state import backup_set
from pytest_rollback.agent.state.backup_set import BackupSet, FileEntry, Release
from pytest_rollback.agent.state.directory import Absent
from tests.unit.support.deployed import Deploy

if TYPE_CHECKING:
    from pathlib import Path

SAVED = FileEntry("a/b.py", "0" * 64, 3, 0o644, 0, 0, 1_000_000_000, {"user.k": "dg=="})
RECORD = BackupSet(
    system="shop",
    root="/srv/shop",
    suffix=".backup",
    created="2026-01-01T00:00:00+00:00",
    by="deploy",
    previous=Release("v1", "abc"),
    current=Release("v2", None),
    files=(SAVED,),
    added=("new.py",),
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory as it should be."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    return place


def test_what_was_written_is_read(state: Path) -> None:
    """Reading gives the record back, with the digest of the file."""
    digest = backup_set.write(str(state), RECORD)

    assert backup_set.read(str(state)) == RECORD._replace(sha256=digest)
    assert digest == hashlib.sha256((state / "backups.json").read_bytes()).hexdigest()


@given(
    paths=some.lists(
        some.binary(min_size=1, max_size=40).filter(
            lambda raw: not {b"", b".", b".."} & set(raw.split(b"/")) and b"\0" not in raw
        ),
        unique=True,
        max_size=5,
    )
)
def test_any_name_of_a_file_survives(paths: list[bytes]) -> None:
    """Names are bytes: each comes back as it was, whatever it holds."""
    files = tuple(SAVED._replace(path=os.fsdecode(path)) for path in paths)
    raw = backup_set.encoded(RECORD._replace(files=files))

    assert [os.fsencode(saved.path) for saved in backup_set.parsed(io.BytesIO(raw)).files] == paths


@pytest.mark.parametrize("files", [(), (SAVED,), (SAVED, SAVED._replace(path="c.py"))])
def test_the_record_is_plain_json(files: tuple[FileEntry, ...]) -> None:
    """Other tools can read it, also when it is empty."""
    document = json.loads(backup_set.encoded(RECORD._replace(files=files)))

    assert document["format"] == 3
    assert [entry["path"] for entry in document["files"]] == [saved.path for saved in files]
    assert document["previous"] == {"name": "v1", "commit": "abc"}


@pytest.mark.parametrize(("number", "lacks"), [(1, ("flags", "kind")), (2, ("kind",))])
def test_a_record_of_an_earlier_format_is_read(
    state: Path, number: int, lacks: tuple[str, ...]
) -> None:
    """Before the third all are files, and in the first none is protected; journals are alike."""
    document = _document()
    document["format"] = number
    for key in lacks:
        del document["files"][0][key]
    _put(state, document)
    (found,) = backup_set.read(str(state)).files
    entry = {"event": "plan", "items": [[*SAVED[: 10 - len(lacks)], ""]]}

    assert found == SAVED
    assert [item.saved for item in plans([entry])[0]] == [SAVED]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("path", "../etc/passwd"),
        ("path", "/etc/passwd"),
        ("path", "a//b"),
        ("path", ""),
        ("path", 3),
        ("sha256", "XYZ"),
        ("sha256", None),
        ("size", "3"),
        ("size", True),
        ("mode", 0o100644),
        ("mtime_ns", 1.5),
        ("xattrs", []),
        ("kind", "directory"),
        ("kind", 1),
        ("kind", "link"),
        ("more", 1),
    ],
)
def test_an_entry_that_is_none_damages_the_record(state: Path, key: str, value: object) -> None:
    """A path that leaves the root, a digest that is none, a wrong type: nothing is guessed."""
    document = _document()
    document["files"][0][key] = value
    _put(state, document)

    with pytest.raises(HostError, match="is damaged"):
        backup_set.read(str(state))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.pop("system"),
        lambda d: d.update(format=6),
        lambda d: d.update(format=5, kept="../elsewhere"),
        lambda d: d.update(previous=None),
        lambda d: d.update(current={"name": 1, "commit": None}),
        lambda d: d.update(added=["../x"]),
        lambda d: d.update(added="x"),
        lambda d: d.update(added=["a/b.py"]),
        lambda d: d.update(files=d["files"] * 2),
        lambda d: d.update(files=[{}]),
        lambda d: d.update(files={"a": 1}),
        lambda d: d["files"][0].pop("size"),
    ],
)
def test_a_record_of_another_shape_is_damaged(state: Path, spoil: Any) -> None:  # noqa: ANN401
    """Missing keys, other formats, paths listed twice."""
    document = _document()
    spoil(document)
    _put(state, document)

    with pytest.raises(HostError, match="is damaged"):
        backup_set.read(str(state))


@given(raw=some.binary(max_size=60) | some.text(max_size=60).map(str.encode))
def test_arbitrary_bytes_raise_nothing_but_what_read_foresees(raw: bytes) -> None:
    """Whatever the file holds, parsing fails in a foreseen way."""
    with pytest.raises(backup_set.DAMAGE):
        backup_set.parsed(io.BytesIO(raw))


def test_deep_nesting_is_damage_and_no_crash(state: Path) -> None:
    """A document nested 100,000 deep is told apart like any other."""
    (state / "backups.json").write_text("[" * 100_000)
    (state / "backups.json").chmod(0o600)

    with pytest.raises(HostError, match="is damaged"):
        backup_set.read(str(state))


def test_no_record_is_absent(state: Path) -> None:
    """That nothing was saved yet is told apart from a record that cannot be used."""
    with pytest.raises(Absent):
        backup_set.read(str(state))
    with pytest.raises(Absent):
        backup_set.read(str(state / "nowhere"))


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_record_that_others_can_write_is_refused(state: Path, mode: int) -> None:
    """Whoever can write it could vouch for anything."""
    backup_set.write(str(state), RECORD)
    (state / "backups.json").chmod(mode)

    with pytest.raises(HostError, match="can be written by others"):
        backup_set.read(str(state))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_record_of_another_user_is_refused(state: Path) -> None:
    """Its owner could write it."""
    backup_set.write(str(state), RECORD)
    os.chown(state / "backups.json", 1234, -1)

    with pytest.raises(HostError, match="can be written by others"):
        backup_set.read(str(state))


@pytest.mark.timeout(10)
def test_a_record_that_is_no_file_is_refused(state: Path) -> None:
    """A link is not followed, a fifo does not hang us."""
    (state / "backups.json").symlink_to("/etc/passwd")
    with pytest.raises(HostError, match="symlink"):
        backup_set.read(str(state))
    (state / "backups.json").unlink()
    os.mkfifo(state / "backups.json")
    with pytest.raises(HostError, match="fifo"):
        backup_set.read(str(state))


def test_a_crashed_writer_is_no_obstacle(state: Path) -> None:
    """The temporary file of a run that was killed is replaced."""
    backup_set.write(str(state), RECORD)
    (state / backup_set.FRESH).write_text("half")
    backup_set.write(str(state), RECORD._replace(by="again"))

    assert backup_set.read(str(state)).by == "again"
    assert sorted(path.name for path in state.iterdir()) == ["backups.json"]


def test_a_full_disk_keeps_the_old_record(state: Path) -> None:
    """A record that cannot be written whole does not take the place of one that was."""
    backup_set.write(str(state), RECORD)
    program = (
        "import resource, signal, sys\n"
        "from pytest_rollback.agent.state import backup_set as record\n"
        "known = record.read(sys.argv[1])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
        "record.write(sys.argv[1], known._replace(by='x'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(state)], check=False, capture_output=True, text=True
    )

    assert "cannot be written: File too large" in done.stderr
    assert backup_set.read(str(state)).by == "deploy"


def test_a_record_of_another_system_is_read_all_the_same(tmp_path: Path) -> None:
    """What it is about is for the reader to compare."""
    deploy = Deploy(tmp_path)
    deploy.save(system="other")

    assert backup_set.read(str(deploy.state)).system == "other"


def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(backup_set.encoded(RECORD))
    return document


def _put(state: Path, document: dict[str, Any]) -> None:
    file = state / "backups.json"
    file.write_text(json.dumps(document))
    file.chmod(0o600)
