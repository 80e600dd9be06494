"""A dump that is one file: opened once, hashed, untouched meanwhile, and read by lines."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import BinaryIO, Callable, Iterable, Iterator, NamedTuple, Tuple

from ..errors import HostError
from ..files import reach
from ..files.read import sha256
from .events import CHANGED

OTHERS = stat.S_IROTH | stat.S_IWOTH


class OpenFile(NamedTuple):
    """A dump that is open, at its beginning: its kind, its digest and its bytes."""

    kind: str
    path: str
    sha256: str
    bytes: int
    file: BinaryIO


def stamp(path: str) -> Tuple[int, ...]:
    """Return what tells that a dump was not touched."""
    found = reach.status(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@contextlib.contextmanager
def opened(path: str, kind_of: Callable[[BinaryIO], str]) -> Iterator[OpenFile]:
    """Yield a dump, read whole and hashed; `kind_of` tells what it is, "" for no dump.

    Raises:
        OSError: it cannot be read.
        HostError: it was written to meanwhile.
    """
    before = stamp(path)
    with reach.file(path) as file:
        kind = kind_of(file)
        file.seek(0)
        size = os.fstat(file.fileno()).st_size
        digest = sha256(file.fileno(), size)
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        yield OpenFile(kind, path, digest, size, file)
    if stamp(path) != before:
        raise HostError(*CHANGED)


def exposure(state: os.stat_result, name: str = "") -> str:
    """Return in words that others can read or write a dump, or a file of it; "" if they cannot."""
    if not state.st_mode & OTHERS:
        return ""
    whose = f"its {name} can" if name else "can"
    return f"{whose} be read or written by anybody (mode {stat.S_IMODE(state.st_mode):04o})"


def lines_of(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a text that comes in blocks."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest
