"""A system in three places, one of them a single file, with what others have around it."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pytest_rollback.agent.backup import leftovers, save, verify
from pytest_rollback.agent.messages.backup.leftovers import Leftovers, LeftoversRequest
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.verify import Backups, BackupsRequest
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.messages.state.runs import EndRequest
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import added_files, archive, bytecode, undo
from pytest_rollback.agent.state import runs
from tests.unit.support import requests
from tests.unit.support.deployed import saving

BESIDE = (
    "etc/cron.d/other",
    "etc/cron.d/other.backup",
    "etc/cron.d/shop2.backup",
    "etc/cron.d/.rollback-20260101-000000-abcd-" + "0" * 24 + ".new",
    "usr/lib/other/a.backup",
    "etc/a.backup",
)
"""What others have in the same directories, named like backups and like files of a run."""


class Places:
    """Programs, settings, and one file among those of others; the first release of two is live."""

    def __init__(self, home: Path) -> None:
        self.home, self.state = home, home / "var/state"
        self.lib, self.settings = home / "usr/lib/shop", home / "etc/shop"
        self.table = home / "etc/cron.d/shop"
        for path in self.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# 1 {path.name}\n")
        for name in BESIDE:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text("another's")

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that both releases have."""
        return (self.lib / "web/app.py", self.settings / "shop.toml", self.table)

    @property
    def added(self) -> Path:
        """Return the file that the second release adds."""
        return self.settings / "more/new.toml"

    def location(self, run: str = "") -> Location:
        """Return where it is."""
        within = tuple(str(each)[1:] for each in (self.lib, self.settings, self.table))
        return Location("/", str(self.state), ".backup", run, within=within)

    def saving(self, *files: Path, keep: int = 0) -> SaveRequest:
        """Return the request to save files; all of them where none is named."""
        names = [str(path)[1:] for path in files or self.files]
        request = saving(Path("/"), self.state, names, within=self.location().within)
        return request._replace(added=(str(self.added)[1:],), keep=keep)

    def deploy(self, keep: int = 0) -> None:
        """Save, and put the second release in place."""
        save.save(self.saving(keep=keep))
        self.added.parent.mkdir()
        for path in (*self.files, self.added):
            path.write_text(f"# 2 {path.name}\n")

    def look(self) -> Backups:
        """Return what readiness is told of the backups."""
        patterns = {"web": (f"{self.lib}/**"[1:],)}
        return verify.look(BackupsRequest(self.location(), requests.selected(**patterns)))

    def left(self) -> Leftovers:
        """Return what is left to do."""
        return leftovers.look(LeftoversRequest(self.location(), requests.selected()))

    def back(self, run: str = "20260202-000000-abcd") -> None:
        """Roll back, as a drill does: added files away, others back, evidence put away."""
        files = FilesRequest(self.location(run), requests.selected())
        begin = requests.begin(self.state, run)
        runs.begin(begin._replace(root="/", within=self.location().within))
        added_files.remove(files)
        request = requests.restore(self.location(run))
        apply.apply(request._replace(digest=apply.look(request).digest))
        bytecode.clear(files)
        archive.close(files)
        runs.end(EndRequest(str(self.state), run, "recovered"))

    def undo(self, run: str = "20260202-000000-abcd") -> None:
        """Bring the failed release back."""
        undo.undo(requests.undo(self.location(run)))

    def contents(self) -> dict[str, tuple[str, int, int, int]]:
        """Return text, mode and owner of every file around the places."""
        found = (path for name in ("usr", "etc") for path in (self.home / name).rglob("*"))
        return {
            str(path): (
                path.read_text(),
                path.stat().st_mode,
                path.stat().st_uid,
                path.stat().st_gid,
            )
            for path in sorted(found)
            if path.is_file()
        }


def own_name(path: Path, run: str) -> Path:
    """Return the name that a run gives to what comes beside a file."""
    digest = hashlib.sha256(os.fsencode(str(path)[1:])).hexdigest()[:24]
    return path.parent / f".rollback-{run}-{digest}.old"


def listed(task: Callable[[], object], above: Path) -> set[str]:
    """Return the directories in or above a place that a task lists, relative to it.

    Only in a fork: what hears of them stays as long as its process.
    """
    found: set[str] = set()

    def hook(name: str, arguments: tuple[object, ...]) -> None:
        if name in ("os.listdir", "os.scandir") and arguments:
            where = arguments[0]
            path = Path(f"/proc/self/fd/{where}" if isinstance(where, int) else str(where))
            found.add(os.path.relpath(path.resolve(), above))

    sys.addaudithook(hook)
    task()
    return {each for each in found if not each.startswith("var")}


def told(names: set[str]) -> None:
    """Write those of some directories that are none of the system's, nor of its links.

    What lies elsewhere on the host is Python's own, and /proc; what is above the places is not.
    """
    own = ("usr/lib/shop", "etc/shop", "links")
    above = {each for each in names if set(each.split("/")) <= {"..", "."}}
    inside = {each for each in names if not each.startswith((*own, ".."))}
    os.write(1, "\n".join(sorted(above | inside)).encode())
