"""A small deployed system on disk: the previous release saved, the current one live.

It holds what a restore has to carry: owners, modes, times, an ACL, attributes, a capability, a name
that is no text, a file the deploy deleted, files and directories it added, stale bytecode, a secret
and an installed unit file. `previous` and `deployed` are what an end and an undo have to give.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_rollback.agent import main
from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.messages.backup import SaveRequest
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.system.processes import here
from tests.unit.support.deployed import saving

Facts = tuple[object, ...]
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
COMPONENTS = [
    {"name": "app", "patterns": ["app/**"]},
    {"name": "mesh", "patterns": ["mesh/**"]},
]
SYSTEMCTL = """#!/bin/sh
case "$1" in
show) printf 'Id=app.service\\nLoadState=loaded\\nActiveState=inactive\\nNeedDaemonReload=no\\n' ;;
esac
"""
NOBODY = 65534


class Scene:
    """A system below `home`. `many` adds so many more files, each a few bytes.

    `way` is how names change hands: by "exchange", by "rename", or whatever the host can.
    """

    def __init__(self, home: Path, *, many: int = 0, way: str | None = None) -> None:
        self.home, self.root, self.state = home, home / "srv", home / "var" / "state"
        self.units, self.suffix, self.way = home / "units", SUFFIX, way
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
        for path, text in self.files.items():
            self.put(path, text)
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
        about = {"suffix": self.suffix, "system": "scene", "added": list(ADDED), **releases}
        usual = {"root": self.root, "state": self.state, "files": self.files, **about}
        return saving(**{**usual, **different})

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
            self.put(path, self.current(path), 0o755)
            attribute(self.root / path, "user.from", b"current")
        for path in ADDED:
            self.put(path, f"added {path}\n")
        cache = self.put(CACHE, "\0" * 16 + "stale")
        os.utime(cache, (1, 1))
        installed = self.units / "app.service"
        installed.write_text(self.current("units/app.service"))
        installed.chmod(0o640)
        (self.home / "bin").mkdir()
        fake = self.home / "bin" / "systemctl"
        fake.write_text(SYSTEMCTL)
        fake.chmod(0o755)

    def current(self, path: str) -> str:
        """Return the bytes that the deploy gave a file."""
        return self.files[path].replace("previous", "broken, current")

    def place(self) -> dict[str, Any]:
        """Return what every question states."""
        return {"root": str(self.root), "state": str(self.state), "suffix": self.suffix}

    def question(self, noun: str, verb: str, run: str = "r1", **more: object) -> dict[str, Any]:
        """Return one question about a run."""
        conf = {"configuration": ["conf/app.env", "units"], "components": COMPONENTS, "only": []}
        return {"noun": noun, "verb": verb, "run": run, **self.place(), **conf, **more}

    def everything(self) -> Tree:
        """Return all below the root and the units' directory: kind, bytes and metadata of each."""
        return {
            os.fsencode(path.relative_to(self.home)).decode("latin-1"): facts(path)
            for place in (self.root, self.units)
            for path in sorted(place.rglob("*"))
        }

    def contents(self) -> set[bytes]:
        """Return the bytes of every file anywhere below the home, evidence included."""
        return {path.read_bytes() for path in self.home.rglob("*") if is_file(path)}


def is_file(path: Path) -> bool:
    """Tell whether it is a regular file itself."""
    return stat.S_ISREG(path.lstat().st_mode)


def facts(path: Path) -> Facts:
    """Return what a path is: its kind, owner, mode; of a file all but its inode and atime."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        return ("link", path.readlink())
    head = (found.st_mode, found.st_uid, found.st_gid)
    if not stat.S_ISREG(found.st_mode):
        return head
    named = tuple((name, os.getxattr(path, name)) for name in sorted(os.listxattr(path)))
    return (*head, found.st_mtime_ns, named, path.read_bytes())


def attribute(path: Path, name: str, value: bytes) -> None:
    """Set an extended attribute."""
    os.setxattr(path, name, value)


def acl(uid: int) -> bytes:
    """Return an ACL that lets one more user read, as the kernel keeps it."""
    entries = ((1, 6, -1), (2, 4, uid), (4, 4, -1), (16, 4, -1), (32, 0, -1))
    packed = (struct.pack("<HHi", tag, perm, who) for tag, perm, who in entries)
    return struct.pack("<I", 2) + b"".join(packed)


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


def asked(question: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """Return the agent's answer, asked in this process: a problem is raised, and so is a bug."""
    answer = main.answer(question)
    if "bug" in answer:
        raise AssertionError(answer["bug"])
    if "problem" in answer:
        raise Refused(answer["problem"])
    return answer["value"]


def lease(scene: Scene, run: str, pid: int) -> dict[str, Any]:
    """Return the question that takes the host for a run."""
    held = {"by": "the tests", "pid": pid, "pid_started": 0.0, **here()._asdict()}
    return scene.question("runs", "begin", run, target="here", **held)


UNIT_FILES = {"manager": "systemd", "socket": None, "source": "units", "units": ["app.service"]}
STEPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "guard": ("guard", "on", UNIT_FILES),
    "files": ("restore", "apply", {"part": "files"}),
    "added": ("added", "remove", {}),
    "configuration": ("restore", "apply", {"part": "configuration"}),
    "units": ("unitfiles", "install", UNIT_FILES),
    "caches": ("caches", "clear", {}),
    "separate": ("shared", "part", {}),
    "unguard": ("guard", "off", UNIT_FILES),
    "close": ("copies", "close", {}),
}
"""The changes of a rollback, in the gate's order."""

LEFT: dict[str, tuple[str, ...]] = {
    "files": ("paths",),
    "added": ("paths", "directories"),
    "configuration": ("paths",),
    "units": ("differ", "reload"),
    "caches": ("stale", "directories"),
    "separate": ("shared",),
    "unguard": ("left",),
    "close": ("copies", "preserved"),
}
"""Which parts of an answer to `look` say that something is left to do."""


def change(scene: Scene, step: str, run: str = "r1") -> dict[str, Any] | None:
    """Look, and return the question that is the change; None when there is nothing to do."""
    noun, verb, more = STEPS[step]
    if "units" in more:
        more = {**more, "directory": str(scene.units)}
    if noun == "restore":
        more = {**more, "way": scene.way}
    found = asked(scene.question(noun, "look", run, **more))
    if step == "guard":
        pending = any(change(scene, each, run) for each in ("files", "added", "configuration"))
        wanted = pending and not found["on"]
    else:
        wanted = any(found[key] for key in LEFT[step])
    if not wanted:
        return None
    return scene.question(noun, verb, run, **more, digest=found.get("digest", ""))


def roll_back(scene: Scene, run: str = "r1", steps: Iterator[str] | None = None) -> None:
    """Do what the gate does: each step looked at, done, and looked at again."""
    for step in steps or iter(STEPS):
        wanted = change(scene, step, run)
        if wanted is None:
            continue
        asked(wanted)
        left = change(scene, step, run)
        assert left is None, f"{step} is still needed after it was done"


def undo(scene: Scene, run: str = "r1") -> None:
    """Undo a run."""
    asked(scene.question("restore", "undo", run))
