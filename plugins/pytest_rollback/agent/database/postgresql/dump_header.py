"""What a dump says of itself: its database, when it was made, and by which version, of which.

It stands at the beginning, also of an archive that `pg_restore` cannot read as it is too old for
it: that is why the archive's own format is read here.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import time
import zlib
from typing import BinaryIO, NamedTuple

from ...files import reach

PLAIN = re.compile(
    rb"^-- Dumped from database version ([^\n]{1,80})\n-- Dumped by pg_dump version ([^\n]{1,80})$",
    re.MULTILINE,
)
BEGINNING = 4096
"""Bytes that hold all of it."""

LONGEST = 1024
NUMBER = re.compile(r"\d+(?:\.\d+)?")
OLD = 10
COMPRESSED_BY_NAME = (1, 15)
"""The first archive whose compression is one byte, and no number."""

WITH_VERSIONS = (1, 10)
"""The first archive that tells both versions."""

DAMAGE = (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, OverflowError, IndexError)


class DumpHeader(NamedTuple):
    """What a dump says of itself; "" and 0 for what it does not.

    `created` is in seconds since 1970; `server` is the version of the server that was dumped, and
    `tool` that of the `pg_dump` that did so, in their words.
    """

    database: str = ""
    created: float = 0.0
    server: str = ""
    tool: str = ""

    def is_newer_than(self, version: str) -> bool:
        """Return whether it was made by a `pg_dump` of a newer major version."""
        return bool(self.tool) and float(major_of(self.tool)) > float(major_of(version))

    def reader(self, version: str = "") -> str:
        """Return the major version whose tools can read it; "0" where nobody can tell.

        That is the one of the server, its own one where none is given; or of a newer `pg_dump`.
        """
        server = major_of(version or self.server)
        return major_of(self.tool) if self.is_newer_than(server) else server


def major_of(version: str) -> str:
    """Return the major version in somebody's words: "18" of 18.4, "9.6" of 9.6.24, "0" of none."""
    found = NUMBER.search(version)
    if found is None:
        return "0"
    return found[0] if float(found[0]) < OLD else found[0].partition(".")[0]


def of(path: str, kind: str) -> DumpHeader:
    """Return what a dump of a format says of itself."""
    try:
        place = f"{path}/toc.dat" if kind == "directory" else path
        with reach.file(place, follow=kind != "directory") as file:
            return read(file, kind)
    except DAMAGE:
        return DumpHeader()


def of_any(path: str) -> DumpHeader:
    """Return what a dump of whatever format says of itself; nothing of what is no dump."""
    found = (of(path, kind) for kind in ("custom", "directory", "tar", "plain", "plain, gzip"))
    return next((each for each in found if each != DumpHeader()), DumpHeader())


def read(file: BinaryIO, kind: str) -> DumpHeader:
    """Return what the beginning of a file says; raises one of `DAMAGE` where it is none."""
    if kind.startswith("plain"):
        text = gzip.GzipFile(fileobj=file) if kind.endswith("gzip") else file
        found = PLAIN.search(text.read(BEGINNING))
        words = (each.decode("utf-8", "replace") for each in found.groups()) if found else ("", "")
        return DumpHeader("", 0.0, *words)
    if kind == "tar":
        file.seek(tarfile.BLOCKSIZE)
    return ArchiveBeginning(file.read(BEGINNING)).header()


class ArchiveBeginning:
    """The beginning of an archive: numbers of a width of its own, and texts with their length."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def header(self) -> DumpHeader:
        """Return what it says; raises one of `DAMAGE` where it is none."""
        if self._bytes(5) != b"PGDMP":
            raise ValueError("not an archive")
        version = (self._byte(), self._byte())
        _, self.width, _, _ = (self._byte() for _ in range(4))
        if not 1 <= self.width <= 8:  # noqa: PLR2004 - no machine has longer ones
            raise ValueError("not an archive")
        if version >= COMPRESSED_BY_NAME:
            self._byte()
        else:
            self._number()
        second, minute, hour, day, month, year, _ = (self._number() for _ in range(7))
        local = (year + 1900, month + 1, day, hour, minute, second, 0, 0, -1)
        name = self._text()
        versions = (self._text(), self._text()) if version >= WITH_VERSIONS else ("", "")
        return DumpHeader(name, time.mktime(local), *versions)

    def _bytes(self, size: int) -> bytes:
        found = self.content[self.at : self.at + size]
        if len(found) < size:
            raise EOFError
        self.at += size
        return found

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _number(self) -> int:
        sign = self._byte()
        return int.from_bytes(self._bytes(self.width), "little") * (-1 if sign else 1)

    def _text(self) -> str:
        size = self._number()
        if size > LONGEST:
            raise ValueError("not an archive")
        return self._bytes(max(0, size)).decode("utf-8", "replace")
