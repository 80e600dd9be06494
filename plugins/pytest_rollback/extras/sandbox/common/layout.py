"""Where everything of one sandbox lies: one directory, and the names that stand for its parts."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.errors import Unreachable, UsageError
from pytest_rollback.extras.sandbox.common.processes import Identity, alive

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 100
"""Characters that the path of a unix socket may have on every system."""

SOCKET = "database/socket/.s.PGSQL.65535"
PREFIX = "rollback-sandbox-"


@dataclass(frozen=True)
class Layout:
    """The paths below the directory of a sandbox."""

    directory: Path

    @property
    def root(self) -> Path:
        """Return where releases are deployed."""
        return self.directory / "root"

    @property
    def state(self) -> Path:
        """Return the state directory: backup record, journal, evidence."""
        return self.directory / "state"

    @property
    def logs(self) -> Path:
        """Return where every process writes its log file."""
        return self.directory / "logs"

    @property
    def units(self) -> Path:
        """Return where unit files are installed."""
        return self.directory / "conf.d"

    @property
    def www(self) -> Path:
        """Return where the maintenance page goes."""
        return self.directory / "www"

    @property
    def edge(self) -> Path:
        """Return the edge proxy's own directory."""
        return self.directory / "edge"

    @property
    def database(self) -> Path:
        """Return the database server's own directory."""
        return self.directory / "database"

    @property
    def dumps(self) -> Path:
        """Return where database dumps go."""
        return self.directory / "backups"

    @property
    def pristine(self) -> Path:
        """Return what the last healthy state is kept in."""
        return self.directory / "pristine"

    @property
    def socket(self) -> Path:
        """Return the service manager's socket."""
        return self.directory / "manager.sock"

    @property
    def note(self) -> Path:
        """Return the file in which a sandbox remembers what it is."""
        return self.directory / "sandbox.json"

    @property
    def manifest(self) -> Path:
        """Return the sandbox's own `rollback.toml`."""
        return self.directory / "rollback.toml"

    @property
    def releases(self) -> Path:
        """Return where the files of each release lie of which an image is built."""
        return self.directory / "releases"

    @property
    def bin(self) -> Path:
        """Return where programs lie that find the container engine of the sandbox."""
        return self.directory / "bin"

    @property
    def project(self) -> str:
        """Return the name of its compose project, by which its containers and images are known."""
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()
        return f"rollback-sandbox-{digest[:8]}"

    def create(self) -> None:
        """Make the directories; a database server of another user can pass through them."""
        self.directory.chmod(0o711)
        self.state.mkdir(mode=0o700)
        for place in (self.root, self.logs, self.units, self.www, self.edge, self.dumps):
            place.mkdir(mode=0o755)
        self.database.mkdir(mode=0o711)
        self.pristine.mkdir(mode=0o700)


def words(layout: Layout, ports: dict[str, int], tools: Path) -> dict[str, str | int]:
    """Return what the placeholders of a sandbox stand for."""
    return {
        "dir": str(layout.directory),
        "root": str(layout.root),
        "state": str(layout.state),
        "logs": str(layout.logs),
        "units": str(layout.units),
        "www": str(layout.www),
        "dumps": str(layout.dumps),
        "socket": str(layout.socket),
        "bin": str(layout.bin),
        "project": layout.project,
        "python": sys.executable,
        "user": getpass.getuser(),
        "pg.address": "127.0.0.1",
        "pg.socket": str(layout.database / "socket"),
        "pg.port": ports["database"],
        "pg.tools": str(tools),
        **{f"port.{name}": port for name, port in ports.items()},
    }


def place(directory: Path | None, prefix: str = PREFIX) -> Path:
    """Return an empty directory of our own, with a path short enough for unix sockets.

    Raises:
        UsageError: the given one is in use, or its path is too long.
    """
    if directory is None:
        return _temporary(prefix)
    directory = directory.absolute()
    if len(str(directory / SOCKET)) > LONGEST:
        raise UsageError(
            f"the path {directory} is too long for the unix sockets below it",
            hint=f"choose one of at most {LONGEST - len(SOCKET) - 1} characters, such as /tmp/s",
        )
    if directory.exists() and any(directory.iterdir()):
        raise UsageError(
            f"{directory} is not empty",
            hint=f"rollback sandbox down --dir {directory}, or choose another directory",
        )
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.geteuid():
        raise UsageError(
            f"{directory} belongs to another user", hint="choose another directory, such as /tmp/s"
        )
    return directory


def _temporary(prefix: str) -> Path:
    """Return a new temporary directory; in /tmp where the usual place has a long path."""
    usual = tempfile.gettempdir()
    fits = len(os.path.join(usual, f"{prefix}12345678", SOCKET)) <= LONGEST  # noqa: PTH118 - length
    return Path(tempfile.mkdtemp(prefix=prefix, dir=usual if fits else "/tmp"))  # noqa: S108 - ditto


@dataclass(frozen=True)
class SandboxNote:
    """One sandbox: what it is made of, its ports, its manager, and who started it.

    `creator` is None for a sandbox that is meant to outlive the process that started it.
    """

    folder: str
    token: str
    ports: dict[str, int]
    manager: Identity | None = None
    creator: Identity | None = None
    strategy: str = "backups"

    def write(self, layout: Layout) -> None:
        """Keep the note in the sandbox's directory, whole or not at all, private."""
        fresh = layout.note.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        fresh.replace(layout.note)

    @classmethod
    def read(cls, layout: Layout) -> SandboxNote:
        """Return the note in a directory.

        Raises:
            Unreachable: there is none that can be used, or another user wrote it.
        """
        try:
            if layout.note.stat().st_uid != os.geteuid():
                raise Unreachable(
                    f"the sandbox in {layout.directory} belongs to another user",
                    hint="start your own in another directory: rollback sandbox up --dir DIRECTORY",
                )
            found = json.loads(layout.note.read_text(encoding="utf-8"))
            who = {key: Identity(*found[key]) for key in ("manager", "creator") if found[key]}
            strategy = found.get("strategy", "backups")
            return cls(found["folder"], found["token"], found["ports"], **who, strategy=strategy)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise Unreachable(
                f"there is no sandbox in {layout.directory}", hint="rollback sandbox up"
            ) from error


def abandoned(prefix: str = PREFIX) -> Iterator[Path]:
    """Yield the temporary sandboxes of ours whose creators ended without taking them down."""
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        layout = Layout(path)
        try:
            creator = SandboxNote.read(layout).creator
        except Unreachable:
            continue
        if creator and not alive(creator):
            yield path
