"""Unit files as a rollback leaves them: those of the release over those that are installed."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from typing import Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Sequence, Tuple

from ...files import lookup, reach
from ...messages.location import Location
from ...messages.services.units import GUARD
from ...state import backup_set
from ...state.releases import copies, linked

DROP_INS = ".d/"


class Installed(NamedTuple):
    """Unit files by the absolute paths at which they are, or will be, installed.

    `over` are files whose content will be another one, `gone` those that will not be there.
    """

    over: Dict[str, bytes] = {}  # noqa: RUF012 - never changed: see _replace
    gone: FrozenSet[str] = frozenset()

    def with_others(self, others: Installed) -> Installed:
        """Return these unit files and others, which count where both have one."""
        return Installed({**self.over, **others.over}, self.gone | others.gone)

    def text(self, path: str) -> str:
        """Return the text of a file.

        Raises:
            OSError: it is not there, or cannot be read.
        """
        if path in self.gone:
            raise FileNotFoundError(2, "will not be there", path)
        content = self.over.get(path)
        return (reach.whole(path) if content is None else content).decode("utf-8", "replace")

    def listed(self, pattern: str) -> List[str]:
        """Return the files that match a pattern, sorted."""
        import fnmatch  # noqa: PLC0415 - few units have drop-ins

        there = {path for path in lookup.matching(pattern) if path not in self.gone}
        return sorted(there | {path for path in self.over if fnmatch.fnmatch(path, pattern)})

    def has(self, path: str) -> bool:
        """Return whether a file is, or will be, there."""
        return path not in self.gone and (path in self.over or lookup.kind(path) == "file")


class ReleaseUnits(NamedTuple):
    """The unit files of the previous release, by the names at which they are installed.

    `kept` are its own, drop-ins as `x.service.d/y.conf`; `gone` are drop-ins that the deploy added.
    """

    kept: Tuple[str, ...] = ()
    gone: Tuple[str, ...] = ()


def of_release(
    location: Location, record: backup_set.BackupSet, source: str, names: Sequence[str]
) -> ReleaseUnits:
    """Return which unit files the previous release has for units whose files have these names."""
    place = linked.source(location.state, record, source)
    if place.is_linked:
        return _of_linked(location, place, source, names)
    added = frozenset(record.added)
    recorded = [saved.path for saved in record.files]
    folders = [f"{source}/{name}{DROP_INS}" for name in names]
    live = [path for each in folders for path in _drop_ins(location.root, each)]
    own = [f"{source}/{name}" for name in names]
    there = [path for path in own if lookup.kind(f"{location.root}/{path}") == "file"]
    prefixes = tuple(f"{path}{DROP_INS}" for path in own)
    mine = {path for path in (*recorded, *live) if path.startswith(prefixes)}
    kept = [*there, *(path for path in recorded if path in own), *sorted(mine)]
    short = len(source) + 1
    return ReleaseUnits(
        tuple(dict.fromkeys(path[short:] for path in kept if path not in added)),
        tuple(sorted(path[short:] for path in added if path.startswith(prefixes))),
    )


def _of_linked(
    location: Location, place: linked.SourceFolder, source: str, names: Sequence[str]
) -> ReleaseUnits:
    """Return the same of a release in a directory of its own: its listing has all of its files."""
    below = f"{place.path}/" if place.path else ""
    has = {path[len(below) :] for path in place.digests}
    prefixes = tuple(f"{name}{DROP_INS}" for name in names)
    kept = [*(name for name in names if name in has), *sorted(_conf(has, prefixes))]
    live = {
        path[len(source) + 1 :]
        for name in names
        for path in _drop_ins(location.root, f"{source}/{name}{DROP_INS}")
    }
    return ReleaseUnits(tuple(dict.fromkeys(kept)), tuple(sorted(live - has)))


def _conf(names: Iterable[str], prefixes: Tuple[str, ...]) -> Iterator[str]:
    """Yield the drop-ins among some files."""
    for name in names:
        base = os.path.basename(name)
        if name.startswith(prefixes) and base.endswith(".conf") and not base.startswith("."):
            yield name


def _drop_ins(root: str, directory: str) -> Iterator[str]:
    """Yield the drop-ins in a directory of the release, relative to the root."""
    with contextlib.suppress(OSError):
        for name in lookup.names(f"{root}/{directory}"):
            if name.endswith(".conf") and not name.startswith("."):
                yield directory + name


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
    place = linked.source(location.state, record, source)
    where = copies.of(location, record)
    found = of_release(location, record, source, names)
    over: Dict[str, bytes] = {}
    for name in found.kept:
        path = f"{place.path}/{name}" if place.path else name
        is_copy = path in place.digests and not place.is_linked
        saved = where.place(path) if is_copy else f"{place.root}/{path}"
        if lookup.kind(saved) == "file":
            over[f"{directory}/{name}"] = reach.whole(saved)
    return Installed(over, frozenset(f"{directory}/{name}" for name in found.gone))


def strays(files: Sequence[str], created: str) -> List[str]:
    """Return which files are younger than a backup set: what is older was there before the deploy.

    Our own guard is none of them.
    """
    since = dt.datetime.fromisoformat(created).timestamp()
    there = [
        path for path in files if not os.path.basename(path).startswith(GUARD) and lookup.kind(path)
    ]
    return [path for path in there if reach.status(path).st_ctime > since]
