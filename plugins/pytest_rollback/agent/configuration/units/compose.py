"""A service of a compose project: what can be told of it without reading the compose file.

Its program, account, directory and variables are those of its image, in its container: nothing that
it runs is the host's own, and compose itself reads the file.
"""

from __future__ import annotations

import os
from typing import Iterable, Iterator, List, Sequence, Tuple

from ...errors import HostError
from ...messages.location import is_below
from ...system.containers import project
from .definition import CONTAINER, UnitDefinition


def ports(path: str, units: Sequence[str]) -> Iterator[Tuple[str, Tuple[int, ...]]]:
    """Yield each service with its published ports; none where the engine does not answer.

    Args:
        path: the compose file.
        units: services of it.
    """
    try:
        found = project.of(path).containers()
    except HostError:
        return
    for unit in units:
        mine = (each for each in found if each.service == unit)
        yield unit, tuple(sorted({one.port for each in mine for one in each.ports}))


def defined(unit: str, path: str) -> UnitDefinition:
    """Return a service with its file; what it writes is kept by the container engine."""
    return UnitDefinition(unit, (path,), log=CONTAINER)


def left(path: str, roots: Iterable[str]) -> List[str]:
    """Return the files that decide about a service, and that a rollback of roots leaves alone.

    A compose file below the root is of the release, and restored as all of it is; one that lies
    beside the root is of no release.
    """
    return [] if is_below(os.path.realpath(path), [*map(os.path.realpath, roots)]) else [path]
