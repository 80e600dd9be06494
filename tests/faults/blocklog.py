"""A disk that remembers every write and every flush, in order: what a power cut can leave of it.

The disk is one file that this process serves through /dev/fuse, attached as a loop device. It needs
root and nothing else: no library, no device mapper. The protocol is that of linux/fuse.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import random
import signal
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HEAD, REPLY, RECORD = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ"), struct.Struct("<cQI")
GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE = 3, 4, 14, 15, 16, 17, 18
FSYNC, FLUSH, INIT, ACCESS, DESTROY = 20, 25, 26, 34, 38
SILENT = {2, 36, 42}
"""Requests that want no answer: forget, interrupt, batch forget."""

LARGEST = 1 << 17


class Served(NamedTuple):
    """A disk that is served: its loop device, and the log that grows."""

    device: str
    log: Path


def unavailable(*tools: str) -> str:
    """Return why no such disk can be had here, "" when it can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    missing = [tool for tool in ("losetup", "mount", *tools) if not _found(tool)]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if not os.access("/dev/fuse", os.W_OK) or not Path("/dev/loop-control").exists():
        return "there is no /dev/fuse, or no loop device"
    return ""


def _found(tool: str) -> bool:
    return any(
        os.access(f"{place}/{tool}", os.X_OK) for place in ("/usr/sbin", "/sbin", "/usr/bin")
    )


@contextlib.contextmanager
def served(image: Path, place: Path) -> Iterator[Served]:
    """Serve an image, which changes, as a loop device; `place` is for its file and the log."""
    point, log = place / "disk", place / "log"
    point.touch()
    channel = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={channel},rootmode=100600,user_id=0,group_id=0".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"rollback-log", os.fsencode(point), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), "cannot mount /dev/fuse")
    server = os.fork()
    if server == 0:
        _serve(channel, image, log)
    os.close(channel)
    device = ""
    try:
        device = _said("losetup", "--find", "--show", str(point))
        yield Served(device, log)
    finally:
        if device:
            subprocess.run(["losetup", "-d", device], check=False)
        libc.umount2(os.fsencode(point), 2)
        with contextlib.suppress(ProcessLookupError):
            os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)


def _said(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def _serve(channel: int, image: Path, log: Path) -> None:
    """Answer the kernel until it has gone away, and never return."""
    try:
        with image.open("r+b") as file, log.open("ab", buffering=0) as written:
            disk = mmap.mmap(file.fileno(), 0)
            while True:
                request = os.read(channel, LARGEST + 65536)
                _, opcode, unique, *_ = HEAD.unpack_from(request)
                if opcode in SILENT:
                    continue
                code, answer = _answered(opcode, request[HEAD.size :], disk, written.fileno())
                size = REPLY.size + len(answer)
                os.write(channel, REPLY.pack(size, -code, unique) + answer)
    finally:
        os._exit(0)


def _answered(opcode: int, body: bytes, disk: mmap.mmap, log: int) -> tuple[int, bytes]:
    """Return the error and the answer to one request."""
    if opcode == INIT:
        return 0, struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 1 << 5, 8, 8, LARGEST, 1, 32, 0, 0)
    if opcode in {GETATTR, SETATTR}:
        times = (0,) * 6
        facts = (1, len(disk), len(disk) // 512, *times, 0o100600, 1, 0, 0, 0, 4096, 0)
        return 0, struct.pack("<QII", 3600, 0, 0) + struct.pack("<QQQQQQIIIIIIIIII", *facts)
    if opcode == OPEN:
        return 0, struct.pack("<QII", 1, 0, 0)
    if opcode == READ:
        _, offset, size = struct.unpack_from("<QQI", body)
        return 0, disk[offset : offset + size]
    if opcode == WRITE:
        _, offset, size = struct.unpack_from("<QQI", body)
        data = body[40 : 40 + size]
        disk[offset : offset + size] = data
        os.write(log, RECORD.pack(b"W", offset, size) + data)
        return 0, struct.pack("<II", size, 0)
    if opcode == FSYNC:
        os.write(log, RECORD.pack(b"F", 0, 0))
    known = opcode in {FSYNC, STATFS, RELEASE, FLUSH, ACCESS, DESTROY}
    return (0 if known else errno.ENOSYS), b"\0" * 80 * (opcode == STATFS)


class Write(NamedTuple):
    """One write of the log; `epoch` counts flushes before it, `end` is where its record ends."""

    offset: int
    data: bytes
    epoch: int
    end: int


def writes(log: Path) -> list[Write]:
    """Return what was written, in order."""
    raw, found, position, epoch = log.read_bytes(), [], 0, 0
    while position < len(raw):
        kind, offset, size = RECORD.unpack_from(raw, position)
        position += RECORD.size
        if kind == b"F":
            epoch += 1
            continue
        found.append(Write(offset, raw[position : position + size], epoch, position + size))
        position += size
    return found


def chosen(known: list[Write], count: int, chance: random.Random) -> Iterator[list[Write]]:
    """Yield what is on the disk after each of so many power cuts.

    Every other cut is a plain prefix of the log; the rest lose some of what was not flushed yet.
    """
    for number in range(count):
        cut = len(known) * (number + 1) // count
        kept = known[:cut]
        if number % 2 and kept:
            last = kept[-1].epoch
            kept = [each for each in kept if each.epoch < last or chance.random() < 0.5]
        yield kept


def written(base: Path, kept: list[Write], target: Path) -> None:
    """Make the image that a power cut leaves."""
    subprocess.run(["cp", "--sparse=always", base, target], check=True)
    with target.open("r+b") as file:
        for each in kept:
            file.seek(each.offset)
            file.write(each.data)
