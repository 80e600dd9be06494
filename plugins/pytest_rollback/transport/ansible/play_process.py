"""One ansible-playbook at work: its socket, its words where it carries nothing, and its end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pytest_rollback.transport.ansible import play_files

PACE = 0.05
PATIENCE = 90.0
"""Seconds for Ansible to start, and read an inventory that may be a program which asks a cloud."""

AT_EASE = 5.0
"""Seconds for it to end once nobody asks anything more."""


class AnsibleProblem(Exception):
    """What Ansible said instead of carrying anything: `kind` is unreachable, failed or unknown."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Carried(NamedTuple):
    """What a command gave: as testinfra has it."""

    rc: int
    stdout_bytes: bytes
    stderr_bytes: bytes


def program(name: str) -> str | None:
    """Return where a program of Ansible is: on PATH, or beside our own Python."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


class PlayProcess:
    """One ansible-playbook that carries commands to one host.

    Args:
        folder: a private one, with a path short enough for a socket; it is the caller's.
        command: as words, but for the play.
        play: its path.

    Raises:
        AnsibleProblem: it carries nothing, and why.
    """

    def __init__(self, folder: Path, command: list[str], play: Path) -> None:
        self.folder = folder
        self._told, path = folder / "told.json", folder / "s"
        path.unlink(missing_ok=True)
        self._told.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as door, (folder / "said").open("wb") as said:
            door.bind(str(path))
            door.listen(1)
            door.settimeout(PACE)
            self._process = subprocess.Popen(
                [*command, str(play)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # no Ctrl-C of a terminal, and no terminal to ask at
                env={**_environment(folder, command), play_files.TOLD: str(self._told)},
            )
            try:
                self._line = self._answered(door)
                self._stream = self._line.makefile("rwb")
                self.hello = self._heard()
            except BaseException:
                self.kill()
                raise

    def _answered(self, door: socket.socket) -> socket.socket:
        """Return the socket at whose other end the task is."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(TimeoutError):
                line, _ = door.accept()
                line.settimeout(None)
                return line
            if self._process.poll() is not None:
                raise self.problem()
        raise AnsibleProblem("failed", f"it has not begun within {PATIENCE:.0f} s")

    def problem(self) -> AnsibleProblem:
        """Return what it said instead of carrying: its result, and else its last line."""
        with contextlib.suppress(OSError, ValueError):
            told = json.loads(self._told.read_bytes())
            return AnsibleProblem(told["problem"], told["message"])
        said = (self.folder / "said").read_text("utf-8", "replace")
        lines = [each.strip() for each in said.splitlines() if each.strip()]
        worst = [each for each in lines if each.startswith(("ERROR", "[ERROR"))]
        return AnsibleProblem("failed", [*(worst or lines), "it says nothing"][0][:300])

    def run(self, command: str, data: bytes, seconds: float | None = None) -> Carried:
        """Return what a command gave that gets some bytes on its standard input.

        Args:
            command: of the shell.
            data: the bytes.
            seconds: how long it may take; after that this process is of no use any more.

        Raises:
            AnsibleProblem: the host cannot be reached any more, or the command was not run.
        """
        try:
            header = json.dumps({"command": command, "size": len(data)})
            self._line.settimeout(seconds)
            self._stream.write(header.encode("ascii") + b"\n" + data)
            self._stream.flush()
            said = self._heard()
            out, err = (self._stream.read(size) for size in said["sizes"])
        except TimeoutError as error:
            raise AnsibleProblem("unreachable", f"silent for {seconds:.0f} s") from error
        except (OSError, ValueError) as error:  # also of a stream that was closed meanwhile
            raise AnsibleProblem("unreachable", "Ansible has ended") from error
        return Carried(said["rc"], out, err)

    def _heard(self) -> dict[str, Any]:
        header = self._stream.readline()
        if not header:
            raise AnsibleProblem("unreachable", "Ansible has ended")
        said: dict[str, Any] = json.loads(header)
        if "problem" in said:
            raise AnsibleProblem(said["problem"], said["message"])
        return said

    def end(self) -> None:
        """Ask nothing more; it ends by itself, and is ended where it does not."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(AT_EASE)
        self.kill()

    def kill(self) -> None:
        """End it at once, with all that it started: its workers may have sessions of their own."""
        if self._process.poll() is None:
            for pid in (*_family(self._process.pid), self._process.pid):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()


def _environment(folder: Path, command: list[str]) -> Mapping[str, str]:
    """Return Ansible's environment: the user's own, but for where it leaves files and words."""
    usual = {key: value for key, value in os.environ.items() if key != "ANSIBLE_FORCE_COLOR"}
    return {
        **usual,
        "ANSIBLE_STDOUT_CALLBACK": play_files.CALLBACK,
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        **({"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"} if "-i" in command else {}),
    }


def _family(pid: int) -> Iterator[int]:
    """Yield what a process has started, and what that has."""
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, tasks.read_text().split()):
                yield from _family(child)
                yield child
