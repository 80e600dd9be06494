"""A small real system on this machine: processes under supervisord, a database, an edge proxy."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_rollback.agent.errors import HostError
from pytest_rollback.errors import UsageError
from pytest_rollback.extras.sandbox.common import (
    deploy,
    health,
    ports,
    postgres,
    processes,
    scenario,
)
from pytest_rollback.extras.sandbox.common.layout import Layout, SandboxNote, abandoned, place
from pytest_rollback.extras.sandbox.common.recipe import Recipe
from pytest_rollback.extras.sandbox.common.scenario import Scenario
from pytest_rollback.extras.sandbox.common.status import (
    UNKNOWN,
    EdgeStatus,
    SandboxStatus,
    UnitStatus,
)
from pytest_rollback.extras.sandbox.local import pristine
from pytest_rollback.extras.sandbox.local.images import ImagesSite
from pytest_rollback.extras.sandbox.local.site import OWN, LocalSite
from pytest_rollback.extras.sandbox.local.supervisord import Manager
from pytest_rollback.manifest.document import TomlTable
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.release import BACKUPS, IMAGES
from pytest_rollback.progress.activity import doing


class Embedded:
    """A sandbox made of a folder with an `embedded.toml`.

    ::

        with Embedded(folder).up() as sandbox:  # the previous release, healthy
            sandbox.deploy()                    # the current one, healthy
            sandbox.break_("slow-gateway")
            sandbox.reset()                     # as after the last deploy

    It outlives the process that started it: `Embedded.attach(directory)` takes it over.
    """

    def __init__(self, folder: Path, strategy: str = BACKUPS) -> None:
        self.recipe = Recipe.read(folder, strategy=strategy)
        self._site: LocalSite | None = None
        self._note: SandboxNote | None = None

    @property
    def site(self) -> LocalSite:
        """Return the parts of the sandbox, once it is up."""
        if self._site is None:
            raise UsageError("the sandbox is not running", hint="rollback sandbox up")
        return self._site

    @property
    def running(self) -> bool:
        """Whether it is up."""
        return self._site is not None and self._site.manager.answers()

    @property
    def directory(self) -> Path:
        """Return the one directory that everything lies in."""
        return self.site.layout.directory

    @property
    def manifest(self) -> TomlTable:
        """Return the sandbox's own `rollback.toml` as a document."""
        return self.site.document

    @property
    def system(self) -> System:
        """Return what that document describes."""
        return self.site.system

    @property
    def manifest_path(self) -> Path:
        """Return where that document is also kept as a file."""
        return self.site.layout.manifest

    @property
    def scenarios(self) -> dict[str, Scenario]:
        """Return the ways in which the current release can be bad, by name."""
        return scenario.known(self.recipe.path("scenarios"))

    @doing("starts the sandbox: services, database, proxy")
    def up(self, directory: Path | None = None, *, keep: bool = False) -> Self:
        """Start everything with the previous release, and return when it is healthy.

        Args:
            directory: where everything goes; a temporary one when none is given.
            keep: it is meant to outlive this process. Otherwise the next `up` of anybody who
                is the same user takes it down once this process is gone.

        Raises:
            UsageError: the directory is in use, or its path too long.
            Unfinished: something does not come up; nothing is left of it.
        """
        self.sweep()
        layout = Layout(place(directory))
        try:
            self._begin(layout, None if keep else processes.identity())
        except BaseException:
            self._remove(layout)
            raise
        return self

    def _begin(self, layout: Layout, creator: processes.Identity | None) -> None:
        """Build and start everything, side by side where one thing does not need the other."""
        claimed = ports.claim(self.recipe.ports, layout.directory)
        token = secrets.token_hex(16)
        folder, strategy = str(self.recipe.folder), self.recipe.strategy
        note = SandboxNote(folder, token, claimed, creator=creator, strategy=strategy)
        self._write(layout, note)
        layout.create()
        postgres.bring_tools(layout.database)
        site = self._site = self._made(layout, claimed)
        site.write()
        with ThreadPoolExecutor(2) as beside:
            cluster = beside.submit(site.postgres.initialise)
            first = deploy.staged(site, self.recipe.path("previous"))
            site.begin(first)
            site.install_units()
            self._launch()
            site.manager.start(["edge"])
            cluster.result()
            site.manager.start(["database"])
            site.prepare_database()
        site.start_together()
        site.dump()
        pristine.take(site)

    def _made(self, layout: Layout, claimed: dict[str, int]) -> LocalSite:
        """Return its parts: as processes, or, of images, as containers and two processes."""
        kind = ImagesSite if self.recipe.strategy == IMAGES else LocalSite
        return kind(layout, self.recipe, claimed, Manager(layout))

    def _write(self, layout: Layout, note: SandboxNote) -> None:
        self._note = note
        note.write(layout)

    def _launch(self) -> None:
        """Start the service manager, and write down who it is."""
        note = self._noted()
        manager = self.site.manager.launch(note.token)
        self._write(self.site.layout, replace(note, manager=manager))
        self.site.manager.wait()

    def _noted(self) -> SandboxNote:
        """Return what was written down about the sandbox."""
        return self._note or SandboxNote.read(self.site.layout)

    @classmethod
    def attach(cls, directory: Path) -> Self:
        """Take over the sandbox in a directory, whoever started it.

        Raises:
            Unreachable: there is none.
        """
        layout = Layout(directory.absolute())
        note = SandboxNote.read(layout)
        sandbox = cls(Path(note.folder), note.strategy)
        sandbox._note = note
        sandbox._site = sandbox._made(layout, note.ports)
        return sandbox

    @classmethod
    def sweep(cls) -> list[Path]:
        """Take down what processes that were killed left behind; return the directories."""
        left = list(abandoned())
        for directory in left:
            cls.attach(directory).down()
        return left

    @doing("deploys the release, with backups")
    def deploy(self, release: Path | None = None) -> str:
        """Deploy a release, by default the current one, with backups; return its name."""
        name = self.site.deploy(release or self.recipe.path("current"))
        self.keep()
        return name

    def keep(self) -> None:
        """Have a reset return to how it is now."""
        pristine.take(self.site)

    @doing("breaks the release")
    def break_(self, name: str) -> dict[str, str]:
        """Apply a scenario, by its name or the path of its folder; return the units' states."""
        return scenario.apply(self.site, scenario.find(name, self.recipe.path("scenarios")))

    @doing("restores the healthy state after the deploy")
    def reset(self) -> None:
        """Restore the healthy state after the last deploy, from any state."""
        if not self.site.manager.answers():
            processes.end(self._noted().token, self._noted().manager)
            self._launch()
        pristine.bring_back(self.site)

    def status(self) -> SandboxStatus:
        """Return what the sandbox is and how it is."""
        site, running = self.site, self.running
        found = site.states() if running else {}
        healthy = {each.unit: health.healthy(site.probe(each)) for each in site.components}
        return SandboxStatus(
            directory=self.directory,
            manifest=self.manifest_path,
            running=running,
            release=site.release(),
            units={
                unit: UnitStatus(found.get(unit, UNKNOWN), healthy.get(unit))
                for unit in (*OWN, *site.units)
            },
            edge=EdgeStatus.of(site.edge),
            ports=dict(site.ports),
        )

    @doing("takes the sandbox down")
    def down(self) -> None:
        """End every process of the sandbox and remove its directory, if there is one."""
        if self._site is not None:
            self._remove(self._site.layout)

    def _remove(self, layout: Layout) -> None:
        manager = self._site.manager if self._site else None
        if manager and manager.answers():
            with contextlib.suppress(HostError):  # another process takes it down as well
                manager.stop(list(manager.states()))
                manager.shut_down()
            manager.reap()
        if self._note:
            processes.end(self._note.token, self._note.manager)
        if manager:
            manager.reap()
        if self._site:
            self._site.forget()
        ports.give_back(layout.directory)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(layout.directory)
        self._site = self._note = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()
