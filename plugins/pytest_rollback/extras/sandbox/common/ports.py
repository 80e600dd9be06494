"""Free ports on loopback, claimed so that two sandboxes which start at once never share one."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import tempfile
from pathlib import Path

from pytest_rollback.errors import Refused

FIRST, LAST, BLOCK = 17000, 31984, 16
"""Below the ports that outgoing connections take by themselves, in blocks of sixteen."""

ATTEMPTS = 200


def claims() -> Path:
    """Return the folder in which a file per block says whose it is."""
    return Path(tempfile.gettempdir()) / f"rollback-ports-{os.getuid()}"


def claim(names: tuple[str, ...], owner: Path) -> dict[str, int]:
    """Return a free port for each name; they are the owner's until it gives them back.

    Raises:
        Refused: no block of ports is free.
    """
    for _ in range(ATTEMPTS):
        first = random.randrange(FIRST, LAST, BLOCK)  # noqa: S311 - no secret, only a choice
        if len(names) <= BLOCK and _take(first, owner):
            ports = {name: first + number for number, name in enumerate(names)}
            if all(map(_free, ports.values())):
                return ports
            _drop(claims() / str(first))
    raise Refused(
        f"fewer than {len(names)} free ports between {FIRST} and {LAST + BLOCK} on 127.0.0.1",
        hint="see which processes listen: ss -ltnp; end those that are not needed",
    )


def give_back(owner: Path) -> None:
    """Forget the claims of an owner."""
    with contextlib.suppress(FileNotFoundError):
        for entry in claims().iterdir():
            if _owner(entry) == str(owner):
                _drop(entry)
    with contextlib.suppress(OSError):
        claims().rmdir()


def _take(first: int, owner: Path) -> bool:
    """Claim a block of ports; a claim whose owner is gone does not count."""
    entry = claims() / str(first)
    if entry.exists() and not os.path.isdir(_owner(entry)):  # noqa: PTH112 - it may be empty
        _drop(entry)
    try:
        entry.parent.mkdir(mode=0o700, exist_ok=True)
        with entry.open("x", encoding="utf-8") as file:
            file.write(str(owner))
    except (FileExistsError, FileNotFoundError):
        return False
    return True


def _owner(entry: Path) -> str:
    """Return whose a claim is."""
    with contextlib.suppress(FileNotFoundError):
        return entry.read_text(encoding="utf-8")
    return ""


def _drop(entry: Path) -> None:
    entry.unlink(missing_ok=True)


def _free(port: int) -> bool:
    """Return whether a port is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
