"""Unit files as a rollback leaves them: those of the release over those that are installed."""

from __future__ import annotations

import glob
import os
from typing import Dict, FrozenSet, List, NamedTuple, Sequence

from ...files import read
from ...messages.location import Location
from ...state import backup_set

LARGEST = 1 << 20
DROP_INS = ".d/"


class Installed(NamedTuple):
    """Unit files by the absolute paths at which they are, or will be, installed.

    `over` are files whose content will be another one, `gone` those that will not be there.
    """

    over: Dict[str, bytes] = {}  # noqa: RUF012 - never changed: see _replace
    gone: FrozenSet[str] = frozenset()

    def text(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            OSError: it is not there, or cannot be read.
        """
        if path in self.gone:
            raise FileNotFoundError(2, "will not be there", path)
        content = self.over.get(path)
        return (read.whole(path) if content is None else content).decode("utf-8", "replace")

    def listed(self, pattern: str) -> List[str]:
        """Return the files that match a pattern, sorted."""
        import fnmatch  # noqa: PLC0415 - few units have drop-ins

        there = {path for path in glob.glob(pattern) if path not in self.gone}
        return sorted(there | {path for path in self.over if fnmatch.fnmatch(path, pattern)})

    def has(self, path: str) -> bool:
        """Return whether a file is, or will be, there."""
        return path not in self.gone and (path in self.over or os.path.isfile(path))


def to_come(
    location: Location, source: str | None, directory: str, names: Sequence[str]
) -> Installed:
    """Return the unit files as they will be after a rollback.

    Args:
        location: of the system.
        source: the directory of unit files below the root, None where there is none.
        directory: where unit files are installed.
        names: the names of the unit files that a rollback installs.

    Raises:
        HostError: there is no record that can be used.
    """
    if source is None:
        return Installed()
    record = backup_set.read(location.state)
    recorded = {saved.path for saved in record.files}
    added = frozenset(record.added)
    over: Dict[str, bytes] = {}
    for name in names:
        path = f"{source}/{name}"
        saved = f"{location.root}/{path}{location.suffix if path in recorded else ''}"
        if path not in added and os.path.isfile(saved):
            over[f"{directory}/{name}"] = read.whole(saved)
    return Installed(over)
