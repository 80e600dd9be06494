"""The programs of each supervisord of this host: it is found by its process."""

from __future__ import annotations

import os
import re
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple
from xmlrpc.client import Fault

from ....configuration.units import manager as managers
from ....configuration.units import supervisord
from ....configuration.units.sources import Installed
from ....errors import HostError
from ....messages.services.units import ManagerAddress
from ....system.command_lines import words
from ....system.processes import environ, is_gone, processes
from ...supervisor_info import ALL, NUMBER, Info, names, reported
from ...supervisor_rpc import call
from .facts import FoundUnit

SERVER = re.compile(r"^\[unix_http_server\]", re.MULTILINE)
"""The section that names the socket; the last file that has it is the one that counts."""

FEW = 2
"""Processes of one group whose names differ in the number only, which make one unit."""


class Daemon(NamedTuple):
    """One supervisord: its process, its configuration, its socket, and the file that names that."""

    pid: int
    main: str
    socket: str
    named_by: str


def beside() -> Iterator[str]:
    """Yield where the program of each supervisord lies: its tool is beside it."""
    for daemon in daemons():
        said = words(daemon.pid)
        yield from (os.path.dirname(word) for word in said[:2] if word.startswith("/"))


def daemons() -> Iterator[Daemon]:
    """Yield each supervisord whose configuration is found."""
    for one in processes():
        said = words(one.pid)
        programs = [each for each in said[:4] if os.path.basename(each) == "supervisord"]
        if one.lives and (programs or "supervisor.supervisord" in said[:4]):
            main = managers.configuration_of(one.pid)
            if main:
                yield Daemon(one.pid, main, *_socket(one.pid, main))


def _socket(pid: int, main: str) -> Tuple[str, str]:
    """Return the path of the socket that a configuration names, and the file; "" for none."""
    variables, installed = environ(pid) or {}, Installed()
    try:
        found = supervisord.read(main, installed.text, installed.listed, variables)
        path = found.parser.get("unix_http_server", "file", fallback="")
        known = {"here": found.here, **supervisord.named(variables)}
        path = supervisord.percent(path, known, "file")
        has = [each for each in found.files if SERVER.search(installed.text(each))]
    except (OSError, ValueError):
        return "", ""
    if not path:
        return "", ""
    return os.path.normpath(os.path.join(managers.place(pid) or "/", path)), has[-1]


def units(daemon: Daemon, wanted: Sequence[str]) -> Iterator[FoundUnit]:
    """Yield each program of one supervisord; nothing where it cannot be asked, or ends meanwhile.

    Raises:
        HostError: it runs, and does not answer.
    """
    if not daemon.socket:
        return
    try:
        yield from _told(daemon, wanted)
    except HostError:
        if not is_gone(daemon.pid, 0.0):
            raise


def _told(daemon: Daemon, wanted: Sequence[str]) -> Iterator[FoundUnit]:
    try:
        listed: List[Info] = call(daemon.socket, "getAllProcessInfo")
        told: List[Info] = call(daemon.socket, "getAllConfigInfo")
    except Fault as fault:
        raise HostError(
            f"supervisord refused: {fault.faultString}", "supervisorctl status"
        ) from fault
    order = {names(each)[-1]: int(each.get("process_prio", 0)) for each in told}
    facts = managers.of_supervisord(
        ManagerAddress("supervisord", daemon.socket), os.path.dirname(daemon.main)
    )
    for name, members in _grouped(listed, wanted).items():
        files = managers.files_for(facts, name, Installed()) or [daemon.main]
        yield FoundUnit(
            name=name,
            manager=facts._replace(directory=os.path.dirname(files[0])),
            state=reported(name, listed, frozenset()).state.state,
            pids=tuple(each["pid"] for each in members if each["pid"]),
            files=tuple(files),
            own=True,
            order=min(order.get(names(each)[-1], 0) for each in members),
            socket=daemon.socket,
            socket_file=daemon.named_by,
        )


def _grouped(listed: Sequence[Info], wanted: Sequence[str]) -> Dict[str, List[Info]]:
    """Return the processes of each unit: a group is one where its names differ in numbers only.

    But for those of which a process of its own is wanted.
    """
    groups: Dict[str, List[Info]] = {}
    for info in listed:
        groups.setdefault(info["group"], []).append(info)
    found: Dict[str, List[Info]] = {}
    for group, members in groups.items():
        alike = {NUMBER.sub("", each["name"]) for each in members}
        alone = {names(each)[-1] for each in members} & {*wanted}
        if len(members) >= FEW and len(alike) == 1 and not alone:
            found[f"{group}{ALL}"] = members
        else:
            found.update({names(each)[-1]: [each] for each in members})
    return found
