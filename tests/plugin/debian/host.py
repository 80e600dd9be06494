"""A Debian of its own for a test: this host's, behind overlays that are gone with one process.

dpkg, apt and their databases are real. What is installed and removed lies in a mount namespace of
the test's own, in memory; the host below is never written to. Of its `/tmp` nothing is seen there
but what the test names: maintainer scripts run as root, and so does all that they start.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LAID = ("etc", "usr", "var", "opt", "srv")
"""Directories over which an overlay lies."""

SEEN = Path(__file__).parents[3]
"""The repository, whose commands are run there."""

INSIDE = """
import json, os, subprocess, time, sys
upper, base, laid, seen = json.loads(sys.argv[1])
def mount(*words): subprocess.run(["mount", *words], check=True)
mount("-t", "tmpfs", "none", upper)
mount("-t", "tmpfs", "-o", "mode=755", "none", "/run")
for name in (each for each in laid if os.path.isdir("/" + each)):
    up, work = (f"{upper}/{name}/{each}" for each in ("up", "work"))
    os.makedirs(up); os.makedirs(work)
    below = f"{base}/{name}:/{name}" if base else f"/{name}"
    options = f"lowerdir={below},upperdir={up},workdir={work}"
    mount("-t", "overlay", "overlay", "-o", options, "/" + name)
inside = [each for each in seen if each.startswith("/tmp/")]
for number, path in enumerate(inside):
    os.makedirs(f"/run/seen/{number}")
    mount("--rbind", path, f"/run/seen/{number}")
mount("-t", "tmpfs", "-o", "mode=1777", "none", "/tmp")
for number, path in enumerate(inside):
    os.makedirs(path)
    mount("--move", f"/run/seen/{number}", path)
print("ready", flush=True)
while True:
    time.sleep(3600)
"""
NEEDED = ("dpkg", "dpkg-deb", "dpkg-query", "apt-get", "unshare", "nsenter", "mount")

SPACES = (("mount", "mnt"), ("pid", "pid"))
"""The namespaces that a command enters: the option of nsenter, and the kernel's name."""


def lacking() -> str:
    """Return why this machine cannot have such a host, "" where it can."""
    if os.geteuid():
        return "only root mounts overlays"
    missing = [name for name in NEEDED if not shutil.which(name)]
    return f"there is no {', '.join(missing)}" if missing else ""


class DebianHost:
    """The host, up as long as its first process lives.

    Args:
        home: a directory of the test's own, which both sides see.
        base: what `freeze` has written of another host, to begin with.
    """

    def __init__(self, home: Path, base: Path | None = None) -> None:
        self.upper = home / "upper"
        self.upper.mkdir()
        about = [str(self.upper), str(base or ""), LAID, [str(home), str(SEEN)]]
        self.outer = subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *("--propagation", "slave", "--", sys.executable, "-c", INSIDE, json.dumps(about)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.outer.stdout is not None
        assert self.outer.stdout.readline() == "ready\n"
        children = f"/proc/{self.outer.pid}/task/{self.outer.pid}/children"
        self.pid = int(Path(children).read_text().split()[0])

    @property
    def door(self) -> tuple[str, ...]:
        """The words before a command that runs on it."""
        spaces = (f"--{kind}=/proc/{self.pid}/ns/{name}" for kind, name in SPACES)
        return ("nsenter", *spaces, f"--wd={SEEN}", "--")

    @property
    def around(self) -> dict[str, str]:
        """The environment of a command that runs on it."""
        return {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "TMPDIR": "/tmp"}  # noqa: S108

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command on it."""
        done = subprocess.run(
            [*self.door, *words], capture_output=True, text=True, check=False, env=self.around
        )
        assert not check or done.returncode == 0, (words, done.stdout, done.stderr)
        return done

    def begun(self, *words: str) -> subprocess.Popen[bytes]:
        """Begin a command on it."""
        quiet = subprocess.DEVNULL
        return subprocess.Popen(
            [*self.door, *words], stdout=quiet, stderr=quiet, stdin=quiet, env=self.around
        )

    def processes(self) -> Iterator[tuple[str, str]]:
        """Yield the processes on it but for the first: number there, and command line."""
        for path in self.path("/proc").glob("[0-9]*"):
            if path.name != "1":
                words = (path / "cmdline").read_bytes().split(b"\0")
                yield path.name, b" ".join(words).decode()

    def freeze(self, place: Path) -> Path:
        """Write what was changed on it to a directory, from which other hosts begin."""
        place.mkdir()
        for name in LAID:
            self.run("cp", "-a", f"{self.upper}/{name}/up", str(place / name))
        return place

    def path(self, path: str) -> Path:
        """Return where a file of it is seen from here."""
        return Path(f"/proc/{self.pid}/root{path}")

    def down(self) -> None:
        """End it with all that runs there."""
        os.kill(self.pid, signal.SIGKILL)
        self.outer.wait(20)
        until = time.monotonic() + 10
        while Path(f"/proc/{self.pid}").exists() and time.monotonic() < until:
            time.sleep(0.02)
