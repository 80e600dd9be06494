"""Ports of a unit whose open sockets may not be looked at: what else says that it listens there.

Everybody may read which ports are open, and for which account; and what a process was called with.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, FrozenSet, Iterable, Iterator, Mapping, Set, Tuple

from ....system.command_lines import words
from ....system.processes import proc

if TYPE_CHECKING:
    from ....system.sockets import Listener

NUMBER = re.compile(r"(?<![\w.])\d{2,5}(?![\w.])")
"""What may be a port in a word, as in `--port=8080` and `127.0.0.1:8080`."""


def ports(
    pids: Set[int],
    environment: Mapping[str, str],
    opened: Iterable[Listener],
    hidden: Set[int],
    passed: FrozenSet[int],
) -> Iterator[Tuple[int, str]]:
    """Yield ports on which a unit seems to listen, each with why.

    Args:
        pids: its processes.
        environment: what its files say of its variables.
        opened: listening sockets that nobody was seen to hold.
        hidden: the processes of all units whose sockets were not seen.
        passed: ports to which a proxy passes.
    """
    accounts = {pid: account(pid) for pid in hidden}
    mine = {accounts[pid] for pid in pids & hidden}
    open_ports = {each.port for each in opened if each.account in mine}
    told = named(pids, environment)
    found = {port: told[port] for port in sorted(open_ports) if port in told}
    if not found and not any(accounts[pid] in mine for pid in hidden - pids):
        if 0 not in mine:
            found = dict.fromkeys(sorted(open_ports), "nobody else of its account listens")
        else:
            found = dict.fromkeys(sorted(open_ports & passed), "a proxy passes there")
    yield from found.items()


def account(pid: int) -> int:
    """Return the number of the account that a process runs as, -1 where it is gone."""
    for line in proc(pid, "status").split(b"\n"):
        if line.startswith(b"Uid:"):
            return int(line.split()[2])
    return -1


def named(pids: Iterable[int], environment: Mapping[str, str]) -> Dict[int, str]:
    """Return numbers that a unit is told, each with where."""
    found = {
        int(each): f"{name} of its environment has it"
        for name, value in environment.items()
        for each in NUMBER.findall(value)
    }
    said = (word for pid in pids for word in words(pid))
    found.update(
        (int(each), "its command has it") for word in said for each in NUMBER.findall(word)
    )
    return found
