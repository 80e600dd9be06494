"""Does a MariaDB server take connections? Told by the client, whoever we are to the server."""

from __future__ import annotations

import re

from ...errors import HostError
from .. import naming
from ..messages import Ping, PingRequest
from .client import MariadbServer, said, socket_owner, unreached

CODE = re.compile(r"ERROR (\d+)")
STRANGERS = frozenset({"1045", "1698", "1862"})
"""Errors that are about who asks, and prove that the server answers."""


def answer(request: PingRequest) -> Ping:
    """Return whether the server of a database takes connections, and has the database.

    A server that refuses our user takes connections all the same: who we are does not matter.
    """
    database, where = request.database, request.database.host
    server = MariadbServer(
        database.host, database.port, database.user, database.tools, "", database.name, ""
    )
    problem, seconds = "", 0.0
    owner = socket_owner(where) if where.startswith("/") else "nobody"
    try:
        known = [*naming.accounts((database.user, database.account, owner))]
        if not known:
            raise unreached(server, ())
        for account in known:
            asked = server._replace(account=account)
            outcome = asked.call(database.name, request.timeout, script="SELECT 1;")
            seconds, code = outcome.seconds, CODE.search(outcome.err)
            if outcome.code == 0:
                return Ping("", seconds)
            late = f"nothing within {request.timeout:.0f} s"
            problem = late if outcome.timed_out else said(outcome)
            if code and code[1] in STRANGERS:
                problem = ""
    except HostError as error:
        problem = error.message
    return Ping(f"the database at {where} refused: {problem}" if problem else "", seconds)
