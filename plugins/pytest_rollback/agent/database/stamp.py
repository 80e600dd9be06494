"""The stamp of a rehearsal: what was tried, when, and how it went, kept in the state directory."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from typing import Any, Generic, Iterator, Optional, Type, TypeVar

from ..errors import HostError, failed
from ..files.handles import Irregular, open_regular
from ..protocol import decode
from ..state import backup_set
from ..state import directory as places
from .messages import DatabaseAccess, DatabaseRequest, Rehearsal

NAME, LOCK = "rehearsal.json", "rehearsal.lock"
FORMAT = 1
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, RecursionError)
MOST = 1 << 20

Tried = TypeVar("Tried")


def of(request: DatabaseRequest) -> Optional[Rehearsal]:
    """Return the last rehearsal of a restore, None where there is none.

    One of another dump is returned as well: who asks compares the digests, so that it can be told
    from none at all.

    Raises:
        HostError: the stamp cannot be trusted.
    """
    last = read(request.location.state)
    if last and last.subject != subject(request.database):
        last = last._replace(digest="")  # of no dump of this database
    return last


def subject(database: DatabaseAccess) -> str:
    """Return which database is meant, in words; one without a server is a file."""
    if not database.host:
        return database.name
    return f"{database.name} at {database.host}, port {database.port}, as {database.user or '?'}"


class StampFile(Generic[Tried]):
    """A file in the state directory with what was last tried, a NamedTuple."""

    def __init__(self, name: str, key: str, kind: Type[Tried]) -> None:
        """Keep its name, under what its JSON has what was tried, and what that is."""
        self.name, self.key, self.kind = name, key, kind

    def read(self, state: str) -> Optional[Tried]:
        """Return what was last tried, None where nothing was.

        A stamp of before a field was there has what that is by itself.

        Raises:
            HostError: others can write it, or it is damaged.
        """
        path = os.path.join(state, self.name)
        raw = _raw(state, self.name)
        if raw is None:
            return None
        kind: Any = self.kind
        try:
            document = json.loads(raw)
            if document["format"] != FORMAT:
                raise ValueError(f"format {document['format']!r} instead of {FORMAT}")
            facts = {**kind._field_defaults, **document[self.key]}
            found: Tried = decode(kind, [facts[each] for each in kind._fields])
        except (HostError, *DAMAGE) as error:
            raise HostError(f"the stamp {path} is damaged: {error}", again(path)) from error
        return found

    def write(self, state: str, tried: Tried) -> None:
        """Put a stamp in the place of the one there. Atomic, durable, 0600.

        Raises:
            HostError: the state directory cannot be used.
        """
        facts: Any = tried
        document = {"format": FORMAT, self.key: facts._asdict()}
        directory = places.made(state)
        try:
            content = json.dumps(document, indent=1).encode() + b"\n"
            backup_set.replace(directory, self.name, content)
        except OSError as error:
            raise failed(error, os.path.join(state, self.name)) from error
        finally:
            os.close(directory)


REHEARSAL = StampFile(NAME, "rehearsal", Rehearsal)
read, write = REHEARSAL.read, REHEARSAL.write


def _raw(state: str, name: str) -> Optional[bytes]:
    """Return the bytes of a stamp, None where there is none.

    Raises:
        HostError: it cannot be read, or others can write it.
    """
    path = os.path.join(state, name)
    try:
        directory = places.opened(state)
    except places.Absent:
        return None
    try:
        opened = open_regular(directory, name)
    except FileNotFoundError:
        return None
    except (Irregular, OSError) as error:
        raise HostError(f"the stamp {path} cannot be read: {error}", again(path)) from error
    finally:
        os.close(directory)
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(opened)
        if found.st_mode & places.OTHERS or found.st_uid not in {0, os.geteuid()}:
            raise HostError(f"the stamp {path} can be written by others", again(path))
        return file.read(MOST)


@contextmanager
def alone(state: str) -> Iterator[None]:
    """Keep every other rehearsal of this system away; the kernel frees the lock when we die.

    Raises:
        HostError: another one is at work, kind `held`.
    """
    directory = places.made(state)
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        opened = os.open(LOCK, flags, stat.S_IRUSR | stat.S_IWUSR, dir_fd=directory)
    except OSError as error:
        raise failed(error, os.path.join(state, LOCK)) from error
    finally:
        os.close(directory)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise HostError(
            f"another rehearsal of this system is under way: {os.path.join(state, LOCK)} is locked",
            f"wait for it; 'fuser -v {os.path.join(state, LOCK)}' on the host shows its process",
            kind="held",
        ) from error
    finally:
        os.close(opened)


def again(path: str) -> str:
    """Return how to get a good stamp in the place of a bad one."""
    return f"mv -n {path} {path}.bad on the host, then rollback rehearse"
