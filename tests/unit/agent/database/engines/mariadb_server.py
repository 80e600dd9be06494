"""A real MariaDB of a test's own: never as root, on a socket alone, with small buffers."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec"
ACCOUNTS = ("mysql", "nobody")
SMALL = ("--innodb-buffer-pool-size=16M", "--innodb-log-file-size=4M")
QUICK = ("--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--sync-frm=0")
PATIENCE = 60.0


def program(*names: str) -> str:
    """Return where a program is; the test is not run where it is not."""
    found = next((each for name in names if (each := shutil.which(name, path=PLACES))), None)
    if found is None:
        pytest.skip(f"not run: no {names[0]}; apt-get install mariadb-server")
    return found


def account() -> str:
    """Return who the server runs as when we are root; empty when it is simply us."""
    if os.geteuid():
        return ""
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ACCOUNTS if name in known)


def demoted() -> dict[str, Any]:
    """Return what makes a child process the server's account."""
    if not account():
        return {}
    entry = pwd.getpwnam(account())
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class MariadbServerOfTests:
    """A server with a superuser `root`, without passwords."""

    def __init__(self, place: Path) -> None:
        self.place, self.socket = place, place / "s"

    def client(self, *words: str, text: str = "", user: str = "root") -> str:
        """Run statements as a user; return what they say."""
        argv = [program("mariadb", "mysql"), "--no-defaults", f"--socket={self.socket}"]
        plain = ["--batch", "--raw", "--skip-column-names", "--default-character-set=utf8mb4"]
        done = subprocess.run(
            [*argv, f"--user={user}", *plain, *words],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip("\n")

    def dump(self, path: Path, name: str, *words: str, user: str = "root") -> None:
        """Make a dump of a database, as people do."""
        argv = [program("mariadb-dump", "mysqldump"), "--no-defaults", f"--socket={self.socket}"]
        with path.open("wb") as file:
            file_words = [*argv, f"--user={user}", "--single-transaction", *words, name]
            subprocess.run(file_words, stdout=file, check=True)
        path.chmod(0o600)


@contextlib.contextmanager
def running() -> Iterator[MariadbServerOfTests]:
    """Yield a server; all of it is gone afterwards."""
    maker, daemon = program("mariadb-install-db"), program("mariadbd", "mysqld")
    place = Path(tempfile.mkdtemp(prefix="maria-"))
    if account():
        shutil.chown(place, account())
    place.chmod(0o755)
    data = f"--datadir={place}/data"
    making = [maker, "--no-defaults", data, "--auth-root-authentication-method=normal"]
    words = ["--skip-test-db", "--skip-name-resolve", f"--tmpdir={place}", *SMALL]
    subprocess.run([*making, *words], check=True, capture_output=True, cwd=place, **demoted())
    own = [
        f"--socket={place}/s",
        f"--pid-file={place}/pid",
        "--skip-networking",
        f"--tmpdir={place}",
    ]
    with (place / "log").open("wb") as log:
        server = subprocess.Popen(
            [daemon, "--no-defaults", data, *own, *SMALL, *QUICK],
            cwd=place,
            stdout=log,
            stderr=log,
            **demoted(),
        )
    try:
        found = MariadbServerOfTests(place)
        until = time.monotonic() + PATIENCE
        while not found.socket.exists():
            late = server.poll() is not None or time.monotonic() > until
            assert not late, (place / "log").read_text()
            time.sleep(0.05)
        yield found
    finally:
        server.kill()
        server.wait(20)
        shutil.rmtree(place)
