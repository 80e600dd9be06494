"""A scenario: files that turn the current release bad, laid over the running system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from pytest_rollback.errors import ManifestError, UsageError
from pytest_rollback.extras.sandbox.common.deploy import staged
from pytest_rollback.extras.sandbox.common.recipe import parsed
from pytest_rollback.extras.sandbox.common.release import listed
from pytest_rollback.extras.sandbox.common.site import Site
from pytest_rollback.manifest.document import frozen
from pytest_rollback.manifest.values import Frozen

FILE = "scenario.toml"


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
    """One fault of a release: name, description and files."""

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
            about = ScenarioSummary.model_validate(frozen(parsed(folder / FILE)))
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


def apply(site: Site, scenario: Scenario) -> dict[str, str]:
    """Copy a scenario's files over the running system and restart it; return the units' states.

    A unit that does not start may be what the scenario is about.
    """
    site.stop()
    names = listed(scenario.folder)
    if names:
        site.put(staged(site, scenario.folder).folder, names)
    for source in scenario.about.bytecode:
        site.compile(source)
    if scenario.script:
        site.run(scenario.script, site.system.model_dump_json(by_alias=True).encode())
    site.install_units()
    site.start()
    return site.settled()
