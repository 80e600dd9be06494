"""Archives of packages (.deb): found on this host or fetched, judged, and kept in the pool."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import Iterator, List, NamedTuple, Tuple

from ....errors import HostError
from ....files import lookup, reach
from ....files.handles import DIRECTORY, FRESH, Irregular, open_regular
from ....files.read import blocks, sha256
from ....files.tree import Tree
from ....messages.backup.packages import PackagesRequest
from ....state import directory as places
from ....system import disk
from ....system.command import run
from .database import InstalledPackage, asked

FETCHING = 60.0
"""Seconds in which one archive is fetched."""

FETCHED = ".fetched"
"""The directory in the pool into which apt fetches."""

END = ".deb"
CACHE = "/var/cache/apt/archives/"
"""Where apt keeps archives unless its configuration says otherwise."""


class Archive(NamedTuple):
    """An archive: its path, the digest of its bytes, and how many they are."""

    path: str
    sha256: str
    size: int


def field(path: str) -> Tuple[str, str, str]:
    """Return name, version and architecture of an archive; three times "" where it is none."""
    done = asked("dpkg-deb", "--field", path, "Package", "Version", "Architecture")
    found = dict(line.split(": ", 1) for line in done.out.splitlines() if ": " in line)
    if done.code:
        return "", "", ""
    return found.get("Package", ""), found.get("Version", ""), found.get("Architecture", "")


def fault(path: str, package: InstalledPackage) -> str:
    """Return why an archive is not that of an installed package, "" where it is.

    Of one version there may be several builds: the digests of the files tell them apart.
    """
    name, version, architecture = field(path)
    wanted = (package.name.partition(":")[0], package.version, package.architecture)
    if (name, version, architecture) != wanted:
        return f"is {name or 'no package'} {version} {architecture}".rstrip()
    shipped = asked("dpkg-deb", "--info", path, "md5sums")
    there = asked("dpkg-query", "--control-show", package.name, "md5sums")
    if shipped.code or there.code:
        return ""  # dpkg wrote its own list, from what it unpacked
    same = sorted(shipped.out.split("\n")) == sorted(there.out.split("\n"))
    return "" if same else f"is another build of {version}: its files have other digests"


def judged(path: str) -> Archive:
    """Return an archive with its digest.

    Raises:
        OSError: it is gone, or may not be read.
    """
    opened, found = reach.opened(path)
    try:
        return Archive(path, sha256(opened, found.st_size), found.st_size)
    finally:
        os.close(opened)


def name(package: InstalledPackage, digest: str) -> str:
    """Return under which name an archive is kept: as apt has it, and its digest."""
    return f"{stem(package)}.{digest[:16]}{END}"


def stem(package: InstalledPackage) -> str:
    """Return how apt names the archive of a package."""
    version = package.version.replace(":", "%3a")  # as apt writes an epoch
    return f"{package.name.partition(':')[0]}_{version}_{package.architecture}"


def local(request: PackagesRequest, package: InstalledPackage) -> Tuple[List[Archive], List[str]]:
    """Return the archives of a package on this host, and why others are not of it.

    They are in the pool, in apt's own cache, or in a directory that the manifest names.
    """
    found: List[Archive] = []
    others: List[str] = []
    for path in _candidates(request, package):
        why = fault(path, package)
        if not why:
            with contextlib.suppress(OSError):
                found.append(judged(path))
        elif "build" in why or os.path.basename(path).startswith(stem(package)):
            others.append(f"{path} {why}")
    return found, others


def _candidates(request: PackagesRequest, package: InstalledPackage) -> Iterator[str]:
    begin = f"{package.name.partition(':')[0]}_"
    for directory in (request.pool, cache(), *request.sources):
        inside: List[str] = []
        with contextlib.suppress(OSError):
            inside = lookup.names(directory)
        for each in inside:
            if each.startswith(begin) and each.endswith(END):
                yield os.path.join(directory, each)


def cache() -> str:
    """Return the directory in which apt keeps what it fetched."""
    done = run(["apt-config", "shell", "D", "Dir::Cache::archives/d"], 10.0)
    found = done.out.strip().partition("=")[2].strip("'")
    return found if found.startswith("/") else CACHE


def kept(request: PackagesRequest, package: InstalledPackage) -> Archive:
    """Keep the archive of an installed package in the pool; fetch it where it is nowhere here.

    Raises:
        HostError: it cannot be had; nothing is kept.
    """
    found, others = local(request, package)
    first = found[0] if found else _offered(request, package, others)
    if os.path.dirname(first.path) != request.pool or not found:
        refuse_full(request.pool, package.words, first.size)
    if request.dry:
        return first
    return stored(request.pool, first if found else _fetched(request, package, others), package)


def refuse_full(pool: str, words: str, size: int) -> None:
    """Refuse to keep an archive for which there is no room, before anything of it is written.

    Raises:
        HostError: kind `full`.
    """
    for room in (each for each in disk.rooms([disk.Need(pool, size, 1)]) if not each.enough):
        raise HostError(
            f"there is no room for the archive of {words} in {pool}: {room.mount} has "
            f"{room.free} bytes free, it needs {room.need}",
            f"free space on the host: df -h {room.mount}; or name another pool in [release]",
            "full",
        )


def stored(pool: str, found: Archive, package: InstalledPackage) -> Archive:
    """Return an archive once it has its place in the pool, durably."""
    place = os.path.join(pool, name(package, found.sha256))
    if found.path != place:
        _copied(pool, found, os.path.basename(place))
    with Tree(pool) as tree:  # the archives that records had last stay in the pool
        os.utime(os.path.basename(place), dir_fd=tree.directory(""), follow_symlinks=False)
    forget_fetched(pool)
    return found._replace(path=place)


def wanted(package: InstalledPackage) -> str:
    """Return by which words apt is asked for the archive of a package."""
    plain = package.name.partition(":")[0]
    architecture = "" if package.architecture == "all" else f":{package.architecture}"
    return f"{plain}{architecture}={package.version}"


def _nowhere(
    request: PackagesRequest, package: InstalledPackage, said: str, others: List[str]
) -> HostError:
    """Return that the archive of an installed package cannot be had."""
    where = ", ".join([request.pool, cache(), *request.sources])
    also = f"; {'; '.join(others)}" if others else ""
    return HostError(
        f"the archive of {package.words} cannot be kept: it is not in {where}, and apt cannot "
        f"fetch it: {said}{also}",
        f"on the host: cd {cache()} && apt-get download {wanted(package)}; or copy the archive "
        "into a directory that sources of [release] names; then run the same command again",
    )


def _offered(request: PackagesRequest, package: InstalledPackage, others: List[str]) -> Archive:
    """Return an archive that apt would fetch."""
    done = run(["apt-get", "download", "--print-uris", wanted(package)], FETCHING)
    words = done.out.split()
    if done.code or not words:
        raise _nowhere(request, package, done.words, others)
    size = words[2] if len(words) > 2 and words[2].isdigit() else "0"  # noqa: PLR2004 - a column
    return Archive(f"{request.pool}/{stem(package)}{END}", "", int(size))


def _fetched(request: PackagesRequest, package: InstalledPackage, others: List[str]) -> Archive:
    """Return an archive that apt has fetched now."""
    path, said = fetched(request.pool, wanted(package), FETCHING)
    why = fault(path, package) if path else ""
    if not path or why:
        raise _nowhere(request, package, said or f"what it fetched {why}", others)
    return judged(path)


def fetched(pool: str, wanted: str, seconds: float) -> Tuple[str, str]:
    """Return the path of what apt has fetched now, or "" and why it has not."""
    forget_fetched(pool)
    os.close(_inside(pool, FETCHED))
    place = os.path.join(pool, FETCHED)
    options = ("-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=1")
    done = run(["apt-get", "download", *options, wanted], seconds, cwd=place)
    names = [each for each in lookup.names(place) if each.endswith(END)]
    if done.code or not names:
        return "", f"no answer within {seconds:g} s" if done.timed_out else done.words
    return os.path.join(place, names[0]), ""


def _inside(pool: str, below: str = "") -> int:
    """Return a descriptor of the pool, or of a directory in it, made where it is missing."""
    above = places.made(pool)
    if not below:
        return above
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(below, places.PRIVATE, dir_fd=above)
        return os.open(below, DIRECTORY, dir_fd=above)
    finally:
        os.close(above)


def forget_fetched(pool: str) -> None:
    """Remove what was fetched, once it has its place in the pool."""
    place = os.path.join(pool, FETCHED)
    if lookup.kind(place, follow=False) == "directory":
        with Tree(place) as tree:
            for each in os.listdir(tree.directory("")):
                os.unlink(each, dir_fd=tree.root)


def _copied(pool: str, source: Archive, new: str) -> None:
    """Copy an archive into the pool, durably, under its name."""
    fresh = f".{new}.new"
    inside = _inside(pool)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(fresh, dir_fd=inside)
        digest = _poured(source, os.open(fresh, FRESH, 0o600, dir_fd=inside))
        if digest != source.sha256:
            raise HostError(f"{source.path} changed meanwhile", "run the same command again")
        os.rename(fresh, new, src_dir_fd=inside, dst_dir_fd=inside)
        os.fsync(inside)
    except OSError as error:
        with contextlib.suppress(OSError):  # half of it would take the room that is missing
            os.unlink(fresh, dir_fd=inside)
        raise HostError(
            f"the archive {source.path} cannot be kept in {pool}: {error.strerror}",
            f"free space, see 'df {pool}' on the host; then run the same command again",
        ) from error
    finally:
        os.close(inside)


def _poured(source: Archive, target: int) -> str:
    digest = hashlib.sha256()
    with os.fdopen(target, "wb") as file:
        opened, found = reach.opened(source.path)
        try:
            for block in blocks(opened, found.st_size):
                digest.update(block)
                file.write(block)
        finally:
            os.close(opened)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def wrong(pool: str, archive: str, digest: str) -> str:
    """Return what is wrong with an archive in the pool, "" where it has the recorded digest.

    A pool that others can write is none: dpkg reads the archive once more, after we have.
    """
    if not archive:
        return "it was not kept"
    try:
        os.close(places.opened(pool))
        with Tree(pool) as tree:
            opened = open_regular(*tree.parent(archive))
            try:
                found = sha256(opened, os.fstat(opened).st_size)
            finally:
                os.close(opened)
    except (FileNotFoundError, places.Absent):
        return "it is gone"
    except HostError as error:
        return error.message.replace("the state directory", "the pool")
    except (OSError, Irregular) as error:
        return f"it cannot be read: {getattr(error, 'strerror', None) or error}"
    return "" if found == digest else "other bytes than recorded"
