"""Who holds a host while it is changed: a process of this machine, or of another one."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.messages.state.runs import IDLE, RUNS, Idle, IdleRequest, RunsRequest
from pytest_rollback.agent.system import processes
from pytest_rollback.manifest.model import System
from pytest_rollback.transport.busy import FirstQuestion
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection


@dataclass(frozen=True)
class Holder:
    """Who holds the host while changes are made: the run's id, a person, and their process."""

    run: str
    by: str
    process: HolderProcess

    @classmethod
    def here(cls, run: str, by: str) -> Holder:
        """Return this process as the holder of a run."""
        pid = os.getpid()
        return cls(run, by, HolderProcess(*processes.here(), pid, processes.started(pid)))


def subject(system: System) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return what a run is about: the root, each unit with its manager, and what limits the root.

    Which manager tells its socket, or the directory of its unit files: two may have one name.
    """
    services = system.services
    named = f"{services.manager} {services.reached or services.directory}"
    units = tuple(f"{named} {each.unit}" for each in system.components)
    return system.about.root, units, system.about.within


def is_gone(holder: HolderProcess) -> bool:
    """Return whether a holder was a process of here and is dead.

    That can be told by a process with the same name of the machine, boot and numbering of
    processes only: whatever else it may be, we cannot look at it.
    """
    at = processes.here()
    if not at.is_known or at != (holder.host, holder.boot, holder.space):
        return False
    return processes.is_gone(holder.pid, holder.pid_started)


def holders(connection: Connection) -> list[HolderProcess]:
    """Return the processes that hold a run on the host."""
    request = RunsRequest(connection.system.about.state)
    return [run.holder for run in connection.ask(Call(RUNS, request)).runs if run.state == "held"]


def whether_idle(connection: Connection, me: HolderProcess, *, open_too: bool) -> FirstQuestion:
    """Return the question whether somebody else is at work; `open_too`: or left it half done.

    Who held the host from here and is dead is at work no more, which only we can tell.
    """
    system = connection.system
    request = IdleRequest(system.about.state, me, open_too, *subject(system))

    def held() -> Call[IdleRequest, Idle] | None:
        gone = tuple(gone_holders(connection))
        return Call(IDLE, request._replace(gone=gone)) if gone else None

    return FirstQuestion(Call(IDLE, request), held)


def gone_holders(connection: Connection) -> list[HolderProcess]:
    """Return who holds the host and is dead: it ran here, and only here that can be seen."""
    return [holder for holder in holders(connection) if is_gone(holder)]
