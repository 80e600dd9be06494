"""A small real system on this machine: processes under supervisord, a database, an edge proxy."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rollback.errors import Unreachable, UsageError
from rollback.sandbox import deploy, health, ports, postgres, pristine, processes, scenario
from rollback.sandbox.layout import Layout, place
from rollback.sandbox.manager import Manager
from rollback.sandbox.processes import Identity
from rollback.sandbox.recipe import Recipe
from rollback.sandbox.site import OWN, Site

if TYPE_CHECKING:
    from types import TracebackType

    from rollback.sandbox.scenario import Scenario


class Embedded:
    """A sandbox made of a folder with an `embedded.toml`.

    ::

        with Embedded(folder).up() as sandbox:  # the previous release, healthy
            sandbox.deploy()                    # the current one, healthy
            sandbox.break_("slow-gateway")
            sandbox.reset()                     # as after the last deploy

    It outlives the process that started it: `Embedded.attach(directory)` takes it over.
    """

    def __init__(self, folder: Path) -> None:
        self.recipe = Recipe.read(folder)
        self.token = secrets.token_hex(16)
        self.manager_process: Identity | None = None
        self._site: Site | None = None

    @property
    def site(self) -> Site:
        """Return the parts of the sandbox, once it is up."""
        if self._site is None:
            raise UsageError("the sandbox is not up", hint="scripts/sandbox up")
        return self._site

    @property
    def directory(self) -> Path:
        """Return the one directory that everything lies in."""
        return self.site.layout.directory

    @property
    def manifest(self) -> dict[str, Any]:
        """Return the sandbox's own `rollback.toml` as a document."""
        return self.site.document

    @property
    def manifest_path(self) -> Path:
        """Return where that document is also kept as a file."""
        return self.site.layout.manifest

    @property
    def scenarios(self) -> dict[str, Scenario]:
        """Return the ways in which the current release can be bad, by name."""
        return scenario.known(self.recipe.path("scenarios"))

    def up(self, directory: Path | None = None) -> Self:
        """Start everything with the previous release, and return when it is healthy.

        Raises:
            UsageError: the directory is in use, or its path too long.
            Unfinished: something does not come up; nothing is left of it.
        """
        layout = Layout(place(directory))
        try:
            self._begin(layout)
        except BaseException:
            self._remove(layout)
            raise
        return self

    def _begin(self, layout: Layout) -> None:
        """Build and start everything, side by side where one thing does not need the other."""
        layout.create()
        claimed = ports.claim(self.recipe.ports, layout.directory)
        postgres.bring_tools(layout.database)
        site = self._site = Site(layout, self.recipe, claimed, Manager(layout))
        self._note()
        site.write()
        with ThreadPoolExecutor(2) as beside:
            cluster = beside.submit(site.postgres.initialise)
            first = deploy.first(site, self.recipe.path("previous"))
            history = beside.submit(site.history.begin, first.name)
            self._launch()
            site.manager.start(["edge"])
            cluster.result()
            site.manager.start(["database"])
            site.prepare_database()
            history.result()
        site.start()
        site.postgres.dump(site.database, deploy.dump_path(site))
        pristine.take(site)

    def _launch(self) -> None:
        """Start the service manager, and remember who it is."""
        self.manager_process = self.site.manager.launch(self.token)
        self._note()
        self.site.manager.wait()

    def _note(self) -> None:
        """Write down what whoever comes after us has to know."""
        note = {
            "folder": str(self.recipe.folder),
            "token": self.token,
            "ports": self.site.ports,
            "manager": self.manager_process,
        }
        self.site.layout.note.write_text(json.dumps(note), encoding="utf-8")
        self.site.layout.note.chmod(0o600)

    @classmethod
    def attach(cls, directory: Path) -> Self:
        """Take over the sandbox in a directory, whoever started it.

        Raises:
            Unreachable: there is none.
        """
        layout = Layout(directory.absolute())
        try:
            note = json.loads(layout.note.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Unreachable(
                f"there is no sandbox in {directory}", hint="scripts/sandbox up"
            ) from error
        sandbox = cls(Path(note["folder"]))
        sandbox.token = note["token"]
        sandbox.manager_process = Identity(*note["manager"]) if note["manager"] else None
        sandbox._site = Site(layout, sandbox.recipe, note["ports"], Manager(layout))
        return sandbox

    def deploy(self, release: Path | None = None) -> str:
        """Deploy a release, by default the current one, with backups; return its name."""
        name = deploy.deploy(self.site, release or self.recipe.path("current"))
        pristine.take(self.site)
        return name

    def break_(self, name: str) -> dict[str, str]:
        """Apply a scenario, by its name or the path of its folder; return the units' states."""
        return scenario.apply(self.site, scenario.find(name, self.recipe.path("scenarios")))

    def reset(self) -> None:
        """Return to what was healthy after the last deploy, from whatever state."""
        if not self.site.manager.answers():
            processes.end(self.token, self.manager_process)
            self._launch()
        pristine.bring_back(self.site)

    def status(self) -> dict[str, Any]:
        """Return what the sandbox is and how it is, for people and programs."""
        site = self.site
        running = site.manager.answers()
        states = site.manager.states() if running else {}
        edge = health.ask(self.manifest["edge"]["url"])
        return {
            "directory": str(self.directory),
            "manifest": str(self.manifest_path),
            "running": running,
            "release": site.release(),
            "units": {
                unit: {"state": states.get(unit, {}).get("statename", "UNKNOWN")}
                | {"pid": states.get(unit, {}).get("pid", 0)}
                for unit in (*OWN, *site.units)
            },
            "healthy": {c["name"]: health.healthy(site.probe(c)) for c in site.components},
            "edge": {"url": self.manifest["edge"]["url"], "status": edge.status},
            "ports": dict(site.ports),
        }

    def down(self) -> None:
        """End every process of the sandbox and remove its directory; again is fine."""
        if self._site is not None:
            self._remove(self._site.layout)

    def _remove(self, layout: Layout) -> None:
        manager = self._site.manager if self._site else None
        if manager and manager.answers():
            manager.stop(list(manager.states()))
            manager.shut_down()
            manager.reap()
        processes.end(self.token, self.manager_process)
        if manager:
            manager.reap()
        ports.give_back(layout.directory)
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(layout.directory)
        self._site = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.down()
