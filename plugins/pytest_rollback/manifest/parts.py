"""The parts of a release: which components are kept by which strategy, and in which order.

Components that are kept by one strategy are one part: they share its mechanism, such as one
transaction of packages, one link, or one compose file. A release of one part is the usual case.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pytest_rollback.agent.messages.location import ComponentFiles
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.manifest.release import BACKUPS, COMMANDS, IMAGES, LINKS, PACKAGES

ORDER = (PACKAGES, BACKUPS, LINKS, IMAGES, COMMANDS)
"""In which order parts are looked at and come back; an undo takes them back in reverse.

Packages come first, as they may bring what others stand on. Backups, links and the files that name
images are files of one plan. Commands come last: they may ask for what the others brought.
"""

POOL = "packages"
"""The directory of archives, below the state directory."""

MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class ReleasePart:
    """What one strategy keeps of a release.

    Args:
        strategy: its name.
        components: the names of those that it keeps, in the order of `rollback.toml`.
    """

    strategy: str
    components: tuple[str, ...]

    @property
    def words(self) -> str:
        """It in a line: `images (sidecar)`."""
        return f"{self.strategy} ({', '.join(self.components)})"


def strategy(system: System, component: Component) -> str:
    """Return by which strategy a component is kept."""
    return component.strategy or system.release.strategy


def of(system: System) -> tuple[ReleasePart, ...]:
    """Return the parts of a release, in their order."""
    by: dict[str, list[str]] = {}
    for each in system.components:
        by.setdefault(strategy(system, each), []).append(each.name)
    return tuple(ReleasePart(name, tuple(by[name])) for name in ORDER if name in by)


def names(system: System) -> tuple[str, ...]:
    """Return the strategies of a release, in the order of its parts."""
    return tuple(each.strategy for each in of(system))


def pool(system: System) -> str:
    """Return the directory of the archives of packages; "" where a release has none."""
    usual = f"{system.about.state}/{POOL}"
    return (system.release.pool or usual) if PACKAGES in names(system) else ""


def is_mixed(system: System) -> bool:
    """Return whether a release has several parts."""
    return len(of(system)) > 1


def words(system: System, name: str) -> str:
    """Return a part for people; "" where the release has no other one."""
    found = of(system)
    return next((p.words for p in found if p.strategy == name), name) if len(found) > 1 else ""


def is_chosen(system: System, name: str, only: Collection[str]) -> bool:
    """Return whether a rollback of some components brings a part back; of all components, any.

    A part comes back as a whole. Where it is the only one of a release, what it has is shared.
    """
    part = next((each for each in of(system) if each.strategy == name), None)
    if part is None or not only:
        return part is not None
    return is_mixed(system) and set(part.components) <= set(only)


def divided(system: System, only: Collection[str]) -> Iterator[ReleasePart]:
    """Yield the parts that come back as a whole, and of which some components are left out.

    Backups come back for one component as well. Where a release has one part, it is shared.
    """
    for each in of(system) if is_mixed(system) else ():
        inside = set(each.components) & set(only)
        if each.strategy != BACKUPS and inside and inside != set(each.components):
            yield each


def files(system: System) -> tuple[ComponentFiles, ...]:
    """Return the files of each component, as patterns.

    In a release of several parts those that a deploy switches belong to the first component of
    their part: they come back with it, and not with others. Else all components share them.
    """
    owners = {each.components[0]: each.strategy for each in of(system) if is_mixed(system)}
    return tuple(
        ComponentFiles(each.name, (*each.files, *_switched(system, owners.get(each.name, ""))))
        for each in system.components
    )


def _switched(system: System, name: str) -> tuple[str, ...]:
    """Return patterns of what a deploy switches for a part."""
    paths = {LINKS: system.release.links, IMAGES: system.release.images}.get(name, ())
    return tuple(MAGIC.sub(r"[\g<0>]", path) for path in paths)
