"""SQLite, asked in a process of its own: it is the account of the database, and never root."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import sys
from typing import Any, BinaryIO, Dict, List, Optional

from ...errors import HostError
from ...files import reach
from ...system.command import PLACES, CommandResult, identity, run, surroundings
from . import worker

NOT_STARTED = (126, 127)
MOST = 16 << 20
"""Bytes that an answer may have: a schema of many tables."""

NOBODY = "nobody"
"""Who reads a dump as long as nobody owns the database."""


class UnfitDatabase(HostError):
    """A dump or a database is not good enough, in SQLite's words."""


class Late(HostError):
    """There was no answer in time, which proves nothing."""


def asked(
    verb: str,
    account: str,
    timeout: float,
    given: Optional[BinaryIO] = None,
    **facts: object,
) -> Any:  # noqa: ANN401 - what JSON carries
    """Return what SQLite says, asked by an account ("" for who we are) within so many seconds.

    Args:
        verb: one of those of `worker`.
        account: who asks.
        timeout: for all of it.
        given: an open file, at its beginning.
        facts: what the verb needs.

    Raises:
        UnfitDatabase: SQLite has something against it.
        Late: it took too long.
        HostError: nobody could ask, or the disk is at fault.
    """
    request = json.dumps({"verb": verb, **facts})
    env = surroundings(identity(account))
    for python in pythons():
        argv = [python, "-I", "-S", "-c", source(), request]
        outcome = run(argv, timeout, env=env, cwd="/", user=account, given=given, most=MOST)
        if outcome.code not in NOT_STARTED:
            break
    if outcome.timed_out:
        raise Late(f"SQLite did not answer within {timeout:.0f} s", "set a larger limit", "held")
    return answer(outcome, account)


def answer(outcome: CommandResult, account: str) -> Any:  # noqa: ANN401 - what JSON carries
    """Return what the process answered; raises what `asked` does."""
    try:
        said: Dict[str, Any] = json.loads(outcome.out.splitlines()[-1])
    except (ValueError, IndexError):
        raise lacking(outcome.words) from None
    if "unfit" in said:
        raise UnfitDatabase(said["unfit"], "see it on the host: sqlite3 FILE 'PRAGMA quick_check'")
    if "failed" in said:
        raise HostError(
            f"{account or 'this account'} cannot do that: {said['failed']}",
            f"namei -l and df of that path, as {account or 'this account'}",
            "unfinished",
        )
    return said["value"]


def pythons() -> List[str]:
    """Return our own Python, and the system's for an account that may not run ours."""
    usual = shutil.which("python3", path=PLACES) or "python3"
    return list(dict.fromkeys([sys.executable or usual, usual]))


def lacking(words: str) -> HostError:
    """Return why a process said nothing: most often its Python was built without SQLite."""
    if "sqlite3" in words:
        return HostError(
            f"the python3 of this host has no SQLite: {words}",
            "apt-get install libpython3-stdlib; or set [target] python to one that has it",
        )
    return HostError(
        f"the process that asks SQLite failed: {words}",
        "on the host, as that account: python3 -c 'import sqlite3'",
        "held",
    )


def reader(account: str) -> str:
    """Return who reads a dump: an account of the system's, never root; "" for who we are."""
    if os.geteuid():
        return ""
    try:
        return account if account and pwd.getpwnam(account).pw_uid else NOBODY
    except KeyError:
        return NOBODY


def source() -> str:
    """Return the text of the worker; sent to a host, we are only in memory."""
    path = getattr(worker, "__file__", None)
    if path:
        return reach.text(path)
    loader: Any = worker.__spec__.loader if worker.__spec__ else None
    return str(loader.get_source(worker.__name__))
