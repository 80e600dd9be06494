"""testinfra's vocabulary for single facts, through a line of Ansible."""

from __future__ import annotations

from typing import Any, Protocol

from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from pytest_rollback.transport.ansible.play_process import Carried


class CommandRunner(Protocol):
    """What runs commands on a host, and the name of that."""

    name: str

    def run(self, command: str, data: bytes = b"") -> Carried:
        """Return what a command of the shell gave."""


class AnsibleLineBackend(BaseBackend):  # type: ignore[misc]  # testinfra ships no types
    """Runs what testinfra asks; who runs it is the inventory's choice.

    Args:
        line: what carries it.
    """

    NAME = "ansible"

    def __init__(self, line: CommandRunner) -> None:
        super().__init__(line.name)
        self.line = line

    def run(self, command: str, *args: str, **kwargs: Any) -> CommandResult:  # noqa: ANN401
        """Run a command of the shell; `data` is what it gets on its standard input."""
        words = self.get_command(command, *args)
        done = self.line.run(words, kwargs.get("data", b""))
        sent = words.encode("utf-8", "surrogateescape")
        return self.result(done.rc, sent, done.stdout_bytes, done.stderr_bytes)


def host(line: CommandRunner) -> Any:  # noqa: ANN401
    """Return testinfra's host at the end of a line."""
    return Host(AnsibleLineBackend(line))
