"""The live schema, copied into a throw-away server; with no rows, some of them, or all."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Iterator, List

from ...errors import HostError
from ..migrations.tools import TOOLS
from ..naming import DatabaseNames
from ..postgresql import clone, tools
from ..postgresql.server import VERSION, Server, literal, matched, quoted, said
from ..rehearsal import objects
from . import rows as some

DUMP = "live.dump"
LIST = "live.list"
WAITING = 2000
"""Milliseconds that a lock is waited for."""

LEFT_OUT = (" SUBSCRIPTION ", " PUBLICATION ", " USER MAPPING ", " PUBLICATION TABLE ")
"""Entries that would reach other servers, or hold passwords of them."""

TABLES = """
SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname)), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relname IN ({names}) AND n.nspname !~ '^pg_';
"""
ROLES = """
SELECT coalesce(string_agg(format('ALTER ROLE %I SET %I TO %s;', rolname, split_part(c, '=', 1),
  CASE WHEN lower(split_part(c, '=', 1)) IN ({lists}) THEN substr(c, strpos(c, '=') + 1)
  ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END), E'\\n'), '')
FROM pg_roles, unnest(rolconfig) c WHERE rolname !~ '^pg_';
"""


def head(server: Server) -> str:
    """Return the digest of all that the live database has beside rows, and of its settings.

    Raises:
        HostError: it cannot be asked.
    """
    found = sorted(objects.objects(server, server.name).items())
    return hashlib.sha256(json.dumps([found, *given(server)]).encode()).hexdigest()


def given(live: Server) -> List[str]:
    """Return the settings that roles and the database have of their own, as statements."""
    names = DatabaseNames(live.name, live.name, "")
    lists = ", ".join(map(literal, clone.LISTS))
    words = (clone.carried(live, names), live.sql(ROLES.format(lists=lists)))
    return [line for each in words for line in sorted(each.splitlines())]


def copied(live: Server, fresh: Server, rows: str, timeout: float) -> None:
    """Put the live schema into the empty database of a throw-away server, as its superuser.

    The live one is read by pg_dump, which may not write there, and waits two seconds for a lock.

    Args:
        live: the live server.
        fresh: the throw-away one, with the live one's roles and an empty database.
        rows: "schema", "sample" or "full".
        timeout: seconds for each step.

    Raises:
        HostError: the live one cannot be read, or something of it cannot be had.
    """
    version = tools.major(int(live.sql(VERSION)))
    live = matched(live, version, version)
    fresh = fresh._replace(tools=live.tools)
    settings(live, fresh)
    whole = rows == "full" or (rows == "sample" and some.is_small(live))
    only = () if whole else ("--schema-only",)
    moved(live, fresh, [*only, "--no-publications", "--no-subscriptions"], timeout)
    if whole:
        return
    known = migrations(live)
    if known:
        tables = [f"--table={quoted(schema)}.{quoted(name)}" for schema, name in known]
        moved(live, fresh, ["--data-only", *tables], timeout)
    if rows == "sample":
        some.sampled(live, fresh, known, timeout)


def settings(live: Server, fresh: Server) -> None:
    """Give roles and database of the throw-away server the live ones' settings."""
    for each in given(live):
        setting(fresh, each)


def setting(fresh: Server, words: str) -> None:
    """Give one setting, if it is known there: one of an extension may be loaded later, or never."""
    try:
        fresh.sql(words)
    except HostError as problem:
        if "unrecognized configuration" not in problem.message:
            raise


def migrations(live: Server) -> List[List[str]]:
    """Return the tables in which migration tools keep what was applied, with their schemas."""
    names = ", ".join(sorted({literal(tool.table) for tool in TOOLS}))
    found: List[List[str]] = json.loads(live.sql(TABLES.format(names=names), live.name))
    return found


def moved(live: Server, fresh: Server, what: List[str], timeout: float) -> None:
    """Dump a part of the live database, and restore it."""
    place = os.path.join(fresh.host, DUMP)
    argv = ["-Fc", "-w", f"--lock-wait-timeout={WAITING}", "-f", place, *what]
    done = live.call("pg_dump", argv, live.name, timeout)
    if done.code:
        raise HostError(
            f"the live schema cannot be copied: {said(done)}",
            "give the role of [database] what it names; or set user in [database] to the owner of "
            f"all tables; {live.hint}",
        )
    listed = fresh.call("pg_restore", ["-l", place], None, timeout)
    kept = "\n".join(wanted(listed.out))
    done = fresh.call(
        "pg_restore",
        ["-w", "--exit-on-error", "-L", "/dev/stdin", place],
        live.name,
        timeout,
        script=kept,
    )
    if done.code:
        raise HostError(
            f"the live schema cannot be built in a throw-away server: {said(done)}",
            'install what it names on this host; or set previous = "" in [database.rehearsal]',
        )


def wanted(listed: str) -> Iterator[str]:
    """Yield the entries of an archive's list that are restored."""
    for line in listed.splitlines():
        if not any(each in line for each in LEFT_OUT):
            yield line
