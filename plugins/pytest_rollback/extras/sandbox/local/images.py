"""A sandbox whose components are containers: each release an image, which a compose file names.

The edge and the database stay processes beside them. What a release keeps at the project's
directory is its compose file and its configuration; all its other files are in its image.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import ManifestError, Refused, Unfinished, UsageError
from pytest_rollback.extras.sandbox.common import deploy as deploys
from pytest_rollback.extras.sandbox.common import health
from pytest_rollback.extras.sandbox.common.recipe import text
from pytest_rollback.extras.sandbox.common.release import ReleaseFiles, listed
from pytest_rollback.extras.sandbox.common.site import COMPILE
from pytest_rollback.extras.sandbox.local.project import SandboxProject
from pytest_rollback.extras.sandbox.local.site import OWN, SETTLED, LocalSite
from pytest_rollback.extras.sandbox.machine.image import Image
from pytest_rollback.manifest.probes import Probe

NAMED = re.compile(r"^ +image: \S+:(\S+)$", re.MULTILINE)
"""The tag of the image in a compose file, which is the name of its release."""

STARTS = re.compile(r"^ExecStart=(.+)$", re.MULTILINE)
UNITS = "config/systemd"
BAD = ".bad"
"""The tree of the image of a scenario, beside those of releases."""

TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
PATIENCE = 60.0
"""Seconds for a container to be healthy."""


@dataclass(frozen=True)
class ImagesSite(LocalSite):
    """The parts of one sandbox: containers of a compose project, and two processes beside them."""

    @cached_property
    def project(self) -> SandboxProject:
        """Return the compose project."""
        return SandboxProject(self.layout)

    @property
    def outside(self) -> tuple[str, ...]:
        """Return the files of a release that are in no image: those of its configuration."""
        return self.system.configuration.files

    def release(self) -> str:
        """Return the name of the release that the compose file names."""
        file = self.project.file
        found = NAMED.search(file.read_text(encoding="utf-8")) if file.is_file() else None
        return found[1] if found else ""

    def write(self) -> None:
        """Write the programs of the engine as well."""
        self.project.install()
        self.layout.releases.mkdir(mode=0o755)
        super().write()

    def begin(self, first: ReleaseFiles) -> None:
        """Build the image of the first release, and write its compose file."""
        self.install(first, "")
        first.install(self.layout.root, [each for each in first.files if each in self.outside])
        self.name(self.project.tag(first.name), self.layout.releases / first.name)

    def install(self, release: ReleaseFiles, over: str) -> None:
        """Build the image of a release: the files of another one, and its own over those.

        Raises:
            UsageError: no image can have the name of the release.
        """
        if not TAG.fullmatch(release.name):
            raise UsageError(
                f"a release of images cannot be called {release.name!r}",
                hint=f"write letters, digits, '.', '_' and '-' into {self.recipe.table.version}",
            )
        tree = self.tree(release.name, over, release)
        self.build(self.project.tag(release.name), tree)

    def tree(self, name: str, over: str, release: ReleaseFiles) -> Path:
        """Return all files of an image: those of a release that is there, and another over them."""
        place = self.layout.releases / name
        shutil.rmtree(place, ignore_errors=True)
        if over:
            shutil.copytree(self.layout.releases / over, place)
        release.install(place, [each for each in release.files if each not in self.outside])
        return place

    def build(self, tag: str, tree: Path) -> None:
        """Build an image of a tree."""
        base = Image(self.recipe.folder).built(print)
        file = self.recipe.path("containerfile").read_text(encoding="utf-8")
        self.project.build(tag, base, file, tree)

    def name(self, image: str, tree: Path) -> None:
        """Write the compose file: an image, and what the unit files of its release start."""
        commands = {
            f"command.{each.name}": json.dumps(self.starts(tree, each.unit))
            for each in self.components
        }
        template = self.recipe.path("compose").read_text(encoding="utf-8")
        filled = text(template, {**self.words, **commands, "image": image})
        fresh = self.project.file.with_suffix(".new")
        fresh.write_text(filled, encoding="utf-8")
        fresh.replace(self.project.file)

    @staticmethod
    def starts(tree: Path, unit: str) -> list[str]:
        """Return the command of a unit file of a release.

        Raises:
            ManifestError: it has none.
        """
        path = tree / UNITS / f"{unit}.service"
        found = STARTS.search(path.read_text(encoding="utf-8")) if path.is_file() else None
        if found is None:
            raise ManifestError(
                f"{path} has no ExecStart", hint=f"add {UNITS}/{unit}.service to the release"
            )
        return shlex.split(found[1])

    def deploy(self, source: Path) -> str:
        """Build the image of a release, save the live one, and switch; return its name.

        Raises:
            Refused: it is deployed already, or cannot be recorded.
            Unfinished: it does not become healthy.
        """
        release, name = deploys.staged(self, source), self.release()
        if release.name == name:
            raise Refused(
                f"release {name} is deployed already",
                hint="rollback sandbox reset, or give the folder of another release",
            )
        changed, added = (
            [each for each in names if each in self.outside]
            for names in release.difference(self.layout.root)
        )
        self.dump()
        self.install(release, name)
        self.save(
            deploys.backups(
                self.system, changed, added, Release(name, None), Release(release.name, None)
            )
        )
        self.stop()
        release.install(self.layout.root, changed + added)
        self.name(self.project.tag(release.name), self.layout.releases / release.name)
        shutil.rmtree(release.folder)
        self.start_healthy()
        return release.name

    def put(self, folder: Path, names: Iterable[str]) -> None:
        """Bring files: those of the configuration to the root, all others in an image of their own.

        The tag of that image is the name of the release that is live, as it is that release still.
        """
        files, live = tuple(names), self.release()
        super().put(folder, [each for each in files if each in self.outside])
        if set(files) - set(self.outside):
            tree = self.tree(BAD, live, ReleaseFiles(BAD, folder, files))
            image = self.project.tag(live, digest(tree))
            self.build(image, tree)
            self.name(image, tree)

    def compile(self, source: str) -> None:
        """Write bytecode of a source into the image that Python uses without a comparison."""
        tree = self.layout.releases / BAD
        image = self.project.tag(self.release(), digest(tree))
        python = self.starts(tree, self.components[0].unit)[0]
        words = json.dumps([python, "-c", COMPILE, source])
        self.project.build(image, image, f"ARG BASE\nFROM ${{BASE}}\nRUN {words}\n")

    def install_units(self) -> None:
        """Do nothing: the compose file is what the engine reads."""

    def stop(self) -> None:
        """Remove the containers; a start makes them anew."""
        self.project.remove()

    def start(self) -> None:
        """Make the containers from the compose file, and do not wait until they answer."""
        self.project.up()

    def start_together(self) -> None:
        """Start the processes beside them as well, and wait until all are healthy and stay up."""
        self.manager.start(OWN)
        self.start_healthy()

    def start_healthy(self) -> None:
        """Make the containers from the compose file, and wait until they are healthy."""
        self.start()
        self.healthy()

    def healthy(self) -> None:
        """Wait until every component is healthy and the engine has never restarted its container.

        Raises:
            Unfinished: a component is not healthy, or a container does not stay up.
        """
        for each in self.components:
            shown = f"{self.layout.bin}/podman logs {self.project.name}_{each.unit}_1"
            health.wait(each.name, self.probe(each), shown, PATIENCE)
        odd = {unit: look for unit, look in self.project.looks().items() if not look.stays}
        if odd:
            raise Unfinished(
                f"containers do not stay up: {odd}", hint=f"{self.layout.bin}/podman ps --all"
            )
        health.wait("the edge", Probe(url=self.edge), str(self.layout.logs / "edge.log"))

    def settled(self) -> dict[str, str]:
        """Wait until each container answers something or has ended; return their states by unit."""
        until = time.monotonic() + SETTLED
        waiting, looks = list(self.components), self.project.looks()
        while waiting and time.monotonic() < until:
            waiting = [
                each
                for each in waiting
                if looks[each.unit].stays and not health.ask(self.probe(each).url or "").status
            ]
            time.sleep(health.PAUSE)
            looks = self.project.looks()
        return {unit: look.words for unit, look in looks.items()}

    def states(self) -> dict[str, str]:
        """Return the state of each process and each container, in the words of who has it."""
        mine = {unit: look.words for unit, look in self.project.looks().items()}
        return {**super().states(), **mine}

    def forget(self) -> None:
        """Remove the containers and the images of this sandbox."""
        self.project.forget()


def digest(tree: Path) -> str:
    """Return a short digest of all files of a tree."""
    whole = hashlib.sha256()
    for name in listed(tree):
        whole.update(f"{name} {hashlib.sha256((tree / name).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:12]
