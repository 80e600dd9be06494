"""Which TCP ports of this host are open, from the kernel's own tables."""

from __future__ import annotations

from pathlib import Path

LISTEN = "0A"


def listening() -> frozenset[int]:
    """Return every port that somebody listens on, IPv4 and IPv6."""
    found: set[int] = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:  # a kernel without IPv6 has no tcp6
            continue
        fields = (line.split() for line in lines)
        found.update(int(field[1].rpartition(":")[2], 16) for field in fields if field[3] == LISTEN)
    return frozenset(found)
