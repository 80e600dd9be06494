"""Where else a system lies than below its root: files of its own that its units read there."""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from pathlib import PurePosixPath

from pytest_rollback.agent.messages.services.survey import SurveyedUnit
from pytest_rollback.cli.init.candidates import Candidate, is_below, slug
from pytest_rollback.cli.init.lines import TomlLine
from pytest_rollback.manifest.release import BACKUPS

OPERATING = ("/bin", "/boot", "/dev", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/tmp")  # noqa: S108 - nothing is made there
"""What no release brings."""

SETTINGS = ("/etc", "/usr/local/etc")
"""Where a system has a directory of settings; elsewhere one of its name may have data."""


def lines(candidate: Candidate, name: str) -> Iterator[TomlLine]:
    """Yield, as a comment, the roots of a system that lies in several places.

    It is open, since with them every path of the file is absolute, and a deploy has to bring them.
    """
    found = dict(_found(candidate, name))
    if not found or candidate.strategy != BACKUPS:
        return
    seen = "; ".join(dict.fromkeys(found.values()))
    asks = f"in place of root where deploys change these: docs/recipes/roots.md; {seen}"
    yield TomlLine("roots", [candidate.root, *sorted(found)], asks=asks, hidden=True)


def _found(candidate: Candidate, name: str) -> Iterator[tuple[str, str]]:
    """Yield each place outside of the root, with who reads a file there."""
    for unit in candidate.units:
        for file in unit.variables:
            path = os.path.normpath(file.path)
            if not is_below(path, candidate.root) and not path.startswith(
                tuple(f"{each}/" for each in OPERATING)
            ):
                yield place(path, unit, name), f"{path} of {unit.name}: {file.seen}"


def place(path: str, unit: SurveyedUnit, name: str) -> str:
    """Return the directory of a file where that bears the system's name; else the file alone.

    Every other directory may be of somebody else as well, as `/etc` and `/etc/default` are.
    """
    above = PurePosixPath(path).parent
    is_own = str(above.parent) in SETTINGS and slug(above.name) in {name, slug(unit.name)}
    return str(above) if is_own else path
