"""A small deployed system on disk: the previous release saved, the current one live.

It holds what a restore has to carry: owners, modes, times, an ACL, attributes, a capability, a name
that is no text, a file the deploy deleted, links that it changed, deleted, added, turned into files
and made of files, a file and a link that became directories, empty directories, what it added,
stale bytecode, a secret and an installed unit file. An end gives `previous`, an undo `deployed`.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import struct
import subprocess
from pathlib import Path
from typing import Any, TypeVar

from pytest_rollback.agent import main
from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.messages import restore
from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.location import (
    ComponentFiles,
    HolderProcess,
    Location,
    Release,
    Selection,
)
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.messages.rollback.start_guard import GuardRequest
from pytest_rollback.agent.messages.rollback.undo import UNDO, UndoRequest
from pytest_rollback.agent.messages.state import runs
from pytest_rollback.agent.messages.state.runs import BeginRequest, EndRequest
from pytest_rollback.agent.messages.unit_files import UnitFilesRequest
from pytest_rollback.agent.protocol import decode
from pytest_rollback.agent.system.processes import here
from pytest_rollback.transport.call import AnyCall, Call
from tests.faults.paths import (
    EMPTY,
    FOLDED,
    FRESH_FOLDERS,
    FRESH_LINKS,
    LINKED,
    LINKS,
    NOBODY,
    Facts,
    acl,
    attribute,
    content,
    facts,
    kind,
    link,
)
from tests.unit.support.deployed import saving

Tree = dict[str, Facts]

SUFFIX = ".backup"
SECRET = "TOKEN=previous-token-of-the-fault-tests\n"  # noqa: S105 - a planted one
FILES = {
    "app/serve.py": "def app():\n    return 'previous'\n",
    "app/\udcff $(x)\n": "previous, under a name that is no text\n",
    "app/gone.py": "previous, and the deploy deleted it\n",
    "mesh/serve.py": "PEERS = 'previous'\n",
    "conf/app.env": SECRET,
    "units/app.service": "[Service]\nExecStart=/bin/true previous\n",
}
ADDED = ("app/extra.py", "lib/new/deep/helper.py")
DELETED = ("app/gone.py",)
CACHE = "app/__pycache__/serve.cpython-311.pyc"
COMPONENTS = (ComponentFiles("app", ("app/**",)), ComponentFiles("mesh", ("mesh/**",)))
SELECTION = Selection(COMPONENTS, configuration=("conf/app.env", "units"))
SYSTEMCTL = """#!/bin/sh
case "$1" in
show) printf 'Id=app.service\\nLoadState=loaded\\nActiveState=inactive\\nNeedDaemonReload=no\\n' ;;
esac
"""
Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Scene:
    """A system below `home`. `many` adds so many more files, each a few bytes.

    `way` is how names change hands: "exchange", "rename", "" for what there is room for. With
    `alike` a deploy gives each file new metadata, and the bytes that it had.
    """

    keep = 0  # sets that the state directory has; 0 where backups lie beside their files

    def __init__(self, home: Path, *, many: int = 0, way: str = "", alike: bool = False) -> None:
        self.home, self.root, self.state = home, home / "srv", home / "var" / "state"
        self.units, self.suffix, self.way = home / "units", SUFFIX, way
        self.alike = alike
        more = {f"app/d{n % 4}/m{n}.py": f"previous {n}\n" for n in range(many)}
        self.files = {**FILES, **more}
        self.previous: Tree = {}
        self.deployed: Tree = {}

    def deploy(self) -> Scene:
        """Lay the previous release down, save it, and put the current one over it."""
        self.home.mkdir(parents=True)
        return self.deploy_here()

    def deploy_here(self) -> Scene:
        """Deploy into a home that is there already."""
        for folder in (self.root, self.units):
            folder.mkdir()
        more = {LINKED: "previous, and no link\n", FOLDED: "previous, and no directory\n"}
        for path, text in {**self.files, **more}.items():
            self.put(path, text)
        for path, mode in EMPTY.items():
            (self.root / path).mkdir(parents=True)
            (self.root / path).chmod(mode)
        for path, target in LINKS.items():
            link(self.root / path, target, NOBODY)
        (self.units / "app.service").write_text(FILES["units/app.service"])
        self._dress()
        self.previous = self.everything()
        self.save()
        self._overwrite()
        self.deployed = self.everything()
        return self

    def save(self, **different: object) -> None:
        """Have the backup set made."""
        backup_save.save(self.saving(**different))

    def saving(self, **different: object) -> SaveRequest:
        """Return the request to have the backup set made."""
        releases = {key: Release(key, None) for key in ("previous", "current")}
        added = [*ADDED, "lib/alias", *(f"{p}/{n}" for p, ns in FRESH_FOLDERS.items() for n in ns)]
        about = {"suffix": self.suffix, "system": "scene", "keep": self.keep, **releases}
        files = [*self.files, *LINKS, LINKED, FOLDED, *EMPTY]
        usual = {"root": self.root, "state": self.state, "files": files, "added": added}
        return saving(**{**usual, **about, **different})

    def put(self, path: str, text: str, mode: int = 0o644) -> Path:
        """Write one live file, with a time of its own."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        os.utime(file, ns=(10**18, 10**18 + len(text)))
        return file

    def _dress(self) -> None:
        """Give the previous release the metadata that is lost easily."""
        (self.root / "conf/app.env").chmod(0o600)
        attribute(self.root / "app/serve.py", "user.from", b"previous")
        if os.geteuid() != 0:
            return
        mesh = self.root / "mesh/serve.py"
        os.chown(mesh, NOBODY, NOBODY)
        mesh.chmod(0o640)
        attribute(mesh, "system.posix_acl_access", acl(1000))
        weird = self.root / "app/\udcff $(x)\n"
        attribute(weird, "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))

    def _overwrite(self) -> None:
        """Deploy the current release."""
        for path in self.files:
            if path in DELETED:
                (self.root / path).unlink()
                continue
            (self.root / path).unlink()
            self.put(path, self.current(path), 0o700 if path == "conf/app.env" else 0o755)
            attribute(self.root / path, "user.from", b"current")
        for path in ADDED:
            self.put(path, f"added {path}\n")
        for path in (*LINKS, LINKED, FOLDED):
            (self.root / path).unlink()
        for path, target in FRESH_LINKS.items():
            link(self.root / path, target, os.geteuid())
        self.put("mesh/turned", "a file in the current release\n")
        self._fold()
        cache = self.put(CACHE, "\0" * 16 + "stale")
        os.utime(cache, (1, 1))
        installed = self.units / "app.service"
        installed.write_text(self.current("units/app.service"))
        installed.chmod(0o640)
        (self.home / "bin").mkdir()
        fake = self.home / "bin" / "systemctl"
        fake.write_text(SYSTEMCTL)
        fake.chmod(0o755)

    def _fold(self) -> None:
        """Make directories of a file and a link, and change those that were empty."""
        for path, names in FRESH_FOLDERS.items():
            for name in names:
                self.put(f"{path}/{name}", f"added {path}/{name}\n")
            (self.root / path).chmod(0o751)
        for path in ("spool/gone", "spool/filed"):
            (self.root / path).rmdir()
        (self.root / "spool/dressed").chmod(0o755)
        self.put("spool/filed", "a file in the current release alone\n")

    def current(self, path: str) -> str:
        """Return the bytes that the deploy gave a file."""
        fresh = "previous" if self.alike else "broken, current"
        return self.files[path].replace("previous", fresh)

    def place(self) -> dict[str, Any]:
        """Return what a request to save states."""
        return {"root": str(self.root), "state": str(self.state), "suffix": self.suffix}

    def location(self, run: str = "r1") -> Location:
        """Return where it lies."""
        return Location(str(self.root), str(self.state), self.suffix, run)

    def request(self, part: str, run: str = "r1") -> restore.RestoreRequest:
        """Return a request about the restore of one part."""
        return restore.RestoreRequest(self.location(run), SELECTION, part, way=self.way)

    def around(self, run: str = "r1") -> FilesRequest:
        """Return a request about files around a restore."""
        return FilesRequest(self.location(run), SELECTION)

    def guard(self, run: str = "r1") -> GuardRequest:
        """Return a request about the start guard."""
        return GuardRequest(self.location(run), "systemd", None, str(self.units), UNITS)

    def installed(self, run: str = "r1") -> UnitFilesRequest:
        """Return a request about the unit files."""
        where = self.location(run)
        return UnitFilesRequest(where, "systemd", None, "units", str(self.units), UNITS)

    def everything(self) -> Tree:
        """Return all below the root and the units' directory: kind, bytes and metadata of each."""
        return {
            os.fsencode(path.relative_to(self.home)).decode("latin-1"): facts(path)
            for place in (self.root, self.units)
            for path in sorted(place.rglob("*"))
        }

    def contents(self) -> set[bytes]:
        """Return the bytes of every file and link anywhere below the home, evidence included."""
        return {content(path) for path in self.home.rglob("*") if not stat.S_ISDIR(kind(path))}


def clone(source: Path, target: Path) -> None:
    """Copy a home with all metadata and hard links; what was there is gone, but for mounts."""
    discard(target)
    target.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


def discard(path: Path) -> None:
    """Remove a tree if it is there."""
    shutil.rmtree(path, ignore_errors=True)


class Refused(Exception):
    """The agent answered with a problem: `kind` and `message`."""

    def __init__(self, problem: dict[str, str]) -> None:
        super().__init__(problem["message"])
        self.kind, self.message = problem["kind"], problem["message"]


def asked(call: Call[Request, Answer]) -> Answer:
    """Return the agent's answer, asked in this process: a problem is raised, and so is a bug.

    Request and answer are what they would be after they had travelled.
    """
    answer = main.answer(json.loads(json.dumps(call.asked())))
    if "bug" in answer:
        raise AssertionError(answer["bug"])
    if "problem" in answer:
        raise Refused(answer["problem"])
    if not isinstance(call.route.answer, type):
        found: Answer = answer["value"]
        return found
    return decode(call.route.answer, json.loads(json.dumps(answer["value"])))


def lease(scene: Scene, run: str, pid: int) -> AnyCall:
    """Return the call that takes the host for a run."""
    about = ("the tests", HolderProcess(*here(), pid, 0.0), "here", (), (), str(scene.root))
    return Call(runs.BEGIN, BeginRequest(str(scene.state), run, *about))


def ended(scene: Scene, run: str, outcome: str) -> AnyCall:
    """Return the call that lets go of the host."""
    return Call(runs.END, EndRequest(str(scene.state), run, outcome))


def taken_back(scene: Scene, run: str = "r1") -> AnyCall:
    """Return the call that undoes a run."""
    return Call(UNDO, UndoRequest(scene.location(run)))


UNITS = ("app.service",)


def undo(scene: Scene, run: str = "r1") -> None:
    """Undo a run."""
    asked(taken_back(scene, run))
