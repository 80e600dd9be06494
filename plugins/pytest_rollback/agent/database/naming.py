"""The names of a run's databases beside the live one, and the accounts that may reach a server."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
from typing import Iterable, Iterator, NamedTuple

LONGEST = 63
"""Bytes of a name; PostgreSQL would cut off the rest without a word that we see, and MariaDB takes
64 characters."""


class DatabaseNames(NamedTuple):
    """What the databases of one run are called."""

    live: str
    fresh: str
    failed: str


def names(live: str, run: str) -> DatabaseNames:
    """Return the names of a run's databases; two runs never share one."""
    return DatabaseNames(live, beside(live, "rollback", run), beside(live, "failed", run))


def beside(live: str, kind: str, run: str, longest: int = LONGEST) -> str:
    """Return a name of a run beside the live one, of so many bytes at most."""
    whole = f"{live}_{kind}_{run}"
    if len(whole.encode()) <= longest:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    room = longest - len(f"_{kind}_{digest}")
    return f"{live.encode()[:room].decode(errors='ignore')}_{kind}_{digest}"


def signed(run_id: str) -> str:
    """Return the name of a run's sessions, by which those of a dead run are found."""
    return f"rollback {hashlib.sha256(run_id.encode()).hexdigest()[:16]}"


def accounts(names_: Iterable[str]) -> Iterator[str]:
    """Yield whom we may become to connect to a server; root never, "" for who we are."""
    if os.geteuid() != 0:
        yield ""
        return
    for name in dict.fromkeys(names_):
        with contextlib.suppress(KeyError):
            if name and pwd.getpwnam(name).pw_uid != 0:
                yield name
