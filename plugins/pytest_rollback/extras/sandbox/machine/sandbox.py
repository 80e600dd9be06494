"""A whole host of its own: a container that boots systemd, reached over ssh as production is."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

import tomli_w

from pytest_rollback.errors import Unfinished, UsageError
from pytest_rollback.extras.sandbox.common import deploy, ports, processes, scenario
from pytest_rollback.extras.sandbox.common.layout import Layout, SandboxNote, abandoned, place
from pytest_rollback.extras.sandbox.common.recipe import Recipe
from pytest_rollback.extras.sandbox.common.scenario import Scenario
from pytest_rollback.extras.sandbox.common.status import (
    UNKNOWN,
    EdgeStatus,
    SandboxStatus,
    UnitStatus,
)
from pytest_rollback.extras.sandbox.machine import packages, ssh_access
from pytest_rollback.extras.sandbox.machine.image import Image, Say
from pytest_rollback.extras.sandbox.machine.inside import Inside
from pytest_rollback.extras.sandbox.machine.podman import Container, engine
from pytest_rollback.manifest.document import TomlTable
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.release import BACKUPS
from pytest_rollback.progress.activity import doing

FILE = "machine.toml"
PREFIX = "rollback-machine-"
PORTS = ("ssh", "edge")


class Machine:
    """A sandbox made of a folder with a `machine.toml` and a `Containerfile`.

    It has the face of `Embedded`, and outlives the process that started it: `attach` takes it
    over. `say` prints what takes long.
    """

    def __init__(self, folder: Path, say: Say = print, strategy: str = BACKUPS) -> None:
        self.recipe, self.say = Recipe.read(folder, FILE, strategy), say
        self._inside: Inside | None = None

    @property
    def inside(self) -> Inside:
        """Return what lies in the machine, once it is up."""
        if self._inside is None:
            raise UsageError(
                "the machine sandbox is not running", hint="rollback sandbox up --machine"
            )
        return self._inside

    @property
    def running(self) -> bool:
        """Whether it is up."""
        return self._inside is not None and self._inside.container.running

    @property
    def directory(self) -> Path:
        """Return where its manifest and the keys to it lie."""
        return self.inside.layout.directory

    @property
    def manifest(self) -> TomlTable:
        """Return its own `rollback.toml` as a document."""
        return self.inside.document

    @property
    def system(self) -> System:
        """Return what that document describes."""
        return self.inside.system

    @property
    def manifest_path(self) -> Path:
        """Return where that document is kept as a file."""
        return self.inside.layout.manifest

    @property
    def scenarios(self) -> dict[str, Scenario]:
        """Return the ways in which the current release can be bad, by name."""
        return scenario.known(self.recipe.path("scenarios"))

    @doing("starts the machine: systemd, services, database, proxy")
    def up(self, directory: Path | None = None, *, keep: bool = False) -> Self:
        """Start it with the previous release, and return when it is healthy.

        Args:
            directory: for manifest and keys; a temporary one when none is given.
            keep: it is meant to outlive this process. Otherwise the next `up` of anybody who
                is the same user takes it down once this process is gone.

        Raises:
            Unreachable: there is no container engine here; the hint brings one.
            UsageError: the directory is in use.
            Unfinished: something does not come up; nothing is left of it.
        """
        engine()
        self.sweep()
        image = Image(self.recipe.folder).built(self.say)
        layout = Layout(place(directory, PREFIX))
        try:
            self._begin(layout, image, None if keep else processes.identity())
        except BaseException:
            self._remove(layout)
            raise
        return self

    def _begin(self, layout: Layout, image: str, creator: processes.Identity | None) -> None:
        layout.directory.chmod(0o700)
        claimed = ports.claim(PORTS, layout.directory)
        name = f"{PREFIX}{secrets.token_hex(4)}"
        folder, strategy = str(self.recipe.folder), self.recipe.strategy
        note = SandboxNote(folder, name, claimed, creator=creator, strategy=strategy)
        note.write(layout)
        ssh_access.grant(layout.directory, claimed["ssh"])
        inside = self._inside = Inside(Container(name), layout, self.recipe, claimed)
        layout.manifest.write_text(tomli_w.dumps(inside.document), encoding="utf-8")
        self._boot(image)
        if self.recipe.table.prepare:
            inside.sql(self.recipe.path("prepare").read_text(encoding="utf-8"))
        self._first()
        inside.dump()
        inside.container.keep()

    def _boot(self, image: str) -> None:
        inside = self.inside
        published = {"ssh": 22, "edge": 80}
        inside.container.start(
            image,
            f"--hostname={inside.system.about.name}",
            f"--volume={self.directory}/machine:/etc/ssh/machine:ro",
            *(f"--publish=127.0.0.1:{inside.ports[key]}:{to}" for key, to in published.items()),
        )
        inside.booted()

    def _first(self) -> None:
        """Bring in the previous release as the first of the history."""
        inside, root = self.inside, self.inside.layout.root
        release = deploy.staged(inside, self.recipe.path("previous"))
        if inside.is_packaged:
            packages.begin(inside, release)
        else:
            root.mkdir()
            release.install(root)
            inside.history.begin(release.name)
            inside.put(root, sorted(path.name for path in root.iterdir()))
        inside.install_units()
        inside.systemctl("enable")
        inside.start_healthy()

    @classmethod
    def attach(cls, directory: Path) -> Self:
        """Take over the machine in a directory, whoever started it.

        Raises:
            Unreachable: there is none.
        """
        layout = Layout(directory.absolute())
        note = SandboxNote.read(layout)
        machine = cls(Path(note.folder), strategy=note.strategy)
        machine._inside = Inside(Container(note.token), layout, machine.recipe, note.ports)
        return machine

    @classmethod
    def sweep(cls) -> list[Path]:
        """Take down what processes that were killed left behind; return the directories."""
        left = list(abandoned(PREFIX))
        for directory in left:
            cls.attach(directory).down()
        return left

    @doing("deploys the release, with backups")
    def deploy(self, source: Path | None = None) -> str:
        """Deploy a release, by default the current one, with backups; return its name.

        Raises:
            Refused: nothing would change, or the backups cannot be made.
            Unfinished: the release does not become healthy.
        """
        way = packages.deploy if self.inside.is_packaged else deploy.deploy
        name = way(self.inside, source or self.recipe.path("current"))
        self.keep()
        return name

    def keep(self) -> None:
        """Have a reset return to how it is now."""
        self.inside.container.keep()

    @doing("breaks the release")
    def break_(self, name: str) -> dict[str, str]:
        """Apply a scenario, by its name or the path of its folder; return the units' states."""
        return scenario.apply(self.inside, scenario.find(name, self.recipe.path("scenarios")))

    @doing("restores the healthy state after the deploy")
    def reset(self) -> None:
        """Restore the healthy state after the last deploy, from any state."""
        self.inside.connection.close()
        self.inside.container.end()
        self._boot(self.inside.container.snapshot)
        self.inside.healthy()

    def status(self) -> SandboxStatus:
        """Return what the machine is and how it is."""
        inside, running = self.inside, self.running
        looks = inside.look() if running else {}
        states = {name: (look.state, look.problem is None) for name, look in looks.items()}
        return SandboxStatus(
            directory=self.directory,
            manifest=self.manifest_path,
            running=running,
            release=inside.release() if running else "",
            units={
                each.unit: UnitStatus(*states.get(each.name, (UNKNOWN, False)))
                for each in inside.system.components
            },
            edge=EdgeStatus.of(inside.edge),
            ports=dict(inside.ports),
        )

    @doing("takes the machine down")
    def down(self) -> None:
        """Remove the machine, its snapshots and the keys to it; does nothing when it is gone."""
        if self._inside is not None:
            self._remove(self._inside.layout)

    def _remove(self, layout: Layout) -> None:
        inside, self._inside = self._inside, None
        if inside:
            with contextlib.suppress(Unfinished):
                inside.connection.close()
            inside.container.forget()
        ports.give_back(layout.directory)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(layout.directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()
