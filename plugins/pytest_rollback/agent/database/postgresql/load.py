"""A dump, put into an empty database that nobody knows: the very bytes that were hashed.

A file is opened once, hashed and handed to the tool as its input, so that it can lie where the role
cannot read. A directory is copied for the role while it is hashed.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import pwd
import re
import shutil
import stat
import threading
from typing import BinaryIO, Iterator, NamedTuple

from ...errors import HostError
from ...files import lookup, reach
from ...files.handles import FRESH
from ...files.read import sha256
from ...files.tree import Tree
from ...system import temporary
from . import dump as dumps
from .dump import ARCHIVER, TOOLS
from .server import ASKING, PLAIN, Server, said

ENTRY = re.compile(r"^\d+; \d+ \d+ TABLE (?!DATA |ATTACH )", re.MULTILINE)
COUNT = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_(toast|temp)';
"""
COPY = "dump"
CHANGED = ("the dump changed since the plan was made", "run the same command again")


class OpenDump(NamedTuple):
    """A dump that is open: its digest, and either the file at its beginning or the directory."""

    kind: str
    path: str
    sha256: str
    bytes: int
    file: BinaryIO | None


def stamp(path: str) -> list[int]:
    """Return what tells that a dump was not touched: of a directory, that none of it was."""
    found = [reach.status(path)]
    if stat.S_ISDIR(found[0].st_mode):
        found += [reach.status(f"{path}/{name}", follow=False) for name in lookup.names(path)]
    return [
        number
        for each in found
        for number in (each.st_dev, each.st_ino, each.st_size, each.st_mtime_ns, each.st_ctime_ns)
    ]


@contextlib.contextmanager
def opened(path: str) -> Iterator[OpenDump]:
    """Yield a dump, read whole and hashed.

    Raises:
        OSError: it cannot be read.
        HostError: it was written to meanwhile.
    """
    before = stamp(path)
    if lookup.kind(path) == "directory":
        digest = hashlib.sha256()
        for name, each in _members(path):
            digest.update(f"{each} {name}\n".encode("utf-8", "surrogateescape"))
        yield OpenDump("directory", path, digest.hexdigest(), sum(before[2::5]), None)
    else:
        with reach.file(path) as file:
            kind = dumps.kind_of(file)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            size = os.fstat(file.fileno()).st_size
            digest_ = sha256(file.fileno(), size)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            yield OpenDump(kind, path, digest_, size, file)
    if stamp(path) != before:
        raise HostError(*CHANGED)


def _members(path: str) -> Iterator[tuple[str, str]]:
    for name in lookup.names(path):
        with reach.file(f"{path}/{name}", follow=False) as file:
            yield name, sha256(file.fileno(), os.fstat(file.fileno()).st_size)


@contextlib.contextmanager
def readable(server: Server, source: OpenDump) -> Iterator[OpenDump]:
    """Yield the dump so that the server's account can read it; a directory is copied for it."""
    if source.file is not None or not server.account:
        yield source
        return
    with temporary.directory("dump-") as place:
        handed_over(source, place, pwd.getpwnam(server.account))
        yield source._replace(path=f"{place}/{COPY}")


def handed_over(source: OpenDump, place: str, account: pwd.struct_passwd) -> None:
    """Copy a directory into one of ours, and give it to an account: it gets in when all is done.

    Raises:
        OSError: what it holds is no regular file, or cannot be read.
        HostError: it is not what was hashed.
    """
    with Tree(place) as tree:
        os.mkdir(COPY, 0o700, dir_fd=tree.root)
        directory = tree.directory(COPY)
        for name in lookup.names(source.path):
            copy = os.fdopen(os.open(name, FRESH, 0o400, dir_fd=directory), "wb")
            with copy, reach.file(f"{source.path}/{name}", follow=False) as file:
                shutil.copyfileobj(file, copy, dumps.BLOCK)
                os.fchown(copy.fileno(), account.pw_uid, account.pw_gid)
        with opened(f"{place}/{COPY}") as copied:
            if copied.sha256 != source.sha256:
                raise HostError(*CHANGED)
        for each in (directory, tree.root):
            os.fchown(each, account.pw_uid, account.pw_gid)


def tables(server: Server, source: OpenDump) -> int:
    """Return how many tables an archive holds, by its table of contents.

    Raises:
        HostError: it cannot be read.
    """
    words = [] if source.file else [source.path]
    outcome = server.call(ARCHIVER, ["-l", *words], None, ASKING, given=source.file)
    if source.file:
        os.lseek(source.file.fileno(), 0, os.SEEK_SET)
    if outcome.code:
        raise HostError(f"{ARCHIVER} cannot list {source.path}: {said(outcome)}", server.hint)
    return len(ENTRY.findall(outcome.out))


def load(server: Server, name: str, source: OpenDump, timeout: float) -> None:
    """Put a dump into a database, and have the server look at what it got.

    Raises:
        HostError: not all of it went in.
    """
    if source.kind in TOOLS:
        argv = [*PLAIN, "--single-transaction", "-f", "-", "-o", os.devnull]
        with text(source) as given:
            outcome = server.call("psql", argv, name, timeout, given=given)
    else:
        words = [] if source.file else [source.path]
        argv = ["--exit-on-error", "--no-password", *words]
        outcome = server.call(ARCHIVER, argv, name, timeout, given=source.file)
    if outcome.code or outcome.timed_out:
        why = f"timed out after {timeout:.0f} s" if outcome.timed_out else said(outcome)
        raise HostError(
            f"the dump {source.path} cannot be restored: {why}",
            f"nothing was changed; try it on the host: createdb trial, then restore into it: "
            f"{server.hint}",
        )
    server.sql("ANALYZE;", name, timeout)


@contextlib.contextmanager
def text(source: OpenDump) -> Iterator[BinaryIO | None]:
    """Yield a plain dump's text as an open file; a compressed one is unpacked on the way.

    Raises:
        HostError: it could not be unpacked to its end.
    """
    if source.kind == "plain":
        yield source.file
        return
    reading, writing = os.pipe()
    failed: list[str] = []

    def unpack() -> None:
        try:
            whole = gzip.GzipFile(fileobj=source.file)
            with os.fdopen(writing, "wb") as out, whole:
                shutil.copyfileobj(whole, out, dumps.BLOCK)
        except BrokenPipeError:
            pass  # psql stopped at an error, and says which
        except Exception as error:  # noqa: BLE001 - it is raised for every criterion that asks
            failed.append(str(error))

    worker = threading.Thread(target=unpack, daemon=True)
    worker.start()
    with os.fdopen(reading, "rb", 0) as given:
        yield given
    worker.join()
    if failed:
        raise HostError(f"the dump {source.path} cannot be unpacked: {failed[0]}", "make it again")


def check(server: Server, name: str, wanted: int) -> int:
    """Return how many tables a database has.

    Raises:
        HostError: they are fewer than the dump has.
    """
    found = int(server.sql(COUNT, name))
    if found < max(1, wanted):
        raise HostError(
            f"{found} of {wanted} tables exist after the dump was restored beside the database",
            "nothing was changed; check the dump with pg_restore -l, and dump again",
        )
    return found
