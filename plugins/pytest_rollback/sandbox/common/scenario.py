"""A scenario: files that turn the current release bad, laid over the running system."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from pytest_rollback.errors import ManifestError, UsageError
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.values import Frozen
from pytest_rollback.sandbox.common import health
from pytest_rollback.sandbox.common.deploy import listed
from pytest_rollback.sandbox.common.recipe import immutable, parsed

if TYPE_CHECKING:
    from pytest_rollback.sandbox.local.site import Site

FILE = "scenario.toml"
PATIENCE = 6.0

COMPILE = (
    "import py_compile, sys; py_compile.compile("
    "sys.argv[1], doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
)


class ScenarioSummary(Frozen):
    """`scenario.toml`: what is bad, which component is hit, and where it shows.

    `shows` is one of unit, restarts, latency, log, health and request. `bytecode` names sources
    that are compiled so that Python never looks at them again. `script` is a file beside it in
    Python, run on the host while no unit runs, with the manifest as JSON on its input.
    """

    description: str
    component: str = ""
    shows: str = ""
    bytecode: tuple[str, ...] = ()
    script: str = ""


@dataclass(frozen=True)
class Scenario:
    """One way to be bad: its name, what it is about, and its files."""

    name: str
    about: ScenarioSummary
    folder: Path

    @property
    def script(self) -> str:
        """Return the text of its script; "" where it has none."""
        name = self.about.script
        return (self.folder.parent / name).read_text(encoding="utf-8") if name else ""

    @classmethod
    def read(cls, folder: Path) -> Scenario:
        """Return the scenario in a folder; without a `scenario.toml` all of it is files.

        Raises:
            ManifestError: its `scenario.toml` cannot be used.
        """
        if not (folder / FILE).is_file():
            return cls(
                folder.name, ScenarioSummary(description="an overlay without a description"), folder
            )
        try:
            about = ScenarioSummary.model_validate(immutable(parsed(folder / FILE)))
        except ValidationError as error:
            raise ManifestError(
                f"{folder / FILE}: {error}", hint=f"edit {folder / FILE}"
            ) from error
        return cls(folder.name, about, folder / "files")


def known(folder: Path) -> dict[str, Scenario]:
    """Return the scenarios below a folder, by their names."""
    return {
        path.parent.name: Scenario.read(path.parent) for path in sorted(folder.glob(f"*/{FILE}"))
    }


def find(name: str, folder: Path) -> Scenario:
    """Return a scenario by its name, or by the path of its folder.

    Raises:
        UsageError: there is none; lists those there are.
    """
    there = known(folder)
    if name in there:
        return there[name]
    if Path(name).is_dir():
        return Scenario.read(Path(name).resolve())
    raise UsageError(
        f"there is no scenario {name!r}", hint=f"choose one of: {', '.join(there) or 'none'}"
    )


def full(document: dict[str, Any]) -> bytes:
    """Return a manifest as a script is told it: JSON, with every default."""
    return parse(document, "the sandbox").model_dump_json(by_alias=True).encode()


def apply(site: Site, scenario: Scenario) -> dict[str, str]:
    """Lay a scenario over the running system, restart all units, and return how they are.

    A unit that does not start is what a scenario may be about.
    """
    site.stop()
    for name in listed(scenario.folder):
        site.filling.copy(scenario.folder / name, site.layout.root / name, name)
    for name in scenario.about.bytecode:
        subprocess.run(
            [sys.executable, "-c", COMPILE, name], cwd=site.layout.root, check=True, timeout=30
        )
    if scenario.script:
        command, manifest = [sys.executable, "-c", scenario.script], full(site.document)
        subprocess.run(command, input=manifest, check=True, timeout=60)
    site.install_units()
    site.manager.reload()
    site.manager.start(site.units)
    return settled(site)


def settled(site: Site) -> dict[str, str]:
    """Wait until each unit answers something or has failed to, and return the units' states."""
    until = time.monotonic() + PATIENCE
    waiting = list(site.components)
    states = site.manager.settle(site.units)
    while waiting and time.monotonic() < until:
        states = site.manager.settle(site.units)
        waiting = [
            component
            for component in waiting
            if states.get(component["unit"]) == "RUNNING"
            and not health.ask(site.probe(component)["url"]).status
        ]
        time.sleep(health.PAUSE)
    return states
