"""The two ways of a line that is opened once: by ssh, and by Ansible. Both carry the same."""

from __future__ import annotations

from typing import Any, Protocol

from pytest_rollback.transport.ansible.ansible_line import SCHEME, AnsibleLine
from pytest_rollback.transport.ssh import SshLine

SSH = "ssh://"


class HostLine(Protocol):
    """What everything that is asked of one host goes through.

    `takes_data` says that requests travel on standard input, and that it becomes root by itself:
    otherwise they travel as arguments, and by sudo.
    """

    takes_data: bool

    def open(self) -> object:
        """Open it where it is not; raise `Unreachable` where it cannot be opened."""

    def reached(self, *, sudo: bool) -> Any:  # noqa: ANN401 - testinfra ships no types
        """Return testinfra's host at its end."""

    def lost(self) -> None:
        """Take note that it broke: the next question opens it again."""

    def close(self) -> None:
        """End it, and leave nothing behind; again is fine."""


def takes_data(connection: str) -> bool:
    """Return whether requests travel on standard input over a connection."""
    return connection.startswith(SCHEME)


def line_to(connection: str, where: str, *, become: bool) -> HostLine | None:
    """Return the line of a connection; None where each question goes there by itself.

    Args:
        connection: as in `[target]`.
        where: how messages name the host.
        become: `sudo` of `[target]`, which is what Ansible calls so.
    """
    if connection.startswith(SCHEME):
        return AnsibleLine(connection, where, become=become)
    return SshLine(connection, where) if connection.startswith(SSH) else None
