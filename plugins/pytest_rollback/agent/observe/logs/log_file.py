"""The end of a log file, as far back as a time: its blocks from the end, then rotated files."""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import os
import re
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Iterator, NamedTuple

from .offsets import opened
from .timestamps import stamp

if TYPE_CHECKING:
    from typing import Sequence

BLOCK = 1 << 18
"""Bytes of one step back. Lines may be out of order by as much."""

MOST = 32 << 20
"""Bytes of log that are looked at; a log that says more is not seen whole."""

WHOLE, OLDER, CUT = "whole", "older", "cut"
"""How a file was read: all of it, back to what is older than asked for, or not far enough."""

OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
TURNED = r"(?:[.-]\d[\d.T_-]*)?"
PACKED = r"(?:\.(?:gz|bz2|xz|zst|lz4|Z))?"


class LogTail(NamedTuple):
    """The end of a log. `reached`: nothing younger than the time asked for was left out.

    `written` is when the log was written last, `read` how many bytes of it were looked at.
    """

    lines: list[str]
    reached: bool
    files: list[str]
    read: int
    written: float


def part(path: str, start: float, until: float, begin: int = 0) -> LogTail:
    """Return the lines of a log since `start`, and some before; at the deadline what there is.

    What lies above the byte `begin`, and what was rotated away, is known to be of before.

    Raises:
        OSError: the log is missing, is no regular file, or cannot be read.
    """
    pieces: list[bytes] = []
    read, end, files = 0, WHOLE, []
    written = os.stat(path).st_mtime
    for name in [path, *(turned(path, start) if not begin else ())]:
        files.append(name)
        with opened(name, follow=name == path) as file:
            piece, end = tail(file, name, start, MOST - read, until, begin=begin)
        pieces.insert(0, piece)
        read += len(piece)
        if end != WHOLE:
            break
    text = b"\n".join(pieces).decode("utf-8", "surrogateescape")
    lines = [line for line in text.split("\n") if line.strip()]
    return LogTail(lines, end != CUT, files, read, written)


def turned(path: str, start: float) -> Iterator[str]:
    """Yield the rotated files of a log that were written to since `start`, the latest first."""
    folder, base = os.path.split(path)
    pattern = re.compile(re.escape(base) + TURNED + PACKED)
    found = []
    for name in os.listdir(folder or "."):
        if name != base and pattern.fullmatch(name):
            whole = os.path.join(folder, name)
            found.append((os.lstat(whole).st_mtime, whole))
    for written, whole in sorted(found, reverse=True):
        if written < start:
            return
        yield whole


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
        when = stamp(line[:400].decode("utf-8", "replace"))
        if when is not None and when >= start:
            return False
        older = older or when is not None
    return older
