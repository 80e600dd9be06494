"""A release with links: saved, and deployed over with links changed, deleted, turned and added."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pytest_rollback.agent.backup import save, verify
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.verify import BackupsRequest
from pytest_rollback.agent.messages.location import Location, Release, Selection
from pytest_rollback.agent.messages.restore import RestorePlan, RestoreRequest
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.restore import apply
from tests.unit.support import requests
from tests.unit.support.deployed import saving

PREVIOUS = {"lib/current": "v1", "lib/gone": "/etc/hostname", "lib/turned": "plain"}
CURRENT = {"lib/current": "v2", "lib/plain": "../outside", "lib/new": "v2"}
"""Where links lead: the deploy changes one, deletes one, makes a file of one and one of a file."""

PLAIN = "lib/plain"
FILES = (*PREVIOUS, PLAIN)
OWNER = 65534 if os.geteuid() == 0 else os.geteuid()


class Site:
    """A root whose previous release is saved."""

    def __init__(self, home: Path, way: str) -> None:
        self.home, self.root, self.state, self.way = home, home / "root", home / "state", way
        (self.root / "lib").mkdir(parents=True)
        for path, target in PREVIOUS.items():
            self.link(path, target, OWNER)
        self.put(PLAIN, "previous")
        self.git("init", "-q")
        (self.root / ".gitignore").write_text("*.backup\n.rollback-*\n")
        self.git("add", "-A")
        self.git("commit", "-qm", "release")
        self.commit = self.git("rev-parse", "HEAD")
        self.before = self.everything()

    def git(self, *argv: str) -> str:
        """Run git as somebody who commits."""
        words = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *argv]
        return subprocess.run(
            words, cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def link(self, path: str, target: str, owner: int) -> None:
        """Make a link in the place of whatever is there."""
        place = self.root / path
        place.unlink(missing_ok=True)
        place.symlink_to(target)
        os.utime(place, ns=(10**18, 10**18 + len(target)), follow_symlinks=False)
        os.chown(place, owner, owner, follow_symlinks=False)

    def put(self, path: str, text: str) -> None:
        """Write a file in the place of whatever is there."""
        place = self.root / path
        place.unlink(missing_ok=True)
        place.write_text(text)

    def saving(self) -> SaveRequest:
        """Return the request to save the previous release."""
        previous = Release("1", self.commit)
        return saving(self.root, self.state, FILES, added=["lib/new"], previous=previous)

    def deploy(self) -> Site:
        """Save the previous release, and deploy the current one."""
        save.save(self.saving())
        (self.root / "lib/gone").unlink()
        for path, target in CURRENT.items():
            self.link(path, target, os.geteuid())
        self.put("lib/turned", "current")
        self.failed = self.everything()
        return self

    def everything(self) -> dict[str, tuple[object, ...]]:
        """Return what each path of the release is."""
        return {path: facts(self.root / path) for path in (*FILES, "lib/new")}

    @property
    def location(self) -> Location:
        """Where it is."""
        return requests.located(self.root, self.state, "r1")

    @property
    def selection(self) -> Selection:
        """All of it, with its repository."""
        return requests.selected(git=str(self.root))

    def request(self) -> RestoreRequest:
        """Return the request to restore it."""
        return requests.restore(self.location, self.selection)._replace(way=self.way)

    def look(self) -> RestorePlan:
        """Return what a restore would do."""
        return apply.look(self.request())

    def restore(self) -> None:
        """Restore it."""
        apply.apply(self.request()._replace(digest=self.look().digest))

    def around(self) -> FilesRequest:
        """Return the request about the files around a restore."""
        return FilesRequest(self.location, self.selection)

    def faults(self) -> dict[str, str]:
        """Return what is wrong with the backups."""
        answer = verify.look(BackupsRequest(self.location, self.selection, ""))
        return {each.path: each.detail for each in answer.components["shared"].faults}

    def copy(self, path: str) -> Path:
        """Return where a backup is."""
        return self.root / f"{path}.backup"


def facts(path: Path) -> tuple[object, ...]:
    """Return all that is restored of a file or link; nothing of what is not there."""
    if not os.path.lexists(path):
        return ()
    found = path.lstat()
    content = path.readlink() if path.is_symlink() else path.read_bytes()
    return (found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns, content)
