"""A release with empty directories, and with files and links that the deploy makes directories."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pytest_rollback.agent.backup import leftovers, save, verify
from pytest_rollback.agent.messages.backup.leftovers import LeftoversRequest
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.verify import BackupsRequest
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.restore import RestorePlan, RestoreRequest
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.restore import apply
from tests.unit.support import requests
from tests.unit.support.deployed import saving

EMPTY = {"spool/gone": 0o750, "spool/dressed": 0o2770, "spool/filed": 0o700}
"""Empty directories: the deploy deletes one, dresses one, and makes a file of one."""

TURNED = ("plain", "lib/link")
"""A file and a link that it makes directories."""

FILES = (*TURNED, *EMPTY)
ADDED = ("plain/new.py", "plain/deep/more.py", "lib/link/new.py", "new.py")
OTHER = 65534 if os.geteuid() == 0 else os.geteuid()


class Folded:
    """A root whose previous release is saved, and the current one deployed."""

    def __init__(self, home: Path, way: str) -> None:
        self.root, self.state, self.way = home / "root", home / "state", way
        (self.root / "lib").mkdir(parents=True)
        self.put("plain", "previous")
        (self.root / "lib/link").symlink_to("../plain")
        for path, mode in EMPTY.items():
            (self.root / path).mkdir(parents=True)
            os.chown(self.root / path, OTHER, OTHER)
            (self.root / path).chmod(mode)
        os.setxattr(self.root / "spool/gone", "user.of", b"previous")
        self.before = self.everything()
        save.save(self.saving())
        self.deploy()
        self.failed = self.everything()

    def saving(self) -> SaveRequest:
        """Return the request to save the previous release."""
        return saving(self.root, self.state, FILES, added=ADDED)

    def deploy(self) -> None:
        """Put the current release in place, and something that it left there at work."""
        for path in TURNED:
            (self.root / path).unlink()
        for path in ("spool/gone", "spool/filed"):
            (self.root / path).rmdir()
        for path in ADDED:
            self.put(path, f"added {path}")
        (self.root / "plain").chmod(0o751)
        (self.root / "plain/at").symlink_to("new.py")
        self.put("plain/deep/work.log", "of no release")
        self.put("spool/filed", "a file")
        self.put("spool/dressed/job", "of no release")
        os.chown(self.root / "spool/dressed", os.geteuid(), os.getegid())
        (self.root / "spool/dressed").chmod(0o755)

    def put(self, path: str, text: str) -> None:
        """Write a file."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def everything(self) -> dict[str, tuple[object, ...]]:
        """Return what each path below the root is, backups aside."""
        return {
            str(path.relative_to(self.root)): facts(path)
            for path in sorted(self.root.rglob("*"))
            if path.suffix != ".backup"
        }

    def wanted(self) -> dict[str, tuple[object, ...]]:
        """Return what a rollback has to leave: the previous release, and a job at work."""
        return {**self.before, "spool/dressed/job": self.failed["spool/dressed/job"]}

    @property
    def location(self) -> Location:
        """Where it is."""
        return requests.located(self.root, self.state, "r1")

    def request(self) -> RestoreRequest:
        """Return the request to restore it."""
        return requests.restore(self.location, requests.selected())._replace(way=self.way)

    def look(self) -> RestorePlan:
        """Return what a restore would do."""
        return apply.look(self.request())

    def restore(self) -> None:
        """Restore it."""
        apply.apply(self.request()._replace(digest=self.look().digest))

    def around(self) -> FilesRequest:
        """Return the request about the files around a restore."""
        return FilesRequest(self.location, requests.selected())

    def differ(self) -> dict[str, str]:
        """Return what validate says of each path."""
        found = leftovers.look(LeftoversRequest(self.location, requests.selected()))
        return found.owners["shared"].differ

    def faults(self) -> dict[str, str]:
        """Return what is wrong with the backups."""
        answer = verify.look(BackupsRequest(self.location, requests.selected(), ""))
        return {each.path: each.detail for each in answer.components["shared"].faults}

    def again(self) -> None:
        """Take the directories away that a test left."""
        shutil.rmtree(self.root / "spool/gone", ignore_errors=True)


def facts(path: Path) -> tuple[object, ...]:
    """Return all that is restored of a path: of a directory no time."""
    found = path.lstat()
    head = (found.st_mode, found.st_uid, found.st_gid)
    if path.is_symlink():
        return (*head, found.st_mtime_ns, str(path.readlink()))
    named = {name: os.getxattr(path, name) for name in os.listxattr(path)}
    return (*head, named) if path.is_dir() else (*head, found.st_mtime_ns, path.read_bytes())
