"""The inside of a machine: files copied in and out, its units, its database, and its health."""

from __future__ import annotations

import io
import shutil
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.agent.messages.backup.save import SAVE, SaveRequest
from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest
from pytest_rollback.agent.messages.services.units import LOOK, UnitPorts, UnitsRequest
from pytest_rollback.errors import Unfinished
from pytest_rollback.extras.sandbox.common import health
from pytest_rollback.extras.sandbox.common.history import History
from pytest_rollback.extras.sandbox.common.layout import Layout
from pytest_rollback.extras.sandbox.common.postgres import SUPERUSER
from pytest_rollback.extras.sandbox.common.recipe import Recipe
from pytest_rollback.extras.sandbox.common.release import Placeholders
from pytest_rollback.extras.sandbox.common.site import COMPILE
from pytest_rollback.extras.sandbox.machine import packages
from pytest_rollback.extras.sandbox.machine.podman import Container
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.document import TomlTable
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.probes import Probe
from pytest_rollback.manifest.release import PACKAGES
from pytest_rollback.recovery import strategies
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

BOOT, PATIENCE, SETTLED = 30.0, 30.0, 6.0
"""Seconds to boot, to be healthy, and to have answered or failed after a scenario."""


class ComponentHealth(NamedTuple):
    """One component: its unit's state, the HTTP status of its probe, and what is wrong or None."""

    state: str
    status: int | None
    problem: str | None


@dataclass(frozen=True)
class Inside:
    """One running machine, from our side.

    `layout.root` is our copy of what lies at the system's root, with the release history.
    """

    container: Container
    layout: Layout
    recipe: Recipe
    ports: dict[str, int]

    @property
    def flag(self) -> str:
        """Return what `rollback sandbox` needs to mean this kind."""
        return " --machine"

    @cached_property
    def words(self) -> dict[str, str | int]:
        """Return what the placeholders stand for."""
        return words(self.recipe, self.layout, self.ports)

    @cached_property
    def document(self) -> TomlTable:
        """Return the machine's manifest."""
        return self.recipe.document(self.words)

    @cached_property
    def system(self) -> System:
        """Return what the manifest describes."""
        return parse(self.document, str(self.layout.manifest))

    @cached_property
    def connection(self) -> Connection:
        """Return the way in that an operator has as well."""
        return Connection(self.system)

    @cached_property
    def history(self) -> History:
        """Return the release history, in our copy of the root."""
        return History(self.layout.root)

    @cached_property
    def filling(self) -> Placeholders:
        """Return how the files of a release are filled."""
        return Placeholders(tuple(self.recipe.table.fill), self.words, self.system.about.secrets)

    @property
    def units(self) -> list[str]:
        """Return the units in start order."""
        return [each.unit for each in self.system.components]

    @property
    def edge(self) -> str:
        """Return the edge's URL on this side."""
        url = self.system.edge.url if self.system.edge else ""
        path = url.partition("://")[2].partition("/")[2]
        return f"http://127.0.0.1:{self.ports['edge']}/{path}"

    def booted(self) -> None:
        """Wait until everything that starts with the machine is up.

        Raises:
            Unfinished: it is not, for too long.
        """
        until = time.monotonic() + BOOT
        while True:
            try:
                self.container.run("systemctl", "is-system-running", "--wait", timeout=BOOT)
            except Unfinished as error:
                if time.monotonic() > until:
                    raise Unfinished(
                        f"the machine does not boot: {error.message}",
                        hint=f"podman exec {self.container.name} systemctl --failed",
                    ) from error
                time.sleep(0.1)
            else:
                return

    def release(self) -> str:
        """Return the name of the release that is deployed; "" where none is."""
        try:
            return self.container.run("cat", f"{self._root}/{self.recipe.table.version}").strip()
        except Unfinished:
            return ""

    @property
    def _root(self) -> str:
        return self.system.about.root

    @property
    def is_packaged(self) -> bool:
        """Whether a release is a package of Debian here."""
        return self.recipe.strategy == PACKAGES

    def put(self, folder: Path, names: Iterable[str]) -> None:
        """Bring files or folders below the root, those of a package by dpkg."""
        if self.is_packaged:
            self.copy(folder, names, f"{packages.TREE}{self._root}")
            packages.install(self, packages.build(self))
        else:
            self.copy(folder, names, self._root)

    def copy(self, folder: Path, names: Iterable[str], to: str) -> None:
        """Copy files or folders below a directory; they belong to the service user."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name in names:
                archive.add(folder / name, name, filter=self._owned)
        unpack = ("tar", "-C", to, "-x")
        self.container.run(*unpack, data=packed.getvalue())

    def _owned(self, entry: tarfile.TarInfo) -> tarfile.TarInfo:
        user = self.system.about.user or "root"
        entry.uname, entry.gname, entry.uid, entry.gid = user, user, 0, 0
        return entry

    def fetch(self) -> None:
        """Make our copy of the root what lies there now; without libraries."""
        shutil.rmtree(self.layout.root, ignore_errors=True)
        pack = ("tar", "-C", self._root, "--exclude-tag-all=pyvenv.cfg", "-c", ".")
        with tarfile.open(fileobj=io.BytesIO(self.container.read(*pack))) as archive:
            archive.extractall(self.layout.root, filter="data")

    def put_history(self) -> None:
        """Copy the release history from our copy of the root."""
        self.put(self.layout.root, [".git"])

    def save(self, request: SaveRequest) -> None:
        """Save what a deploy is about to change, over the connection that an operator has.

        Raises:
            Refused: it cannot be saved; nothing was changed.
        """
        self.connection.ask(Call(SAVE, strategies.remembered(self.connection, request)))

    def compile(self, source: str) -> None:
        """Write bytecode of a source below the root that Python uses without a comparison."""
        python = self.system.components[0].interpreter
        words = ("env", "-C", self._root, python, "-c", COMPILE, source)
        user = "root" if self.is_packaged else self.system.about.user or "root"
        self.container.run(*words, user=user)

    def run(self, script: str, data: bytes) -> None:
        """Run Python code in the machine as root, with bytes on its standard input."""
        self.container.run(self.system.target.python, "-c", script, data=data)

    def sql(self, script: str) -> None:
        """Run statements as the database's superuser, and stop at the first that fails."""
        psql = ("psql", "-qAtX", "-v", "ON_ERROR_STOP=1")
        self.container.run(*psql, data=script.encode(), user=SUPERUSER)

    def dump(self) -> None:
        """Write the dump that the manifest names, where it names one."""
        database = self.system.database
        if database:
            text = self.container.run("pg_dump", database.name, user=SUPERUSER)
            keep = ("install", "-m", "0600", "/dev/stdin", database.dump)
            self.container.run(*keep, data=text.encode())

    def install_units(self) -> None:
        """Put the release's unit files where systemd reads them, and have it read them.

        A package has brought them there already.
        """
        services = self.system.services
        if services.source:
            source = f"{self._root}/{services.source}"
            files = [f"{source}/{unit}.service" for unit in self.units]
            self.container.run("install", "-m", "0644", "-t", services.directory, *files)
        self.container.run("systemctl", "daemon-reload")

    def systemctl(self, verb: str) -> None:
        """Run systemctl for all units, and wait until it is done."""
        self.container.run("systemctl", verb, *self.units, timeout=120)

    def stop(self) -> None:
        """Stop every unit."""
        self.systemctl("stop")

    def start_healthy(self) -> None:
        """Ask for the start of every unit, and wait until all components are healthy."""
        self.start()
        self.healthy()

    def start(self) -> None:
        """Ask for the start of every unit, and do not wait; an earlier failure is forgotten."""
        self.container.run("systemctl", "reset-failed")
        self.container.run("systemctl", "start", "--no-block", *self.units)

    def look(self) -> dict[str, ComponentHealth]:
        """Return the health of each component by name; one round trip."""
        system, units = self.system, tuple(map(UnitPorts, self.units))
        where, manager = requests.location(system), requests.manager(system)
        states = Call(LOOK, UnitsRequest(where, manager, units))
        probes = [
            Call(ASK, ProbeRequest(requests.probe(system.probes[one.health])))
            for one in system.components
        ]
        answers = self.connection.ask_all([states, *probes], deadline=60)
        found, said = answers.of(states).units, [answers.of(probe) for probe in probes]
        return {
            each.name: ComponentHealth(found[each.unit].state, one.status, one.wrong)
            for each, one in zip(system.components, said, strict=True)
        }

    def healthy(self) -> None:
        """Wait until every component is healthy, and users are answered.

        Raises:
            Unfinished: one is not, for too long.
        """
        until = time.monotonic() + PATIENCE
        while bad := {name: look for name, look in self.look().items() if not sound(look)}:
            if time.monotonic() > until:
                raise Unfinished(
                    f"not healthy after {PATIENCE:.0f} s",
                    findings=[
                        f"{name}: {look.state}, {look.problem}" for name, look in bad.items()
                    ],
                    hint=f"podman exec {self.container.name} journalctl -n 50 -u {self.units[0]}",
                )
            time.sleep(health.PAUSE)
        health.wait("the edge", Probe(url=self.edge), "nginx's error.log in the machine")

    def settled(self) -> dict[str, str]:
        """Wait until each unit answers something or has failed to; return the units' states."""
        until = time.monotonic() + SETTLED
        found = self.look()
        while time.monotonic() < until and any(map(waiting, found.values())):
            time.sleep(health.PAUSE)
            found = self.look()
        return {each.unit: found[each.name].state for each in self.system.components}


def sound(look: ComponentHealth) -> bool:
    """Return whether a component is up and answers as it should."""
    return look.state == "active" and look.problem is None


def waiting(look: ComponentHealth) -> bool:
    """Return whether a component may still come up: its unit is starting, or has no answer yet."""
    return look.status is None and look.state in {"active", "starting"}


def words(recipe: Recipe, layout: Layout, ports: dict[str, int]) -> dict[str, str | int]:
    """Return what the placeholders of a machine stand for."""
    numbers = {f"port.{name}": port for name, port in ports.items()}
    return {"dir": str(layout.directory), **numbers, **recipe.table.words}
