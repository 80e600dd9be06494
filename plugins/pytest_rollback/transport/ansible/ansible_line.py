"""The line to one host by Ansible: opened once, and closed at the end of a run."""

from __future__ import annotations

import re
import shlex
import shutil
import threading
import weakref
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote

from pytest_rollback.errors import Unreachable, UsageError
from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.transport.ansible import play_files
from pytest_rollback.transport.ansible.play_process import (
    PATIENCE,
    AnsibleProblem,
    Carried,
    PlayProcess,
    program,
)
from pytest_rollback.transport.diagnosis import last
from pytest_rollback.transport.ssh import short_folder

SCHEME = "ansible://"
INVENTORY = "ansible_inventory"
KNOWN = frozenset({INVENTORY, "force_ansible", "sudo"})
"""What may stand behind the `?`; `force_ansible` is what happens in any case."""

NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")
"""A host's name in an inventory that is no pattern as well."""

PREFIX = re.compile(r"(Failed to connect|Data could not be sent) to [^\n]* (via|over) ssh: ")
"""What Ansible says before the words of ssh."""

REACHED = 45.0
"""Seconds for a host to be reached: found, logged in, and somebody else there if that is wanted."""

SOMETHING = b"\n"
"""Standard input of what gets none: with an empty one, Ansible's ssh would open a terminal, which
ends what runs there when the line drops, and alters what it says."""


def connection_to(name: str, inventory: Path) -> str:
    """Return `connection` of `[target]` for a host of an inventory."""
    return f"{SCHEME}{name}?{INVENTORY}={quote(str(inventory))}"


class AnsibleLine:
    """What everything that is asked of a host by Ansible goes through.

    Args:
        connection: as in `[target]`: `ansible://NAME?ansible_inventory=PATH`.
        where: how messages name it.
        become: whether to become another user where the inventory does not say so.

    Raises:
        UsageError: it names no single host, or asks for what is not done.
    """

    takes_data = True

    def __init__(self, connection: str, where: str, *, become: bool = False) -> None:
        place, _, query = connection.removeprefix(SCHEME).partition("?")
        chosen = {key: each[-1] for key, each in parse_qs(query).items()}
        self.name, self.where = place, where
        self._refuse_unknown(chosen)
        self.inventory = chosen.get(INVENTORY, "")
        self.become = become or chosen.get("sudo", "").lower() == "true"
        self.folder = short_folder()
        self._end = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self._process: PlayProcess | None = None
        self._one = threading.Lock()

    def _refuse_unknown(self, chosen: dict[str, str]) -> None:
        if not NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.where}: expected the name of one host of the inventory",
                hint="an alias there is a name of letters, digits, '.', '-' and '_', with its "
                "address in ansible_host",
            )
        more = ", ".join(sorted(chosen.keys() - KNOWN))
        if more:
            raise UsageError(
                f"{more} in [target] connection: not used with Ansible",
                hint="say it in the inventory, as ansible_ssh_common_args or its like",
            )

    @property
    def by_hand(self) -> str:
        """The command with which a person tries the same."""
        inventory = ["-i", self.inventory] if self.inventory else []
        become = ["--become"] if self.become else []
        return shlex.join(["ansible", self.name, *inventory, *become, "-m", "raw", "-a", "id"])

    def open(self) -> PlayProcess:
        """Start Ansible where it is not at work, and reach the host; return what is at work.

        Raises:
            Unreachable: it does not answer, or Ansible cannot work there, and why.
        """
        if self._process is not None:
            return self._process
        found = program("ansible-playbook")
        if found is None:
            raise Unreachable(
                f"Ansible is not installed here; it is needed for {self.where}",
                hint="pip install 'pytest-rollback[fleet]', or apt-get install ansible-core",
            )
        play = play_files.written(self.folder, self.name, become=self.become)
        inventory = ["-i", self.inventory] if self.inventory else []
        try:
            with PROGRESS.waiting(f"opens the connection to {self.where}", PATIENCE):
                self._process = PlayProcess(self.folder, [found, *inventory], play)
                self._refuse_others(self._process)
                self._refuse_unable(self._process.run(":", SOMETHING, REACHED))
        except AnsibleProblem as problem:
            self.lost()
            raise self.trouble(problem) from problem
        except BaseException:
            self.lost()
            raise
        return self._process

    def _refuse_others(self, process: PlayProcess) -> None:
        """Refuse a group, and a connection that hands nothing over on standard input."""
        if process.hello["host"] != self.name:
            raise AnsibleProblem("unknown", "")
        if not process.hello["takes"]:
            raise AnsibleProblem(
                "failed",
                f"ansible_connection = {process.hello['by']} takes no standard input",
            )

    @staticmethod
    def _refuse_unable(done: Carried) -> None:
        """Refuse a host on which nothing can be run, as where `become` does not work."""
        if done.rc:
            said = (done.stderr_bytes or done.stdout_bytes).decode("utf-8", "replace")
            raise AnsibleProblem("failed", said)

    def trouble(self, problem: AnsibleProblem) -> Unreachable:
        """Return the error that what Ansible said stands for."""
        said = last(PREFIX.sub("", str(problem)))
        if problem.kind == "unknown":
            return Unreachable(
                f"{self.where} is no host of the inventory {self.inventory}".rstrip(),
                hint=f"ansible-inventory {shlex.join(['-i', self.inventory])} --graph"
                if self.inventory
                else "ansible-inventory --graph",
            )
        how = "does not answer" if problem.kind == "unreachable" else "cannot be worked on"
        return Unreachable(
            f"{self.where} {how}: {said or 'Ansible says nothing'}",
            hint=f"try it by hand: {self.by_hand}",
        )

    def run(self, command: str, data: bytes = b"") -> Carried:
        """Return what a command of the shell gave; it gets some bytes on its standard input.

        Raises:
            Unreachable: the host, or Ansible, is there no more.
        """
        with self._one:
            process = self.open()
            try:
                return process.run(command, data or SOMETHING)
            except AnsibleProblem as problem:
                raise self.trouble(problem) from problem

    def reached(self, *, sudo: bool) -> Any:  # noqa: ANN401 - testinfra ships no types
        """Return testinfra's host; who runs a command there is said by `become` of the line."""
        from pytest_rollback.transport.ansible import ansible_backend  # noqa: PLC0415 - testinfra

        del sudo
        return ansible_backend.host(self)

    def lost(self) -> None:
        """End Ansible with all that it started: the next question starts it again."""
        process, self._process = self._process, None
        if process:
            process.kill()

    def close(self) -> None:
        """End Ansible, and leave nothing behind; again is fine."""
        process, self._process = self._process, None
        if process:
            process.end()
        shutil.rmtree(self.folder, ignore_errors=True)
