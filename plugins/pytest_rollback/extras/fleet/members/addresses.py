"""Where names lead to, as ssh itself would go there: no host is rolled back twice at once."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

from pytest_rollback.errors import UsageError

PATIENCE = 10.0
"""Seconds for ssh to read its configuration."""

AT_ONCE = 16
WAYS = ("proxyjump", "proxycommand")
"""What leads to a host that has no address of its own here."""


def refuse_twice(connections: Mapping[str, str], given: int) -> None:
    """Refuse a host that is there twice: by one name, or by two that lead to one address.

    Args:
        connections: as `[target]` has them, by the name of the host.
        given: how many hosts there were, those with one name counted.

    Raises:
        UsageError: one is.
    """
    if len(connections) < given:
        raise UsageError(
            f"{given - len(connections)} of {given} hosts are listed twice by one name",
            hint="list each host once in hosts of [fleet]",
        )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        places = dict(zip(connections, pool.map(leads_to, connections.values()), strict=True))
    first: dict[str, str] = {}
    for name, place in places.items():
        for each in place:
            if each in first and first[each] != name:
                raise UsageError(
                    f"{first[each]} and {name} are one host: both lead to {each}",
                    hint="leave one of both out of hosts in [fleet], or of the inventory",
                )
            first[each] = name


def leads_to(connection: str) -> frozenset[str]:
    """Return where a connection leads: every address of the host, each with its port.

    A name that cannot be resolved now is its own address: that host cannot be reached.
    """
    told = dict(_settings(connection))
    parts = urlsplit(connection)
    host = told.get("hostname") or parts.hostname or ""
    port = told.get("port") or str(parts.port or 22)
    through = " ".join(told[key] for key in WAYS if told.get(key, "none") != "none")
    if through:
        return frozenset({f"{host}:{port} through {through}"})
    try:
        found = {each[4][0] for each in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        found = {host}
    return frozenset(f"{each}:{port}" for each in found)


def _settings(connection: str) -> Iterator[tuple[str, str]]:
    """Yield what ssh would use for a connection, by the user's own configuration."""
    parts = urlsplit(connection)
    chosen = parse_qs(parts.query)
    files = [word for each in chosen.get("ssh_config", ()) for word in ("-F", each)]
    port = ["-p", str(parts.port)] if parts.port else []
    if shutil.which("ssh") is None or not parts.hostname:
        return
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}").strip("[]")
    done = subprocess.run(
        ["ssh", "-G", *files, *port, host],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        yield key, value
