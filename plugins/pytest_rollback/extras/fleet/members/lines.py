"""One ssh connection for each host, kept open as long as the run over the fleet lasts.

Each question and each rollback is a process of its own; all of them about one host go through one
login. Where it breaks, or has ended because nobody used it, each opens one of its own, as alone.
With Ansible as the carrier nothing is kept: an Ansible at work for each host is more memory than
its start is time, and it keeps its own connections open between two starts.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from pytest_rollback.extras.fleet.members.inventory import FleetMember
from pytest_rollback.manifest.values import shown_connection
from pytest_rollback.transport.ansible import ansible_line
from pytest_rollback.transport.ssh import SshLine


class FleetLines:
    """The connections to the hosts of a fleet; each is made, and opened, when it is first needed.

    They are closed with the process.
    """

    def __init__(self) -> None:
        self._of: dict[str, SshLine] = {}
        self._lock = threading.Lock()

    def of(self, member: FleetMember) -> SshLine | None:
        """Return the connection to a host; a question through it opens it. None with Ansible.

        Several threads may ask at once: there is one for each host.
        """
        if member.connection.startswith(ansible_line.SCHEME):
            return None
        with self._lock:
            if member.name not in self._of:
                where = shown_connection(member.connection)
                self._of[member.name] = SshLine(member.connection, where)
            return self._of[member.name]

    def loan(self, host: str) -> Mapping[str, str]:
        """Return the environment of a process about a host; nothing where it was never asked.

        Of a connection that is not open such a process makes nothing: it opens one of its own.
        """
        line = self._of.get(host)
        return line.loan if line else {}
