"""Who listens: on the ports of units, and on those of this host that their probes ask."""

from __future__ import annotations

import os
import socket
from types import MappingProxyType
from typing import TYPE_CHECKING, Dict, FrozenSet, Iterable, List, Mapping, Set, Tuple

from ...messages.services.running import NamedProcess, PortHolders, UnitOwner
from ...system import sockets
from ...system.command_lines import described
from ...system.containers import inside
from ...system.processes import Process, family, processes

if TYPE_CHECKING:
    from ...system.sockets import Listener


Published = Mapping[int, FrozenSet[int]]
"""Ports that a manager leads to a unit, each with the processes that listen behind it."""

NOBODY: Published = MappingProxyType({})


class Ports:
    """Who holds the sockets that listen on the ports of units: processes are read once."""

    def __init__(self, units: Iterable[UnitOwner], table: Mapping[int, Process]) -> None:
        self.units = tuple(units)
        self.here = {each.host for unit in self.units for each in unit.asked if is_here(each.host)}
        wanted = {port for each in self.units for port in (*each.ports, *self._asked(each))}
        self.table = table
        self.listeners = [each for each in sockets.listeners() if each.port in wanted]
        inodes = frozenset(each.inode for each in self.listeners)
        pids = [pid for pid, one in table.items() if one.lives] if inodes else []
        self.held, self.unread = sockets.held(inodes, pids)

    def of(
        self, unit: UnitOwner, own: FrozenSet[int], published: Published = NOBODY
    ) -> Dict[str, PortHolders]:
        """Return who listens on each port of a unit; `published` lead to it by its manager."""
        return {str(port): self.holders(port, own, published) for port in unit.ports}

    def answering(
        self,
        unit: UnitOwner,
        own: Tuple[FrozenSet[int], Published],
        known: Tuple[FrozenSet[int], Published],
    ) -> Dict[str, PortHolders]:
        """Return who answers each probe of a unit that asks this host.

        Args:
            unit: the unit.
            own: its processes, and its published ports.
            known: those of all units.
        """
        asked = (each for each in unit.asked if each.host in self.here)
        return {
            each.probe: self.holders(each.port, *(own if each.own else known)) for each in asked
        }

    def _asked(self, unit: UnitOwner) -> List[int]:
        return [each.port for each in unit.asked if each.host in self.here]

    def holders(self, port: int, own: FrozenSet[int], published: Published = NOBODY) -> PortHolders:
        """Return who listens on a port.

        Another's socket on one of the host's outer addresses does not count beside one of the
        unit's: a proxy may listen there on the same port. A published port is held by a program of
        the engine, and counts as the unit's where a process of it listens behind.
        """
        mine: Set[int] = set(published.get(port, ()))
        others: List[NamedProcess] = []
        hidden = 0
        by_socket: Dict[Listener, FrozenSet[int]] = {
            each: self._of(each.inode) for each in self.listeners if each.port == port
        }
        if port in published:
            by_socket = {each: pids - _forwarding(pids) for each, pids in by_socket.items()}
            by_socket = {each: pids for each, pids in by_socket.items() if pids}
        has = bool(mine) or any(pids & own for pids in by_socket.values())
        for each, pids in by_socket.items():
            if pids & own:
                mine |= pids & own
            elif pids and (each.near or not has):
                others += [described(self.table[pid]) for pid in sorted(pids)]
            elif not pids:
                hidden += 1
        return PortHolders(len(mine), tuple(others), hidden, len(self.unread))

    def _of(self, inode: str) -> FrozenSet[int]:
        return frozenset(pid for pid, inodes in self.held.items() if inode in inodes)


def _forwarding(pids: FrozenSet[int]) -> FrozenSet[int]:
    """Return which of some processes are programs of a container engine that hold ports."""
    return frozenset(filter(inside.forwards, pids))


def held_by_others(
    ports: Iterable[int], main: int, published: Iterable[int] = ()
) -> Dict[int, Tuple[NamedProcess, ...]]:
    """Return who listens on ports that are meant for a unit, without the unit's own processes.

    Args:
        ports: TCP ports of this host.
        main: the unit's main process, 0 for none.
        published: ports that its manager leads to the unit.
    """
    table = {one.pid: one for one in processes()}
    found = Ports([UnitOwner("", "", tuple(ports))], table)
    own = frozenset(family(table, [main]))
    leads: Published = dict.fromkeys(published, frozenset())
    by = {port: found.holders(port, own, leads).others for port in ports}
    return {port: others for port, others in by.items() if others}


def is_here(host: str) -> bool:
    """Return whether a name or an address is one of this host; no name server is asked.

    An address is one of ours if a socket can be bound to it.
    """
    if host == "localhost" or host.endswith(".localhost") or host == os.uname().nodename:
        return True
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, 0, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
        with socket.socket(family, kind) as trial:
            trial.bind(address)
    except (OSError, UnicodeError):
        return False
    return True
