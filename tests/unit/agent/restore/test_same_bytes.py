"""A file whose bytes are those of the previous release, and all else is not, is restored too."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import leftovers, save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.leftovers import LeftoversRequest
from pytest_rollback.agent.messages.restore import Restored, RestoreRequest
from pytest_rollback.agent.restore import apply as restore_apply
from pytest_rollback.agent.rollback import undo
from tests.unit.agent.restore.test_apply import KILLER, WAYS, Tree
from tests.unit.support import requests
from tests.unit.support.apart import ROOT_ONLY
from tests.unit.support.deployed import saving

CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)
NAMES = ["a.py", "sub/b.py"]
PLUGINS = str(Path(restore_apply.__file__).parents[3])


def acl(*users: int) -> bytes:
    """Return an access control list that lets some more accounts read."""
    rows = [(1, 6, -1), *((2, 4, user) for user in users), (4, 4, -1), (16, 4, -1), (32, 0, -1)]
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", tag, rights, who & 0xFFFFFFFF) for tag, rights, who in rows
    )


def chattr(change: str) -> Callable[[Path], object]:
    """Return what changes the flags of a file."""
    return lambda path: subprocess.run(["chattr", change, path], check=True)


def lost(name: str) -> Callable[[Path], object]:
    """Return what takes an attribute away."""
    return lambda path: os.removexattr(path, name)


def given(name: str, value: bytes) -> Callable[[Path], object]:
    """Return what sets an attribute."""
    return lambda path: os.setxattr(path, name, value)


ACL = "system.posix_acl_access"
Change = Callable[[Path], object]
CHANGES: dict[str, tuple[Change, Change, str]] = {
    "mode": (lambda p: p.chmod(0o640), lambda p: p.chmod(0o644), "0644, recorded as"),
    "owner": (lambda p: os.chown(p, 1234, 5), lambda p: os.chown(p, 0, 0), "recorded as 1234:5"),
    "attribute lost": (given("user.by", b"us"), lost("user.by"), "lost attribute user.by"),
    "attribute other": (
        given("user.by", b"us"),
        given("user.by", b"them"),
        "other attribute user.by than recorded",
    ),
    "attribute more": (
        lambda _: None,
        given("user.by", b"them"),
        "has attribute user.by, recorded without",
    ),
    "acl": (given(ACL, acl(1000)), given(ACL, acl(1001)), "other access control list"),
    "capability": (
        given("security.capability", CAPABILITY),
        lost("security.capability"),
        "lost capabilities",
    ),
    "immutable": (chattr("+i"), chattr("-i"), "is not protected, recorded as immutable"),
    "append only": (chattr("+a"), chattr("-a"), "is not protected, recorded as append-only"),
}


def deployed(home: Path, kind: str, way: str) -> Tree:
    """Return a tree whose deploy changed what a file carries, and none of its bytes."""
    before, after, _ = CHANGES[kind]
    tree = Tree(home, way=way, names=NAMES)
    for name in NAMES:
        tree.path(name).write_text(f"same {name}")
        before(tree.path(name))
    saved = saving(tree.root, home / "same", NAMES, suffix=".same")
    save.save(saved)
    for name in NAMES:
        after(tree.path(name))
    tree.state = home / "same"
    return tree


def carried(tree: Tree) -> dict[str, object]:
    """Return all that the live files are."""
    found: dict[str, object] = {}
    for name in NAMES:
        path = tree.path(name)
        facts = path.stat()
        flags = subprocess.run(["lsattr", path], check=True, capture_output=True, text=True)
        found[name] = (
            path.read_text(),
            (facts.st_mode, facts.st_uid, facts.st_gid, facts.st_mtime_ns),
            {each: os.getxattr(path, each) for each in os.listxattr(path)},
            flags.stdout.split()[0],
        )
    return found


def differ(tree: Tree) -> dict[str, str]:
    """Return what validate is told of the files."""
    request = LeftoversRequest(tree.location()._replace(suffix=".same"), requests.EVERYTHING)
    return leftovers.look(request).owners["shared"].differ


def planned(tree: Tree) -> RestoreRequest:
    """Return the request of a restore, with its plan."""
    request = tree.request()
    request = request._replace(location=request.location._replace(suffix=".same"))
    return request._replace(digest=restore_apply.look(request).digest)


@ROOT_ONLY
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_what_a_file_carries_is_restored_and_undone(tmp_path: Path, kind: str, way: str) -> None:
    """Named before, as recorded afterwards, in no second plan; and undo brings all of it back."""
    tree = deployed(tmp_path, kind, way)
    failed = carried(tree)

    assert all(CHANGES[kind][2] in said for said in differ(tree).values())
    assert set(differ(tree)) == set(NAMES)
    assert restore_apply.apply(planned(tree)) == Restored(2)
    assert differ(tree) == {}
    assert restore_apply.look(planned(tree)).paths == ()
    undo.undo(tree.back())
    assert carried(tree) == failed


@ROOT_ONLY
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["mode", "capability", "immutable"])
def test_a_kill_loses_nothing_of_it(tmp_path: Path, kind: str, way: str) -> None:
    """Between two exchanges too: each file is one of both versions, and the same call ends it."""
    for point in range(3, 400, 5):
        tree = deployed(tmp_path / str(point), kind, way)
        failed, request = carried(tree), planned(tree)
        done = subprocess.run(
            [sys.executable, "-c", KILLER, PLUGINS, json.dumps(request), str(point), "apply"],
            check=False,
        )
        restore_apply.apply(request)
        assert differ(tree) == {}
        undo.undo(tree.back())
        assert carried(tree) == failed
        if done.returncode == 0:
            assert point > 20, "no kill happened: this test would prove nothing"
            return
    pytest.fail("it never came to an end")


@ROOT_ONLY
@pytest.mark.parametrize(("flag", "said"), [("i", "immutable: chattr -i"), ("a", "chattr -a")])
def test_a_protected_live_file_is_refused_in_its_own_words(
    tmp_path: Path, flag: str, said: str
) -> None:
    """Somebody protected it on purpose; the hint fits its flag."""
    tree = Tree(tmp_path, NAMES)
    chattr(f"+{flag}")(tree.path("a.py"))
    try:
        with pytest.raises(HostError, match=said):
            restore_apply.look(tree.request())
    finally:
        chattr(f"-{flag}")(tree.path("a.py"))


def test_a_time_of_change_alone_is_no_change(tmp_path: Path) -> None:
    """Whoever writes the same bytes again, as pip does, changes nothing."""
    tree = Tree(tmp_path, NAMES)
    tree.apply()
    os.utime(tree.path("a.py"), (1, 1))

    assert restore_apply.look(tree.request()).paths == ()
