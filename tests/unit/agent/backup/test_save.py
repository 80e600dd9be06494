"""Saving what a deploy is about to change: nothing lost, nothing touched, nothing guessed."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import copy as files_copy
from pytest_rollback.agent.main import answer
from pytest_rollback.agent.messages.backup.save import SaveRequest, SaveResult
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.state.runs import EndRequest
from pytest_rollback.agent.state import backup_set, lease, runs
from pytest_rollback.agent.state import directory as places
from tests.unit.support import requests
from tests.unit.support.deployed import FILES, Deploy

KILLED = """
import json, os, signal, sys
from pytest_rollback.agent.backup import save
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.protocol import decode
left = int(sys.argv[2])
def hook(event, _):
    global left  # noqa: PLW0603 - this script is one counter
    if event in {"open", "fcntl.flock"} or event.startswith("os."):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
request = decode(SaveRequest, json.loads(sys.argv[1]))
sys.addaudithook(hook)
save.save(request)
"""


Saving = Callable[[SaveRequest], SaveResult]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """A release that is about to be changed."""
    return Deploy(tmp_path)


def refusal(deploy: Deploy, **different: object) -> HostError:
    """Return why a question is refused, having seen that it changed nothing at all."""
    before = deploy.everything()
    with pytest.raises(HostError) as caught:
        deploy.save(**different)

    assert deploy.everything() == before
    assert caught.value.hint
    return caught.value


def test_copies_hold_the_bytes_and_the_record_says_which(deploy: Deploy) -> None:
    """Each named file has a copy with its bytes, and the record holds its digest and size."""
    found = deploy.save()
    known = backup_set.read(str(deploy.state))

    assert found.saved == found.files == len(FILES)
    assert {path: deploy.copy(path).read_text() for path in FILES} == FILES
    assert {saved.path: saved.size for saved in known.files} == {
        path: len(text) for path, text in FILES.items()
    }
    assert (known.previous.name, known.current.name, known.added) == ("v1", "v2", ("core/new.py",))


def test_live_files_are_not_touched(deploy: Deploy) -> None:
    """Inode, mode, owner, time and bytes of every live file stay what they were."""
    before = deploy.live()
    deploy.save()

    assert deploy.live() == before


def test_copies_keep_owner_mode_times_and_attributes(deploy: Deploy) -> None:
    """What a file carries beside its bytes is carried by the copy as well."""
    env = deploy.root / "config/.env"
    os.setxattr(env, "user.origin", b"\x00vault")
    if os.geteuid() == 0:
        os.chown(env, 1234, 4321)
    env.chmod(0o4640)
    os.utime(env, ns=(1_000_000_001, 2_000_000_002))
    deploy.save()
    live, copy = env.stat(), deploy.copy("config/.env").stat()

    assert os.getxattr(deploy.copy("config/.env"), "user.origin") == b"\x00vault"
    assert (copy.st_mode, copy.st_uid, copy.st_gid, copy.st_mtime_ns) == (
        live.st_mode,
        live.st_uid,
        live.st_gid,
        2_000_000_002,
    )


def test_copies_keep_acls_and_drop_inherited_ones(deploy: Deploy) -> None:
    """An ACL of the file is copied; one that the directory would hand down is not added."""
    for argv in (
        ["setfacl", "-m", "u:1234:r", "core/gateway/server.py"],
        ["setfacl", "-d", "-m", "u:4321:rw", "core/mesh"],
    ):
        subprocess.run(argv, cwd=deploy.root, check=True)
    deploy.save()
    shown = {
        path: subprocess.run(
            ["getfacl", "-cn", str(deploy.copy(path))], check=True, capture_output=True, text=True
        ).stdout
        for path in ("core/gateway/server.py", "core/mesh/mesh.py")
    }

    assert "user:1234:r--" in shown["core/gateway/server.py"]
    assert "user:4321" not in shown["core/mesh/mesh.py"]
    assert deploy.copy("core/mesh/mesh.py").stat().st_mode & 0o777 == 0o644


def test_state_directory_and_record_are_private(deploy: Deploy) -> None:
    """The state directory is made 0700 and the record 0600, whatever the umask."""
    before = os.umask(0)
    try:
        deploy.save()
    finally:
        os.umask(before)

    assert stat.S_IMODE(deploy.state.stat().st_mode) == 0o700
    assert stat.S_IMODE((deploy.state / "backups.json").stat().st_mode) == 0o600


def test_the_same_call_again_changes_nothing_and_says_so(deploy: Deploy) -> None:
    """A second call leaves every inode alone."""
    deploy.save()
    before = deploy.everything()
    found = deploy.save()

    assert (found.changed, found.saved, found.kept) == (False, 0, len(FILES))
    assert deploy.everything() == before


def test_a_deploy_that_is_called_again_half_way_keeps_the_copies(deploy: Deploy) -> None:
    """Files which the deploy has overwritten already are named, and their copies stay."""
    deploy.save()
    deploy.overwrite()
    found = deploy.save()

    assert sorted(found.differ) == sorted(FILES)
    assert {path: deploy.copy(path).read_text() for path in FILES} == FILES


def test_a_damaged_copy_is_made_again_while_the_file_is_still_the_recorded_one(
    deploy: Deploy,
) -> None:
    """As long as the live file is what was recorded, a lost or altered copy is repaired."""
    deploy.save()
    deploy.copy("config/.env").unlink()
    deploy.copy("core/mesh/mesh.py").write_text("PEERS = 3\n")
    found = deploy.save()

    assert (found.saved, found.kept) == (2, 1)
    assert {path: deploy.copy(path).read_text() for path in FILES} == FILES


def test_a_lost_copy_of_an_overwritten_file_is_refused(deploy: Deploy) -> None:
    """The new release is never saved as if it were the previous one."""
    deploy.save()
    deploy.overwrite()
    deploy.copy("config/.env").unlink()

    assert "config/.env has lost its backup, and differs from v1" in str(refusal(deploy))


def test_a_second_step_of_the_same_deploy_adds_to_the_set(deploy: Deploy) -> None:
    """Two calls for the same releases give one set with the files of both."""
    deploy.save(files=["config/.env"], added=["a.py"])
    found = deploy.save(files=["core/mesh/mesh.py"], added=["b.py"])
    known = backup_set.read(str(deploy.state))

    assert found.files == 2
    assert [saved.path for saved in known.files] == ["config/.env", "core/mesh/mesh.py"]
    assert known.added == ("a.py", "b.py")


def test_another_release_needs_replace(deploy: Deploy) -> None:
    """A set of other releases is not overwritten; the refusal names it and the way out."""
    deploy.save()
    problem = refusal(deploy, previous=Release("v2", None), current=Release("v3", None))

    assert "from v2 back to v1" in problem.message
    assert "--replace" in problem.hint


def test_replace_retires_what_the_new_set_lacks(deploy: Deploy) -> None:
    """After a replacement no copy of the old set is left but those the new one has made anew."""
    deploy.save()
    deploy.overwrite()
    found = deploy.save(
        previous=Release("v2", None),
        current=Release("v3", None),
        files=["config/.env"],
        added=[],
        replace=True,
    )

    assert found.retired == 2
    assert found.replaced == ("v1", "v2")
    assert sorted(deploy.root.rglob("*.backup")) == [deploy.copy("config/.env")]
    assert deploy.copy("config/.env").read_text() == "# v2 of config/.env\n"


def test_replace_keeps_what_is_saved_of_the_same_releases(deploy: Deploy) -> None:
    """A deploy that is repeated half way does not save its own files as the previous ones."""
    deploy.save(replace=True)
    before = deploy.copy("config/.env").read_bytes()
    deploy.overwrite()
    found = deploy.save(replace=True)

    assert (found.saved, found.changed, found.replaced) == (0, False, None)
    assert "config/.env" in found.differ
    assert deploy.copy("config/.env").read_bytes() == before


def test_a_lost_copy_is_not_made_of_the_new_release(deploy: Deploy) -> None:
    """With the deploy half done its bytes are nowhere: said, and nothing is saved."""
    deploy.save()
    deploy.overwrite()
    deploy.copy("config/.env").unlink()

    assert "differs from v1" in refusal(deploy, replace=True).message
    assert not deploy.copy("config/.env").exists()


def test_replace_leaves_copies_that_the_old_record_does_not_vouch_for(deploy: Deploy) -> None:
    """Somebody's own edit of an old copy is not thrown away unseen: it stays as a stray."""
    deploy.save()
    deploy.copy("core/mesh/mesh.py").write_text("precious\n")
    deploy.save(current=Release("v3", None), files=["config/.env"], added=[], replace=True)

    assert deploy.copy("core/mesh/mesh.py").read_text() == "precious\n"
    assert deploy.look().orphans == ("core/mesh/mesh.py.backup",)


def test_a_copy_of_unknown_origin_is_refused_unless_it_is_the_same(deploy: Deploy) -> None:
    """A copy that no record knows is adopted when it equals the live file, else refused."""
    deploy.copy("config/.env").write_text(FILES["config/.env"])
    deploy.copy("core/mesh/mesh.py").write_text("somebody's\n")

    assert "core/mesh/mesh.py has a backup that no record knows" in refusal(deploy).message
    assert deploy.save(files=["config/.env"]).saved == 1


def test_file_names_of_any_bytes_are_saved(deploy: Deploy) -> None:
    """Newlines, quotes, a leading dash and bytes that are no UTF-8 are names like any other."""
    names = ["a\nb.py", "$(rm -rf x)'\".py", "-rf", os.fsdecode(b"caf\xe9.py"), ".hidden"]
    for name in names:
        deploy.put(name, name.encode("utf-8", "surrogateescape").hex())
    deploy.save(files=names)
    known = backup_set.read(str(deploy.state))

    assert {saved.path for saved in known.files} == set(names)
    assert all(deploy.copy(name).is_file() for name in names)
    assert deploy.faults() == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../outside.py", "has an empty, '.' or '..' component"),
        ("/etc/passwd", "is absolute, and only files below the root"),
        ("core//mesh/mesh.py", "has an empty, '.' or '..' component"),
        ("core/./mesh/mesh.py", "has an empty, '.' or '..' component"),
        ("a\0b", "contains NUL"),
        ("", "is empty or not text"),
        ("x" * 256, "is longer than the file system allows"),
        ("x" * 250, "is too long for the suffix .backup"),
        ("config/.env.backup", "is itself a backup: it ends in .backup"),
        ("nowhere.py", "does not exist"),
        ("linked/mesh.py", "is a symlink"),
        ("pipe", "is a fifo"),
        ("socket", "is a socket"),
    ],
)
@pytest.mark.timeout(10)
def test_what_is_no_file_of_the_release_is_refused(deploy: Deploy, path: str, why: str) -> None:
    """Paths that leave the root, and everything but regular files, are refused without a hang."""
    (deploy.root / "link.py").symlink_to("/etc/passwd")
    (deploy.root / "linked").symlink_to("core/mesh")
    os.mkfifo(deploy.root / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    with listener:
        here = Path.cwd()
        os.chdir(deploy.root)  # a socket's own path may be too long for its address
        try:
            listener.bind("socket")
        finally:
            os.chdir(here)

        assert why in refusal(deploy, files=[path]).message


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda copy: copy.symlink_to("/etc/passwd"), "backup which is a symlink"),
        (lambda copy: copy.mkdir(), "backup which is a directory"),
        (os.mkfifo, "backup which is a fifo"),
    ],
)
@pytest.mark.parametrize("replace", [False, True])
def test_what_is_no_file_in_the_place_of_a_copy_is_refused(
    deploy: Deploy, make: Callable[[Path], None], why: str, *, replace: bool
) -> None:
    """A link, directory or fifo where the copy belongs is refused, with or without --replace."""
    make(deploy.copy("config/.env"))

    assert why in refusal(deploy, replace=replace).message


def test_a_copy_that_is_another_name_of_the_live_file_becomes_its_own(deploy: Deploy) -> None:
    """A hard link would change together with the file: it is replaced by a real copy."""
    os.link(deploy.root / "config/.env", deploy.copy("config/.env"))
    deploy.save()
    deploy.overwrite()

    assert deploy.copy("config/.env").read_text() == FILES["config/.env"]


def test_all_problems_are_told_at_once(deploy: Deploy) -> None:
    """One refusal names every file that cannot be saved, and an added file that exists."""
    os.mkfifo(deploy.root / "pipe")
    said = refusal(deploy, files=["nowhere.py", "pipe"], added=["config/.env"]).message

    assert "reasons: 3" in said
    assert "config/.env exists already: list it as changed, not as added" in said


def test_names_that_a_file_system_may_confuse_are_refused(deploy: Deploy) -> None:
    """Twice the same path, also in another Unicode form or in both lists, is refused."""
    said = refusal(
        deploy,
        files=["config/.env", "config/.env", "é.py", "e\u0301.py"],
        added=["core/mesh/mesh.py", "core/mesh/mesh.py"],
    ).message

    assert said.count("is listed twice") == 3


def test_a_path_is_either_changed_or_added(deploy: Deploy) -> None:
    """Calls for the same releases that contradict each other are refused."""
    deploy.save()
    deploy.put("core/new.py", "1")

    assert (
        "core/new.py is recorded as added, not as changed"
        in refusal(deploy, files=["core/new.py"], added=[]).message
    )
    assert (
        "config/.env is recorded as changed, not as added"
        in refusal(deploy, files=[], added=["config/.env"]).message
    )


def test_an_empty_set_is_refused(deploy: Deploy) -> None:
    """A deploy that names nothing has made a mistake."""
    assert "no changed and no added file is listed" in refusal(deploy, files=[], added=[]).message


@pytest.mark.parametrize(
    ("different", "why"),
    [
        ({"root": ""}, "root is missing"),
        ({"system": ""}, "system is missing"),
        ({"root": "relative"}, "root is not absolute: relative"),
        ({"suffix": "/x"}, "the suffix '/x' does not start with '.', or holds '/'"),
        ({"previous": Release("", None)}, "the name of previous is missing"),
        ({"current": Release("v1", "abc")}, "previous and current are the same release: v1"),
    ],
)
def test_a_request_that_contradicts_itself_is_refused(
    deploy: Deploy, different: dict[str, object], why: str
) -> None:
    """What is missing, and what cannot be, is named; nothing is changed."""
    assert why in refusal(deploy, **different).message


@pytest.mark.parametrize(
    "different",
    [
        {"files": "config/.env"},
        {"added": [3]},
        {"previous": "v1"},
        {"current": ["v2"]},
        {"location": [3, "/state", ".backup", ""]},
        {"replace": "yes"},
    ],
)
def test_a_request_of_another_shape_is_refused(deploy: Deploy, different: dict[str, Any]) -> None:
    """Fields are checked where a request arrives; nothing is changed."""
    before = deploy.everything()
    request = deploy.request()._asdict() | different
    said = answer({"route": "backups.save", "request": list(request.values())})

    assert "SaveRequest does not match its definition" in said["problem"]["message"]
    assert deploy.everything() == before


@pytest.mark.parametrize("place", ["root", "root/state", "."])
def test_state_and_root_do_not_contain_each_other(deploy: Deploy, place: str) -> None:
    """The record must not lie where a release is deployed."""
    assert "is inside the other" in refusal(deploy, state=str(deploy.place / place)).message


def test_a_state_directory_that_others_can_write_is_refused(deploy: Deploy) -> None:
    """Whoever can write the state directory could forge the record."""
    deploy.state.mkdir(parents=True)
    deploy.state.chmod(0o770)

    assert "can be written by others" in refusal(deploy).message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_state_directory_of_the_service_user_is_refused(deploy: Deploy) -> None:
    """The service user must not own the place where the record is kept."""
    deploy.state.mkdir(parents=True)
    os.chown(deploy.state, 1234, -1)

    assert "belongs to uid 1234" in refusal(deploy).message


def test_a_state_directory_that_is_a_link_is_refused(deploy: Deploy) -> None:
    """A link could be pointed elsewhere later."""
    deploy.state.parent.mkdir()
    deploy.state.symlink_to(deploy.place)

    assert "is a symlink" in refusal(deploy).message


def test_a_damaged_record_is_refused_until_it_is_replaced(deploy: Deploy) -> None:
    """What cannot be read is not guessed at; --replace starts anew."""
    deploy.save()
    (deploy.state / "backups.json").write_text("{")

    assert "is damaged" in refusal(deploy).message
    assert deploy.save(replace=True).changed


def test_two_at_once_exclude_each_other(deploy: Deploy) -> None:
    """While one run saves, another is refused and told so."""
    directory = places.made(str(deploy.state))
    try:
        with places.held(directory, str(deploy.state)):
            assert refusal(deploy).kind == "held"
    finally:
        os.close(directory)
    assert deploy.save().changed


def test_a_missing_root_is_told(deploy: Deploy) -> None:
    """A root that is not there gives its path and what to look at."""
    problem = refusal(deploy, root="/nowhere/at/all")

    assert "the root /nowhere/at/all cannot be opened" in problem.message


def test_a_write_that_fails_leaves_nothing_behind(deploy: Deploy) -> None:
    """When one copy cannot be written, none is made and no temporary file is left."""
    deploy.put("big.bin", "x" * 100_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    deploy.state.mkdir(parents=True, mode=0o700)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, before[1]))
    try:
        problem = refusal(deploy, files=[*FILES, "big.bin"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert "big.bin: cannot be saved: File too large" in problem.message


def test_temporary_copies_are_private_from_the_start(deploy: Deploy) -> None:
    """A staged copy of a secret is never readable by others before it has its mode."""
    files_copy.stage(str(deploy.root), ["config/.env"])
    staged = deploy.root / "config" / files_copy.temporary("config/.env")

    assert staged.stat().st_mode == (deploy.root / "config/.env").stat().st_mode
    files_copy.discard(str(deploy.root), ["config/.env"])
    assert not staged.exists()


@pytest.mark.parametrize("replace", [False, True])
def test_a_kill_at_any_instant_leaves_live_files_alone_and_can_be_repeated(
    tmp_path: Path, *, replace: bool
) -> None:
    """Killed at each event in turn, live files stay and the same call completes the set."""
    point, killed = 0, True
    while killed:
        point += 1
        deploy = Deploy(tmp_path / str(point))
        request = deploy.request(replace=replace)
        if replace:
            deploy.put("old.py", "old\n")
            deploy.save(previous=Release("v0", None), files=[*FILES, "old.py"])
        before = deploy.live()
        killed = _killed_at(point, request)

        assert deploy.live() == before
        save.save(request)
        assert {path: deploy.copy(path).read_text() for path in FILES} == FILES
        assert not list(deploy.root.rglob(".rollback-*"))
        assert deploy.faults() == []
        assert not deploy.look().orphans
    assert point > 20


def _killed_at(point: int, request: SaveRequest) -> bool:
    """Run the request in a process that is killed at its n-th event; return whether it was."""
    argv = [sys.executable, "-c", KILLED, json.dumps(request), str(point)]
    done = subprocess.run(argv, check=False, timeout=30, capture_output=True)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


def test_every_byte_is_durable_before_it_has_its_name(deploy: Deploy) -> None:
    """Each copy is synced before its rename, each directory after it, the record last."""
    program = (
        "import json, sys\nfrom pytest_rollback.agent.backup import save\n"
        "from pytest_rollback.agent.messages.backup.save import SaveRequest\n"
        "from pytest_rollback.agent.protocol import decode\n"
        "save.save(decode(SaveRequest, json.loads(sys.argv[1])))"
    )
    log = deploy.place / "strace.log"
    argv = ["strace", "-f", "-y", "-e", "trace=fsync,rename,renameat,renameat2", "-o", str(log)]
    subprocess.run(
        [*argv, sys.executable, "-B", "-c", program, json.dumps(deploy.request())],
        check=True,
        timeout=60,
    )
    calls = [line.split(maxsplit=1)[1] for line in log.read_text().splitlines() if "(" in line]
    renames = [n for n, call in enumerate(calls) if call.startswith("rename")]
    synced = [call for call in calls[: renames[0]] if call.startswith("fsync")]

    assert len([call for call in synced if ".rollback-" in call]) == len(FILES)
    assert "backups.json" in calls[renames[-1]]
    assert len(renames) == len(FILES) + 1
    after = calls[renames[-2] + 1 : renames[-1]]
    assert len({call for call in after if call.startswith("fsync")}) == 3 + 1  # and the record
    assert calls[-1].startswith("fsync")
    assert "var/state>" in calls[-1]


@pytest.mark.parametrize("asked", [save.save, save.foresee])
def test_nothing_is_saved_while_a_rollback_goes_on(deploy: Deploy, asked: Saving) -> None:
    """Neither beside one that is at work, nor on what an unfinished one left; afterwards it is."""
    holder = requests.process(os.getpid(), 0.0)._replace(boot="", space="")
    deploy.save()
    runs.begin(requests.begin(deploy.state, holder=holder))
    with pytest.raises(HostError, match="held by ann") as held:
        asked(deploy.request())
    runs.end(EndRequest(str(deploy.state), "r1", "failed"))
    marker = deploy.state / lease.MARKER
    marker.write_text('["r1"]')
    with pytest.raises(HostError, match="unfinished") as unfinished:
        asked(deploy.request())
    marker.unlink()

    assert {held.value.kind, unfinished.value.kind} == {"held"}
    assert asked(deploy.request()).changed is False


def test_a_part_of_a_release_is_recorded_as_one(deploy: Deploy) -> None:
    """With the reason, and how many files the whole release changes; a later call keeps neither."""
    deploy.save(partial="only the gateway has state", whole=76)
    deploy.overwrite()
    record = deploy.look().record

    assert record.share == (
        "76 files differ, 4 are rolled back; declared partial: only the gateway has state"
    )
    assert deploy.look().record.partial
    deploy.save()
    assert deploy.look().record.share == ""


def test_what_no_backup_can_be_made_of_is_named_and_the_rest_is_saved(deploy: Deploy) -> None:
    """Directories that are not empty, and those that become files: readiness lists them."""
    deploy.put("flat", "a file")
    files, added = [*FILES, "core", "flat"], ["core/mesh", "flat/new.py", "new.py"]
    found = deploy.save(files=files, added=added)
    told = (
        "core/mesh: is a directory, and becomes a file",
        "core: is a directory, and is not empty",
    )
    known = backup_set.read(str(deploy.state))

    assert found.unsaved == told
    assert {saved.path for saved in known.files} == {*FILES, "flat"}
    assert known.added == ("flat/new.py", "new.py")
    assert deploy.look().undeclared == told
    assert deploy.look().compared is False
    assert deploy.save(files=files, added=added).changed is False


def test_directories_alone_are_no_set(deploy: Deploy) -> None:
    """Where nothing can be saved, nothing was."""
    assert "core is a directory" in refusal(deploy, files=["core"], added=[]).message
