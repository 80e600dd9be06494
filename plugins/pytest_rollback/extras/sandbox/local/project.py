"""The compose project of one sandbox: its programs, its images, its containers, and their end.

All of it has the project's name as a label, and what has it is this sandbox's and nobody else's.
"""

from __future__ import annotations

import json
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pytest_rollback.errors import Unfinished, Unreachable
from pytest_rollback.extras.sandbox.common.layout import Layout
from pytest_rollback.extras.sandbox.machine.podman import engine
from pytest_rollback.text.quantities import count

WHO = "the sandbox of images"
FILE = "compose.yaml"
COMPOSE = "podman-compose"
LABEL = "rollback.sandbox"
"""What its images are known by."""

OF_PROJECT, SERVICE = "io.podman.compose.project", "com.docker.compose.service"
"""What podman-compose marks containers with."""

USUAL, MOST = 1 << 20, 10000
"""What podman lets a container have of files and processes, and what it gets where we have less."""

SETTINGS = """\
[containers]
default_ulimits = ["nofile={files}:{files}", "nproc={processes}:{processes}"]
"""
ENGINE = """\
#!/bin/sh
# The container engine of this sandbox, as this host can start containers.
{settings}exec {words} "$@"
"""
PYTHON = """\
#!/bin/sh
# The Python of this sandbox: what it starts finds the engine and the compose program beside it.
export PATH={bin}:"$PATH"
exec {python} "$@"
"""
UP, BUILD = 120.0, 120.0
"""Seconds for all containers to be made and started, and for an image."""


class ContainerLook(NamedTuple):
    """One container: its state in the engine's words, and how often its policy restarted it."""

    status: str
    restarts: int

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> ContainerLook:
        """Return what `inspect` says of one."""
        return cls(str(found["State"]["Status"]), int(found["RestartCount"]))

    @property
    def stays(self) -> bool:
        """Whether it runs, and has since it was started."""
        return self.status == "running" and not self.restarts

    @property
    def words(self) -> str:
        """It for people: one that is restarted again and again runs most of the time."""
        return f"{self.status}, {count(self.restarts, 'restart')}" if self.restarts else self.status


@dataclass(frozen=True)
class SandboxProject:
    """The containers and images of a sandbox."""

    layout: Layout

    @property
    def name(self) -> str:
        """Return the project's name."""
        return self.layout.project

    @property
    def file(self) -> Path:
        """Return its compose file."""
        return self.layout.root / FILE

    def tag(self, release: str, more: str = "") -> str:
        """Return the name of the image of a release; of one with other files, by their digest."""
        return f"localhost/{self.name}/{'-'.join(filter(None, ('village', more)))}:{release}"

    def install(self) -> None:
        """Write the programs by which the engine is reached, from here and by a rollback.

        Raises:
            Unreachable: there is no container engine, or no compose program.
        """
        program, *options = engine(WHO)
        beside = Path(sys.executable).parent / COMPOSE
        compose = beside if beside.exists() else shutil.which(COMPOSE)
        if compose is None:
            raise Unreachable(
                f"{WHO} needs {COMPOSE}, which is not installed",
                hint=f"{shlex.quote(sys.executable)} -m pip install {COMPOSE}",
            )
        place = self.layout.bin
        place.mkdir(mode=0o755)
        (place / COMPOSE).symlink_to(compose)
        words = shlex.join([str(shutil.which(program)), *options])
        quoted, python = shlex.quote(str(place)), shlex.quote(sys.executable)
        _written(place / "podman", ENGINE.format(settings=self._settings(), words=words))
        _written(place / "python", PYTHON.format(bin=quoted, python=python))

    def _settings(self) -> str:
        """Return what has the engine give containers no more than this host lets us have."""
        limits = {
            "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            "processes": resource.getrlimit(resource.RLIMIT_NPROC)[1],
        }
        if all(limit in (resource.RLIM_INFINITY, USUAL) for limit in limits.values()):
            return ""
        path = self.layout.bin / "containers.conf"
        fit = {name: min(limit, MOST) if limit > 0 else MOST for name, limit in limits.items()}
        path.write_text(SETTINGS.format(**fit), encoding="utf-8")
        return f"export CONTAINERS_CONF={shlex.quote(str(path))}\n"

    def run(self, program: str, *words: str, timeout: float = 60.0) -> str:
        """Run one of the programs, and return what it said.

        Raises:
            Unfinished: it failed or took too long; in its own words.
        """
        argv, hint = [str(self.layout.bin / program), *words], f"{self.layout.bin}/podman ps --all"
        path = f"{self.layout.bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        try:
            done = subprocess.run(
                argv,
                cwd=self.layout.directory,
                env={"PATH": path, "HOME": str(Path.home()), "LC_ALL": "C.UTF-8"},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unfinished(
                f"{program} {words[0]} did not finish within {timeout:.0f} s", hint=hint
            ) from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-800:]
            raise Unfinished(f"{program} {' '.join(words[:3])} failed: {said}", hint=hint)
        return done.stdout

    def podman(self, *words: str, timeout: float = 60.0) -> str:
        """Run the engine."""
        return self.run("podman", *words, timeout=timeout)

    def build(self, tag: str, base: str, containerfile: str, folder: Path | None = None) -> None:
        """Build an image on a base, in one layer, from the files of a folder."""
        with tempfile.TemporaryDirectory(prefix="rollback-build-") as place:
            file, context = Path(place) / "Containerfile", Path(place) / "context"
            file.write_text(containerfile, encoding="utf-8")
            context.mkdir()
            self.podman(
                *("build", "--quiet", "--isolation=chroot", "--network=host", "--force-rm"),
                *("--layers=false", "--pull=never", "--label", f"{LABEL}={self.name}"),
                *("--build-arg", f"BASE={base}", "--tag", tag, "--file", str(file)),
                str(folder or context),
                timeout=BUILD,
            )

    def up(self) -> None:
        """Make all containers from the compose file as it is now, and start them."""
        words = ("--file", str(self.file), "up", "--detach", "--no-build")
        self.run(COMPOSE, *words, timeout=UP)

    def _mine(self) -> list[str]:
        """Return the ids of the containers of the project, running or not."""
        return self._ids("ps", "--all", "--filter", f"label={OF_PROJECT}={self.name}")

    def _ids(self, *words: str) -> list[str]:
        """Return the ids that the engine lists, newest first."""
        return list(dict.fromkeys(self.podman(*words, "--quiet", "--no-trunc").split()))

    def looks(self) -> dict[str, ContainerLook]:
        """Return how the container of each service is."""
        mine = self._mine()
        found = json.loads(self.podman("inspect", *mine)) if mine else []
        return {each["Config"]["Labels"][SERVICE]: ContainerLook.read(each) for each in found}

    def remove(self) -> None:
        """End and remove its containers at once."""
        mine = self._mine()
        if mine:
            self.podman("rm", "--force", "--ignore", "--time", "2", *mine)

    def forget(self) -> None:
        """Remove its containers, its pod and its images; does nothing where there are none."""
        if not (self.layout.bin / "podman").exists():
            return
        self.remove()
        self.podman("pod", "rm", "--force", "--ignore", f"pod_{self.name}")
        images = self._ids("images", "--all", "--filter", f"label={LABEL}={self.name}")
        if images:
            self.podman("rmi", "--force", *images)


def _written(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
