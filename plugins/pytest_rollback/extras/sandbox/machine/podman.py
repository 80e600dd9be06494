"""podman, which runs machines: whether it is installed, and the commands for one container."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.errors import Unfinished, Unreachable

ENABLE = "apt-get install podman runc containernetworking-plugins debootstrap"
"""The command that brings a container engine to where there is none."""

LABEL = "rollback.machine"
"""What the images that are kept of a container are known by."""

INIT = (
    "--systemd=always",
    *("--ulimit", "nofile=20000:20000"),
    *("--ulimit", "nproc=10000:10000"),
    "--cap-add=SYS_PTRACE",
)
"""Options of podman that let an init system run as the first process; its root sees what the root
of a host sees, which program a process of another account runs and which sockets it holds."""


def engine(who: str = "the machine sandbox") -> list[str]:
    """Return the beginning of every podman command, for who needs it.

    Raises:
        Unreachable: there is no container engine here.
    """
    if not shutil.which("podman"):
        raise Unreachable(f"{who} needs podman, which is not installed", hint=ENABLE)
    # the usual crun does not start an init where control groups are mixed of both versions
    return ["podman", *(("--runtime", "runc") if shutil.which("runc") else ())]


SYSTEM = ("/usr", "/bin", "/lib", "/lib64")
"""Folders of this host that /bin/true needs inside a container."""


def usable() -> None:
    """Start /bin/true in a container with the options of a machine; takes about a second.

    Raises:
        Unreachable: there is no container engine here, or it starts nothing; in its own words.
    """
    there = (path for path in SYSTEM if Path(path).is_dir())
    shown = [f"--volume={path}:{path}:ro" for path in there]
    with tempfile.TemporaryDirectory(prefix="rollback-engine-") as root:
        asked = ("--rm", *INIT, "--publish=127.0.0.1::22", *shown, "--rootfs", root, "/bin/true")
        try:
            podman("run", *asked)
        except Unfinished as error:
            raise Unreachable(
                f"podman cannot start a container: {error.message}",
                hint=f"as root, on a host that may start containers: {ENABLE}",
            ) from error


def podman(*arguments: str, data: bytes = b"", timeout: float = 60.0) -> bytes:
    """Run podman and return its output.

    Raises:
        Unreachable: there is no container engine here.
        Unfinished: it failed, in its own words, or took too long.
    """
    words = [*engine(), *arguments]
    try:
        done = subprocess.run(words, input=data, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unfinished(
            f"podman {arguments[0]} did not finish within {timeout:.0f} s", hint="podman ps --all"
        ) from error
    if done.returncode:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise Unfinished(
            f"podman {' '.join(arguments[:3])} failed: {said[-800:]}", hint="podman ps --all"
        )
    return done.stdout


def exists(kind: str, name: str) -> bool:
    """Return whether there is an image or a container of this name."""
    words = [*engine(), kind, "exists", name]
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0


@dataclass(frozen=True)
class Container:
    """One container, by its name."""

    name: str

    @property
    def snapshot(self) -> str:
        """Return the name of the image that it is put back to."""
        return f"localhost/{self.name}:kept"

    def start(self, image: str, *options: str) -> None:
        """Start it, detached, with an init."""
        podman("run", "--detach", "--name", self.name, *INIT, *options, image)

    def run(self, *argv: str, data: bytes = b"", timeout: float = 60.0, user: str = "root") -> str:
        """Run a command inside and return its output as text."""
        words = ("exec", "--interactive", "--user", user, "--workdir", "/", self.name, *argv)
        return podman(*words, data=data, timeout=timeout).decode("utf-8", "replace")

    def read(self, *argv: str) -> bytes:
        """Run a command inside and return its output as bytes."""
        return podman("exec", "--workdir", "/", self.name, *argv)

    @property
    def running(self) -> bool:
        """Whether it runs."""
        with contextlib.suppress(Unfinished):
            said = podman("container", "inspect", "--format", "{{.State.Running}}", self.name)
            return said.strip() == b"true"
        return False

    def keep(self) -> None:
        """Keep how its file system is now, and forget what was kept before."""
        label = f"LABEL {LABEL}={self.name}"
        podman("commit", "--quiet", "--change", label, self.name, self.snapshot)
        self._drop(self._kept[1:])

    @property
    def _kept(self) -> list[str]:
        """The images that were kept of it, newest first."""
        mine = ("--filter", f"label={LABEL}={self.name}", "--sort", "created")
        return list(dict.fromkeys(podman("images", "--quiet", "--all", *mine).decode().split()))

    def _drop(self, images: list[str]) -> None:
        """Remove images; one that the container still runs on stays until it ends."""
        for image in images:
            with contextlib.suppress(Unfinished):
                podman("rmi", image)

    def end(self) -> None:
        """End it at once, if it exists."""
        podman("rm", "--force", "--ignore", "--time", "0", self.name)

    def forget(self) -> None:
        """Remove it and its snapshots, if they exist."""
        self.end()
        self._drop(self._kept)
