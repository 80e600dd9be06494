"""One sandbox as the parts that it is made of, and what they do together."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import tomli_w

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.save import SAVE, SaveRequest
from pytest_rollback.errors import ManifestError, Refused, Unfinished
from pytest_rollback.extras.sandbox.common import deploy, health, links
from pytest_rollback.extras.sandbox.common.history import History
from pytest_rollback.extras.sandbox.common.layout import Layout, words
from pytest_rollback.extras.sandbox.common.postgres import Postgres, owner
from pytest_rollback.extras.sandbox.common.recipe import Recipe
from pytest_rollback.extras.sandbox.common.release import Placeholders, ReleaseFiles
from pytest_rollback.extras.sandbox.common.site import COMPILE
from pytest_rollback.extras.sandbox.local import proxy
from pytest_rollback.extras.sandbox.local import supervisord as manager_
from pytest_rollback.extras.sandbox.local.supervisord import Manager
from pytest_rollback.manifest.document import TomlTable
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.manifest.probes import Probe
from pytest_rollback.recovery import strategies
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

OWN = ("database", "edge")
"""The programs beside the units: the database server and the proxy."""

SUFFIX = {"supervisord": ".conf", "systemd": ".service"}
SETTLED = 6.0
"""Seconds for units to answer, or to fail, after a scenario was applied."""

T = TypeVar("T")


def required(value: T | None, key: str) -> T:
    """Return what this kind of sandbox cannot do without.

    Raises:
        ManifestError: it is missing.
    """
    if value is None:
        raise ManifestError(
            f"a local sandbox needs {key} in its rollback.toml",
            hint=f"add {key} to its embedded.toml, as in fixtures/village/embedded.toml",
        )
    return value


@dataclass(frozen=True)
class LocalSite:
    """The parts of one sandbox: processes of this user under supervisord."""

    layout: Layout
    recipe: Recipe
    ports: dict[str, int]
    manager: Manager

    @cached_property
    def postgres(self) -> Postgres:
        """Return the database server."""
        return Postgres.at(self.layout.database, self.ports["database"])

    @cached_property
    def words(self) -> dict[str, str | int]:
        """Return what the placeholders stand for."""
        known = words(self.layout, self.ports, self.postgres.tools)
        return {**known, "source": f"{links.CURRENT}/config/supervisor"}

    @property
    def flag(self) -> str:
        """Return what `rollback sandbox` needs to mean this kind: nothing."""
        return ""

    @cached_property
    def document(self) -> TomlTable:
        """Return the sandbox's own manifest, as it is written."""
        return self.recipe.document(self.words)

    @cached_property
    def system(self) -> System:
        """Return what the manifest describes."""
        return parse(self.document, str(self.layout.manifest))

    @cached_property
    def history(self) -> History:
        """Return the release history."""
        return History(self.layout.root)

    @cached_property
    def filling(self) -> Placeholders:
        """Return how the files of a release are filled."""
        filled = {**self.words, "root": str(self.live)}
        return Placeholders(tuple(self.recipe.table.fill), filled, self.system.about.secrets)

    @property
    def is_linked(self) -> bool:
        """Whether each release has a directory of its own."""
        return bool(self.system.release.links or self.system.release.commands)

    @property
    def live(self) -> Path:
        """Return where the files of the live release are."""
        return self.layout.root / links.CURRENT if self.is_linked else self.layout.root

    @property
    def components(self) -> tuple[Component, ...]:
        """Return the components in start order."""
        return self.system.components

    @property
    def units(self) -> list[str]:
        """Return the units in start order."""
        return [component.unit for component in self.components]

    @property
    def edge(self) -> str:
        """Return the URL that users ask."""
        return required(self.system.edge, "[edge]").url

    @property
    def database(self) -> str:
        """Return the name of the system's database."""
        return required(self.system.database, "[database]").name

    def probe(self, component: Component) -> Probe:
        """Return the health probe of a component."""
        return self.system.probes[component.health]

    def release(self) -> str:
        """Return the name of the release that is deployed."""
        label = self.live / self.recipe.table.version
        return label.read_text(encoding="utf-8").strip() if label.is_file() else ""

    def write(self) -> None:
        """Write the manifest, and the configuration of the manager and of the proxy."""
        self.layout.manifest.write_text(tomli_w.dumps(self.document), encoding="utf-8")
        page = Path(required(self.system.maintenance, "[maintenance]").page or "").name
        rules = proxy.rules(
            self.layout, self.ports["edge"], self.ports[self.recipe.table.upstream], page
        )
        (self.layout.edge / "Caddyfile").write_text(rules, encoding="utf-8")
        someone = (f"user={owner()}",) if owner() else ()
        programs = (
            manager_.program(self.layout, "database", self.postgres.command, "INT", *someone),
            manager_.program(self.layout, "edge", proxy.command(self.layout), "TERM"),
        )
        configuration = manager_.configuration(self.layout) + "".join(programs)
        (self.layout.directory / "supervisord.conf").write_text(configuration, encoding="utf-8")

    def prepare_database(self) -> None:
        """Run the statements that the system's database begins with."""
        self.postgres.wait()
        if self.recipe.table.prepare:
            script = self.recipe.path("prepare").read_text(encoding="utf-8")
            self.postgres.sql(script)

    def begin(self, first: ReleaseFiles) -> None:
        """Bring in the first release."""
        if self.is_linked:
            links.begin(self, first)
        else:
            first.install(self.layout.root)
            self.history.begin(first.name)

    def deploy(self, source: Path) -> str:
        """Deploy a release, with what it takes to go back; return its name."""
        return (links.deploy if self.is_linked else deploy.deploy)(self, source)

    def fetch(self) -> None:
        """Do nothing: `layout.root` is the system's root."""

    def put(self, folder: Path, names: Iterable[str]) -> None:
        """Copy files of a folder to the same names below the root; each is a new file."""
        for name in names:
            target = self.live / name
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy2(folder / name, target)

    def put_history(self) -> None:
        """Do nothing: the history is below the system's root."""

    def dump(self) -> None:
        """Write the dump that the manifest names."""
        path = required(self.system.database, "[database]").dump
        self.postgres.dump(self.database, self.layout.dumps / Path(path).name)

    def save(self, request: SaveRequest) -> None:
        """Save what a deploy is about to change, before it does.

        Raises:
            Refused: it cannot be saved; nothing was changed.
        """
        if strategies.used(self.system):
            connection = Connection(self.system)
            try:
                connection.ask(Call(SAVE, strategies.remembered(connection, request)))
            finally:
                connection.close()
            return
        try:
            save.save(request)
        except HostError as problem:
            raise Refused(problem.message, hint=problem.hint) from problem

    def compile(self, source: str) -> None:
        """Write bytecode of a source below the root that Python uses without a comparison."""
        command = [sys.executable, "-c", COMPILE, source]
        subprocess.run(command, cwd=self.live, check=True, timeout=30)

    def run(self, script: str, data: bytes) -> None:
        """Run Python code here, with bytes on its standard input."""
        subprocess.run([sys.executable, "-c", script], input=data, check=True, timeout=60)

    def install_units(self) -> None:
        """Put the release's unit files where the manager reads them."""
        services = self.system.services
        source = self.layout.root / (services.source or str(self.words["source"]))
        for unit in self.units:
            name = f"{unit}{SUFFIX[services.manager]}"
            kept = services.source is None and (self.layout.units / name).is_file()
            if (source / name).is_file() and not kept:
                shutil.copyfile(source / name, self.layout.units / name)

    def states(self) -> dict[str, str]:
        """Return the state of each process, in the manager's words."""
        return {name: found.name for name, found in self.manager.states().items()}

    def stop(self) -> None:
        """Stop every unit, last started first."""
        self.manager.stop(reversed(self.units))

    def start(self) -> None:
        """Take over changed unit files and ask for the start of every unit; do not wait."""
        self.manager.reload()
        self.manager.start(self.units)

    def start_together(self) -> None:
        """Start every unit at once, and wait until all are healthy and stay up."""
        self.manager.start([*OWN, *self.units])
        self.healthy()

    def start_healthy(self) -> None:
        """Start one unit after the other, each when the one before it is healthy."""
        self.manager.reload()
        for component in self.components:
            self.manager.start([component.unit])
            health.wait(component.name, self.probe(component), component.log[0])
        self.healthy()

    def healthy(self) -> None:
        """Wait until every component is healthy and the manager calls every unit running.

        Raises:
            Unfinished: a component is not healthy, or a unit does not stay up.
        """
        for component in self.components:
            health.wait(component.name, self.probe(component), component.log[0])
        found = self.manager.settle(self.units)
        odd = {unit: state for unit, state in found.items() if state != "RUNNING"}
        if odd:
            raise Unfinished(f"units do not stay up: {odd}", hint=f"see {self.layout.logs}")
        health.wait("the edge", Probe(url=self.edge), str(self.layout.logs / "edge.log"))

    def settled(self) -> dict[str, str]:
        """Wait until each unit answers something or has failed to; return the units' states."""
        until = time.monotonic() + SETTLED
        waiting = list(self.components)
        states = self.manager.settle(self.units)
        while waiting and time.monotonic() < until:
            states = self.manager.settle(self.units)
            waiting = [
                component
                for component in waiting
                if states.get(component.unit) == "RUNNING"
                and not health.ask(self.probe(component).url or "").status
            ]
            time.sleep(health.PAUSE)
        return states

    def forget(self) -> None:
        """Do nothing: all that there is are processes, and the directory."""
