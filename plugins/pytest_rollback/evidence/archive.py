"""The archive of a bundle: its folder in one file, and whether that file is nothing else.

Programs differ in what they read of an archive: of two members with one name some take the first,
of two streams some take both, and what lies behind the end is for nobody or for somebody. So an
archive is unaltered only if it is what would be written of the files that were found in it.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.errors import UsageError
from pytest_rollback.text import named_files

HELP = "rollback report verify --help"

MOST = 512 << 20
"""Bytes of an archive, and of what it holds: it may come from a stranger."""

HEADER = bytes.fromhex("1f8b08000000000000ff")
"""How its one stream begins: without name, comment, further fields and time."""

LARGE = f"is larger than {MOST >> 20} MB"
GZIP = 16 + zlib.MAX_WBITS
PLAIN = (tarfile.REGTYPE, tarfile.AREGTYPE)
BROKEN = (tarfile.TarError, zlib.error, OSError, ValueError, OverflowError, RecursionError)
"""What reading an archive raises that somebody has damaged."""


class Unpacked(NamedTuple):
    """What an archive holds.

    Args:
        folder: its bundle, in a place of its own.
        faults: what else there is, or is not as it would be written; a line each.
    """

    folder: Path
    faults: tuple[str, ...]


def files(folder: Path) -> list[str]:
    """Return the names of all regular files of a bundle, in order; links are no evidence."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def archive_of(folder: Path) -> Path:
    """Return where the archive of a bundle is."""
    return folder.with_name(f"{folder.name}.tar.gz")


def archived(folder: Path) -> Path:
    """Write the bundle as one file; the same content gives the same bytes."""
    target = archive_of(folder)
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with (
        os.fdopen(os.open(fresh, flags, 0o600), "wb") as file,
        gzip.GzipFile("", "wb", 6, file, mtime=0) as zipped,
    ):
        zipped.write(packed(folder))
    fresh.replace(target)
    return target


def packed(folder: Path) -> bytes:
    """Return what the archive of a folder as it is now holds, before it is compressed."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in files(folder):
            archive.addfile(*member(folder, name))
    return raw.getvalue()


def member(folder: Path, name: str) -> tuple[tarfile.TarInfo, io.BytesIO]:
    """Return a file as the archive holds it: without owner and time, mode 0600."""
    content = (folder / name).read_bytes()
    info = tarfile.TarInfo(f"{folder.name}/{name}")
    info.size, info.mode = len(content), 0o600
    return info, io.BytesIO(content)


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """Yield what an archive holds, in a place of its own.

    Raises:
        UsageError: it is no archive of a bundle.
    """
    with tempfile.TemporaryDirectory(prefix="bundle-") as place:
        try:
            held, faults = uncompressed(named_files.content(path, MOST))
            extracted(held, place)
        except BROKEN as error:
            what = getattr(error, "strerror", None) or error
            raise UsageError(f"{path} is not an archive of a bundle: {what}", hint=HELP) from error
        inside = [each for each in Path(place).iterdir() if each.is_dir()]
        if len(inside) != 1:
            raise UsageError(f"{path} has {len(inside)} folders, not 1", hint=HELP)
        if held != packed(inside[0]):
            faults += ("it holds more than its files, or not as they would be written",)
        yield Unpacked(inside[0], faults)


def uncompressed(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return what the first stream of a file holds, and what else the file has, a line each.

    Raises:
        zlib.error, ValueError: it is no such file, is torn, or holds too much.
    """
    stream = zlib.decompressobj(GZIP)
    held = stream.decompress(raw, MOST)
    if stream.unconsumed_tail:
        raise ValueError(f"what it holds {LARGE}")
    if not stream.eof:
        raise ValueError("it ends too early")
    faults = []
    if not raw.startswith(HEADER):
        faults.append("it begins with another header than would be written")
    if stream.unused_data:
        faults.append(f"{len(stream.unused_data)} bytes follow after its end")
    return held, tuple(faults)


def extracted(held: bytes, place: str) -> None:
    """Write the members of an archive below a place.

    Raises:
        tarfile.TarError, OSError, ValueError: one is no plain file, leads elsewhere, or is torn.
    """
    end = -1
    with tarfile.open(fileobj=io.BytesIO(held), mode="r:") as archive:
        for each in archive:
            if each.type not in PLAIN or each.sparse is not None:
                raise ValueError(f"{each.name!r} is no plain file")
            if each.size < 0 or each.offset <= end:  # it would be read in a circle
                raise ValueError(f"{each.name!r} is damaged")
            end = each.offset
            archive.extract(each, place, filter="data")
