"""The files that recorded packages bring back: unpacked apart, beside what is live of them."""

from __future__ import annotations

import contextlib
import os
import re
from typing import Dict, Iterable, Iterator, NamedTuple, Optional, Sequence, Tuple

from ..backup.strategies.packages import archives, conffiles, recorded
from ..backup.strategies.packages.recorded import RecordedPackage
from ..configuration import check
from ..configuration.units.sources import Installed
from ..errors import HostError
from ..files import comparison, lookup, reach, state
from ..files.metadata import FileEntry
from ..files.tree import Tree
from ..messages.configuration import ConfigurationFaults, ConfigurationRequest
from ..messages.location import Location
from ..messages.trial import Trial, TrialRequest
from ..observe.trial import trial
from ..observe.trial.trial_site import Fetch, ReleaseToCome
from ..state import backup_set
from ..system import temporary
from ..system.command import run
from ..system.package_owners import installed_files
from .entry import of_commit

SECONDS = 120.0
"""In which one archive is unpacked."""

UNIT = re.compile(r"(?:usr/)?(?:lib|etc)/systemd/system/.+")
"""Where packages have unit files, below `/`."""


class UnpackedPackages(NamedTuple):
    """The files of packages below `/`, unpacked at `place`; "" where a release has no packages.

    `paths` has where each of them lies there, by its real path on this host, and `gone` are real
    paths of live files that none of them has.
    """

    place: str = ""
    paths: Dict[str, str] = {}  # noqa: RUF012 - never changed
    gone: Tuple[str, ...] = ()

    def path(self, root: str, name: str) -> str:
        """Return where a file below a root lies unpacked; "" where no package has it."""
        there = self.paths.get(conffiles.real(os.path.join(root, name)))
        return os.path.join(self.place, there) if there else ""

    def release(self, root: str, fetch: Optional[Fetch]) -> ReleaseToCome:
        """Return what these packages change below a root, and their units.

        `fetch` gives the content of what they have not.
        """
        if not self.place:
            return ReleaseToCome(fetch=fetch)
        below = f"{os.path.realpath(root).strip('/')}/"
        entries: Dict[str, FileEntry] = {}
        with Tree(self.place) as tree, Tree(os.path.realpath(root)) as live:
            for real, path in self.paths.items():
                if real.startswith(below):
                    entry = _entry(real[len(below) :], state.live(tree, path))
                    if entry and not comparison.same(entry, state.live(live, entry.path)):
                        entries[entry.path] = entry
        gone = tuple(each[len(below) :] for each in self.gone if each.startswith(below))
        return ReleaseToCome(entries, gone, self.units(), self._fetch(root, fetch))

    def units(self) -> Installed:
        """Return the unit files that come, and those that go."""
        over = {
            f"/{real}": reach.whole(os.path.join(self.place, path))
            for real, path in self.paths.items()
            if UNIT.fullmatch(real) and lookup.kind(os.path.join(self.place, path)) == "file"
        }
        return Installed(over, frozenset(f"/{each}" for each in self.gone if UNIT.fullmatch(each)))

    def _fetch(self, root: str, others: Optional[Fetch]) -> Fetch:
        """Return what gives the content of these files, and of others."""

        def contents(
            files: Sequence[FileEntry],
        ) -> Iterator[Tuple[FileEntry, Optional[bytes]]]:
            left = []
            for entry in files:
                path = self.path(root, entry.path)
                if not path:
                    left.append(entry)
                elif entry.is_link:
                    yield entry, os.fsencode(lookup.target(path))
                else:
                    yield entry, reach.whole(path)
            if left and others:
                yield from others(left)

        return contents


@contextlib.contextmanager
def unpacked(place: Location, pool: str) -> Iterator[UnpackedPackages]:
    """Yield the files of the recorded packages; they are removed afterwards.

    Args:
        place: of the system.
        pool: the directory of the archives; "" where a release has no packages.

    Raises:
        HostError: an archive is gone or altered, or there is no room for its files.
    """
    known = recorded.of(backup_set.read(place.state)) if pool else []
    if not known:
        yield UnpackedPackages()
        return
    with temporary.directory("packages-") as there:
        for each in known:
            _unpack(pool, each, there)
            absent = conffiles.ConffileSet(each.conffiles, each.absent)
            conffiles.put_back(place.state, absent, there)
        paths = dict(_listed(there))
        yield UnpackedPackages(there, paths, tuple(_gone(known, paths)))


def tried(request: TrialRequest) -> Trial:
    """Answer `packages.trial`: see `trial.restored`."""
    with unpacked(request.location, request.pool) as packages:
        coming = packages.release(request.location.root, of_commit(request))
        return trial.restored(request, coming)


def configuration(request: ConfigurationRequest) -> ConfigurationFaults:
    """Answer `packages.configuration`: see `check.seen`."""
    with unpacked(request.location, request.pool) as packages:
        there = {name: packages.path(request.location.root, name) for name in request.files}
        found = {name: path for name, path in there.items() if path}
        return check.seen(request, found, packages.units())


def _unpack(pool: str, known: RecordedPackage, place: str) -> None:
    """Unpack an archive that is as recorded; dpkg reads the very file that was judged."""
    path = os.path.join(pool, known.archive)
    why = archives.wrong(pool, known.archive, known.sha256)
    done = None if why else run(["dpkg-deb", "--extract", path, place], SECONDS)
    if done is None or done.code:
        raise HostError(
            f"{known.words} cannot be unpacked: {done.words if done else f'{path}: {why}'}",
            f"ls -l {path}; df -h {os.path.dirname(place)}",
        )


def _listed(place: str) -> Iterator[Tuple[str, str]]:
    """Yield each file and link below a place: its real path on this host, and its path there."""
    left, reals = [""], {"": ""}
    with Tree(place) as tree:
        while left:
            above = left.pop()
            with os.scandir(tree.directory(above)) as entries:
                for each in entries:
                    path = f"{above}/{each.name}" if above else each.name
                    real = f"{reals[above]}/{each.name}" if reals[above] else each.name
                    if each.is_dir(follow_symlinks=False):
                        left.append(path)
                        reals[path] = os.path.realpath(f"/{real}").strip("/")
                    else:
                        yield real, path


def _gone(known: Iterable[RecordedPackage], paths: Dict[str, str]) -> Iterator[str]:
    """Yield the real paths of live files that packages have now, and will not have."""
    names = installed_files((each.name, each.architecture) for each in known)
    with Tree("/") as tree:
        for real in dict.fromkeys(map(conffiles.real, names)):
            kind = "" if real in paths else state.live(tree, real, -1).kind
            if kind in ("file", state.SYMLINK):
                yield real


def _entry(path: str, found: state.FileState) -> Optional[FileEntry]:
    """Return what an unpacked path is; None where it is neither a file nor a link."""
    if not (found.is_file or found.is_link):
        return None
    entry = conffiles.entry(path, found)
    return entry if found.is_file else entry._replace(kind="link")
