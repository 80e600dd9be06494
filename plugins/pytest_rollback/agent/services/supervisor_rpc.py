"""XML-RPC with supervisord over its unix socket, each answer in bounded time."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from typing import Any

from ..errors import HostError

ONE_CALL = 3.0
"""Seconds that one answer may take; each call only asks or queues."""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self) -> None:
        """Connect to the socket whose path stands where a host name would."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ONE_CALL)
        self.sock.connect(self.host)


class Transport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, _host: Any) -> UnixConnection:  # noqa: ANN401 - as the base has it
        """Return the connection, one for all calls."""
        if not self._connection or not self._connection[1]:
            self._connection = _host, UnixConnection(self.path)
        return self._connection[1]  # type: ignore[return-value]


def call(path: str, name: str, *arguments: Any) -> Any:  # noqa: ANN401 - XML-RPC
    """Ask supervisord at the path of its socket.

    Raises:
        xmlrpc.client.Fault: it answers, and refuses.
        HostError: it does not answer.
    """
    proxy = xmlrpc.client.ServerProxy("http://supervisord", Transport(path), allow_none=True)
    try:
        return getattr(proxy.supervisor, name)(*arguments)
    except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
        words = getattr(error, "errmsg", "") or str(error) or type(error).__name__
        raise HostError(
            f"supervisord does not answer on {path or 'no socket'}: {words}",
            f"supervisorctl -s unix://{path} status",
            "unreachable",
        ) from error
    finally:
        proxy("close")()


def refused(verb: str, unit: str, fault: xmlrpc.client.Fault) -> HostError:
    """Return the problem that stands for a refusal of supervisord."""
    return HostError(
        f"supervisord refused {verb} {unit}".rstrip() + f": {fault.faultString}",
        "supervisorctl status, and the supervisord log",
        "unfinished",
    )
