"""supervisord as the service manager of a sandbox: its configuration, its start, its answers."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xmlrpc.client import Fault

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.services.supervisor_rpc import call
from pytest_rollback.errors import Unfinished
from pytest_rollback.extras.sandbox.common.processes import MARK, Identity, identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_rollback.extras.sandbox.common.layout import Layout

PATIENCE = 10.0
GRACE = 2.0
"""Seconds that a unit gets to stop by itself when the sandbox, not a drill, stops it."""

CONFIGURATION = """\
[supervisord]
directory={directory}
logfile={logs}/supervisord.log
pidfile={directory}/supervisord.pid
childlogdir={logs}
nodaemon=true
{user}

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket}

[include]
files={units}/*.conf
"""

PROGRAM = """
[program:{name}]
command={command}
autostart=false
autorestart=true
startsecs=0
stopsignal={signal}
stopwaitsecs=5
redirect_stderr=true
stdout_logfile={logs}/{name}.log
{extra}
"""


def configuration(layout: Layout) -> str:
    """Return the configuration of the manager itself."""
    return CONFIGURATION.format(
        directory=layout.directory,
        logs=layout.logs,
        socket=layout.socket,
        units=layout.units,
        user=f"user={getpass.getuser()}" if os.geteuid() == 0 else "",
    )


def program(layout: Layout, name: str, command: str, stop: str, *extra: str) -> str:
    """Return the configuration of one program of the sandbox's own."""
    lines = "\n".join(extra)
    return PROGRAM.format(name=name, command=command, signal=stop, logs=layout.logs, extra=lines)


@dataclass(frozen=True)
class ProgramState:
    """What supervisord says of one program: its state, such as RUNNING, and its process id or 0."""

    name: str
    pid: int


class Manager:
    """A running supervisord, reached by its socket."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.socket = str(layout.socket)
        self._child: subprocess.Popen[bytes] | None = None

    def launch(self, token: str) -> Identity:
        """Start supervisord in a session of its own; it outlives us."""
        home = str(self.layout.edge)
        self._child = subprocess.Popen(
            [
                *(sys.executable, "-m", "supervisor.supervisord"),
                *("-c", str(self.layout.directory / "supervisord.conf")),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=self.layout.directory,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LC_ALL": "C.UTF-8",
                "PYTHONUNBUFFERED": "1",
                "HOME": home,
                "XDG_CONFIG_HOME": home,
                "XDG_DATA_HOME": home,
                MARK: token,
            },
        )
        return identity(self._child.pid)

    def wait(self) -> None:
        """Wait until the manager answers."""
        until = time.monotonic() + PATIENCE
        while not self.answers():
            if time.monotonic() > until:
                raise Unfinished(
                    "supervisord does not answer", hint=f"see {self.layout.logs}/supervisord.log"
                )
            time.sleep(0.02)

    def answers(self) -> bool:
        """Return whether the manager answers."""
        with contextlib.suppress(HostError, Fault):
            return bool(call(self.socket, "getState"))
        return False

    def states(self) -> dict[str, ProgramState]:
        """Return what the manager says about each unit, by the unit's name."""
        return {
            info["name"]: ProgramState(info["statename"], info["pid"])
            for info in call(self.socket, "getAllProcessInfo")
        }

    def tell(self, verb: str, unit: str, *arguments: object) -> None:
        """Ask for something; what is already so, or cannot be, is no error."""
        with contextlib.suppress(Fault):
            call(self.socket, verb, unit, *arguments)

    def start(self, units: Iterable[str]) -> None:
        """Ask for the start of units, without waiting for any."""
        for unit in units:
            self.tell("startProcess", unit, False)  # noqa: FBT003 - XML-RPC knows no keywords

    def stop(self, units: Iterable[str]) -> None:
        """Stop units, and kill those that take longer than a moment."""
        wanted = [unit for unit in units if unit in self.states()]
        groups = {unit: found.pid for unit, found in self.states().items() if unit in wanted}
        for unit in wanted:
            self.tell("stopProcess", unit, False)  # noqa: FBT003 - XML-RPC knows no keywords
        if not self.down(wanted, GRACE):
            for group in filter(None, groups.values()):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            self.down(wanted, PATIENCE)

    def down(self, units: list[str], patience: float) -> bool:
        """Wait until no unit has a process any more; tell whether that is so in time."""
        until = time.monotonic() + patience
        while any(found.pid for unit, found in self.states().items() if unit in units):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def settle(self, units: list[str], patience: float = PATIENCE) -> dict[str, str]:
        """Wait until no unit is on its way up, and return how each is."""
        until = time.monotonic() + patience
        while True:
            states = self.states()
            found = {unit: states[unit].name for unit in units if unit in states}
            if "STARTING" not in found.values() or time.monotonic() > until:
                return found
            time.sleep(0.05)

    def reload(self) -> None:
        """Take over changed unit files; units that changed must be stopped."""
        try:
            ((added, changed, removed),) = call(self.socket, "reloadConfig")
        except Fault as error:
            raise Unfinished(
                f"supervisord refuses its configuration: {error.faultString}",
                hint=f"see the files in {self.layout.units}",
            ) from error
        for group in (*changed, *removed):
            self.tell("removeProcessGroup", group)
        for group in (*added, *changed):
            self.tell("addProcessGroup", group)

    def forget_logs(self, units: Iterable[str]) -> None:
        """Empty the log files of units."""
        for unit in units:
            self.tell("clearProcessLogs", unit)

    def shut_down(self) -> None:
        """Ask the manager to stop everything and to end; do not wait."""
        with contextlib.suppress(HostError, Fault):
            call(self.socket, "shutdown")

    def reap(self) -> None:
        """Collect the manager when it was our child."""
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(PATIENCE)
