"""The end of a log file, as far back as a time: its blocks from the end, then rotated files."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, NamedTuple

from ...errors import HostError
from ...system.command import run
from . import reading, rotated
from .offsets import opened
from .reading import LineRead, stamp
from .structured import LONGEST

if TYPE_CHECKING:
    from typing import Sequence

BLOCK = 1 << 18
"""Bytes of one step back. Lines may be out of order by as much."""

MOST = 32 << 20
"""Bytes of log that are looked at; a log that says more is not seen whole."""

WHOLE, OLDER, CUT = "whole", "older", "cut"
"""How a file was read: all of it, back to what is older than asked for, or not far enough."""

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}

HOLE = b"\0" * 16
"""What is left of text that was cut off under a writer: a run of NUL. UTF-16 has shorter ones."""

ASKING = 2.0
"""Seconds for one `stat`: Python does not tell when a file was made."""

LINES = 2048
"""Lines between two looks at the clock."""


class LogTail(NamedTuple):
    """The end of a log. `reached`: nothing younger than the time asked for was left out.

    `is_before`: there is a rotated file that was not written to any more at that time. `holes` are
    the lines above which a run of NUL stands for lines that are lost. `written` is when the log was
    written last, `read` how many bytes of it were looked at.
    """

    lines: list[LineRead]
    reached: bool
    files: list[str]
    read: int
    written: float
    is_before: bool = False
    holes: tuple[int, ...] = ()


def part(path: str, start: float, until: float, begin: int = 0, pid: int = 0) -> LogTail:
    """Return the lines of a log since `start`, and some before; at the deadline what there is.

    What lies above the byte `begin`, and what was rotated away, is known to be of before. `pid` is
    the process that writes it: a file that it holds is read under whatever name.

    Raises:
        OSError: the log is missing, is no regular file, or cannot be read.
        HostError: its lines cannot be read in time.
    """
    pieces: list[bytes] = []
    read, end, files = 0, WHOLE, []
    written = 0.0
    is_before = False
    queue = [path]
    while queue:
        name = queue.pop(0)
        files.append(name)
        with opened(name, follow=name == path) as file:
            written = written or os.fstat(file.fileno()).st_mtime
            piece, end = tail(file, name, start, MOST - read, until, begin=begin)
        pieces.insert(0, piece)
        read += len(piece)
        if end != WHOLE or begin or begins_before(piece, start):
            break
        if name == path:
            earlier = rotated.find(path, start, pid)
            queue, is_before = list(earlier.paths), earlier.has_older
    lines, holes = readings(pieces, path, until)
    return LogTail(lines, end != CUT, files, read, written, is_before, holes)


def begins_before(piece: bytes, start: float) -> bool:
    """Return whether the first time in a piece of a log is older than `start`."""
    for line in piece[:BLOCK].split(b"\n"):
        when = stamp(line[:LONGEST].decode("utf-8", "replace"))
        if when is not None:
            return when < start
    return False


def readings(
    pieces: Sequence[bytes], path: str, until: float
) -> tuple[list[LineRead], tuple[int, ...]]:
    """Return the lines of pieces that follow one another, and those that have a hole above them."""
    found: list[LineRead] = []
    holes = []
    for number, piece in enumerate(pieces):
        for raw in piece.split(b"\n"):
            if b"\0" in raw:
                # At the head of a file it stands for what the file above holds: copytruncate.
                if HOLE in raw and not (number and piece.startswith(raw)):
                    holes.append(len(found))
                raw = raw.replace(b"\0", b"")  # noqa: PLW2901 - the rest is the line
            if not raw.strip():
                continue
            found.append(reading.read(raw.decode("utf-8", "surrogateescape")))
            if not len(found) % LINES and time.monotonic() > until:
                raise HostError(
                    f"{path}: {len(found)} lines were read in the time for all logs, and more are "
                    f"left; the last one is {len(raw)} bytes long",
                    f"tail -c 4096 {path}; reduce the log, or shorten [logs] window",
                )
    return found, tuple(holes)


def tail(
    file: BinaryIO, name: str, start: float, most: int, until: float, *, begin: int
) -> tuple[bytes, str]:
    """Return the end of one file, and how far back it goes."""
    ending = os.path.splitext(name)[1]
    if ending in OPENERS:
        with OPENERS[ending](file) as packed:
            return forwards(packed, name, start, most, until)
    if re.fullmatch(r"\.(zst|lz4|Z)", ending):
        raise OSError(errno.EINVAL, f"is compressed as {ending}, which cannot be read here", name)
    return backwards(file, start, most, until, begin)


def backwards(
    file: BinaryIO, start: float, most: int, until: float, begin: int
) -> tuple[bytes, str]:
    """Read blocks from the end until one whole block is older than `start`, or up to `begin`."""
    position = os.fstat(file.fileno()).st_size
    blocks: list[bytes] = []
    floor, end = max(begin, position - most), CUT
    while position > floor and time.monotonic() < until:
        size = min(BLOCK, position - floor)
        position -= size
        blocks.insert(0, os.pread(file.fileno(), size, position))
        if size >= len(HOLE) and not blocks[0].strip(b"\0"):
            blocks[0] = HOLE
            return b"".join(blocks), WHOLE
        if is_older(blocks[0], start, torn=position > begin):
            end = OLDER
            break
    torn = position > begin
    return whole_lines(blocks, torn=torn), end if torn or end == OLDER else WHOLE


def forwards(
    packed: BinaryIO, name: str, start: float, most: int, until: float
) -> tuple[bytes, str]:
    """Read a compressed file, which has no end to begin with, and keep what is young enough."""
    kept: list[bytes] = []
    count, end = 0, WHOLE
    block = packed.read(BLOCK)
    while block:
        if is_older(block, start, torn=count > 0):
            kept, end = [], OLDER
        kept.append(block)
        count += 1
        if len(kept) * BLOCK > most:
            del kept[0]
            end = CUT
        if time.monotonic() > until:
            raise OSError(errno.ETIMEDOUT, "takes too long to decompress", name)
        block = packed.read(BLOCK)
    return whole_lines(kept, torn=count > len(kept)), end


def whole_lines(blocks: Sequence[bytes], *, torn: bool) -> bytes:
    """Return blocks in one piece, without the line that they begin in the middle of."""
    piece = b"".join(blocks)
    return piece.partition(b"\n")[2] if torn else piece


def is_older(block: bytes, start: float, *, torn: bool) -> bool:
    """Return whether all lines of a block are older than `start`; False without a time."""
    lines = block.split(b"\n")[torn:]
    older = False
    for line in reversed(lines):
        when = stamp(line[:LONGEST].decode("utf-8", "replace"))
        if when is not None and when >= start:
            return False
        older = older or when is not None
    return older


def birth(path: str) -> float:
    """Return when a file was made, in seconds since the epoch; 0 where nobody knows."""
    outcome = run(["stat", "-L", "-c", "%W", path], ASKING)
    word = outcome.out.strip()
    return float(word) if word.isdigit() else 0.0
