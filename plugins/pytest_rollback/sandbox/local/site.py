"""One sandbox as the parts that it is made of, and what they do together."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from pytest_rollback.errors import Unfinished
from pytest_rollback.sandbox.common import health
from pytest_rollback.sandbox.common.deploy import Placeholders
from pytest_rollback.sandbox.common.history import History
from pytest_rollback.sandbox.common.layout import words
from pytest_rollback.sandbox.common.postgres import Postgres, owner
from pytest_rollback.sandbox.local import proxy
from pytest_rollback.sandbox.local import supervisord as manager_

if TYPE_CHECKING:
    from pytest_rollback.sandbox.common.layout import Layout
    from pytest_rollback.sandbox.common.recipe import Recipe
    from pytest_rollback.sandbox.local.supervisord import Manager

OWN = ("database", "edge")
"""The programs beside the units: the database server and the proxy."""

SUFFIX = {"supervisord": ".conf", "systemd": ".service"}


@dataclass(frozen=True)
class Site:
    """The parts of one sandbox."""

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
        return words(self.layout, self.ports, self.postgres.tools)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Return the sandbox's own manifest."""
        return self.recipe.document(self.words)

    @cached_property
    def history(self) -> History:
        """Return the release history."""
        return History(self.layout.root)

    @cached_property
    def filling(self) -> Placeholders:
        """Return how the files of a release are filled."""
        secrets = tuple(self.document["system"].get("secrets", ()))
        return Placeholders(tuple(self.recipe.table.fill), self.words, secrets)

    @property
    def components(self) -> list[dict[str, Any]]:
        """Return the components in start order."""
        return list(self.document["components"])

    @property
    def units(self) -> list[str]:
        """Return the units in start order."""
        return [component["unit"] for component in self.components]

    @property
    def database(self) -> str:
        """Return the name of the system's database."""
        return str(self.document["database"]["name"])

    def probe(self, component: dict[str, Any]) -> dict[str, Any]:
        """Return the health probe of a component."""
        probe: dict[str, Any] = self.document["probes"][component["health"]]
        return probe

    def release(self) -> str:
        """Return the name of the release that is deployed."""
        label = self.layout.root / self.recipe.table.version
        return label.read_text(encoding="utf-8").strip() if label.is_file() else ""

    def write(self) -> None:
        """Write the manifest, and the configuration of the manager and of the proxy."""
        self.layout.manifest.write_text(tomli_w.dumps(self.document), encoding="utf-8")
        page = Path(self.document["maintenance"]["page"]).name
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

    def install_units(self) -> None:
        """Put the release's unit files where the manager reads them."""
        source = self.layout.root / self.document["services"]["source"]
        for unit in self.units:
            name = f"{unit}{SUFFIX[self.document['services']['manager']]}"
            if (source / name).is_file():
                shutil.copyfile(source / name, self.layout.units / name)

    def stop(self) -> None:
        """Stop every unit, last started first."""
        self.manager.stop(reversed(self.units))

    def start(self) -> None:
        """Start every unit at once, and wait until all are healthy and stay up."""
        self.manager.start([*OWN, *self.units])
        self.healthy()

    def start_in_order(self) -> None:
        """Start one unit after the other, each when the one before it is healthy."""
        for component in self.components:
            self.manager.start([component["unit"]])
            health.wait(component["name"], self.probe(component), component["log"])
        self.healthy()

    def healthy(self) -> None:
        """Wait until every component is healthy and the manager calls every unit running."""
        for component in self.components:
            health.wait(component["name"], self.probe(component), component["log"])
        found = self.manager.settle(self.units)
        odd = {unit: state for unit, state in found.items() if state != "RUNNING"}
        if odd:
            raise Unfinished(f"units do not stay up: {odd}", hint=f"see {self.layout.logs}")
        edge = {"url": self.document["edge"]["url"]}
        health.wait("the edge", edge, str(self.layout.logs / "edge.log"))
