"""What a database holds: tables with their rows, privileges, extensions, sequences, objects.

The live one is only read, in one transaction that sees one moment, may not write, and waits for
nobody; large tables are not counted but estimated from the server's own statistics.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Collection, Dict, List

from ..differences import DatabaseFacts, TableFacts
from ..postgresql.contents import sized, words
from ..postgresql.server import Server, literal, quoted

COUNTED = 64 << 20
"""Bytes of a table up to which its rows are counted in the live database."""

PACE = 128 << 20
"""Bytes a second at which live tables are read at most."""

BATCH = 50
"""Tables that are counted by one call."""

STATEMENT = 60
"""Seconds that one count may take."""

WAITING = 2
"""Seconds that a lock is waited for."""

TABLES = """
SELECT coalesce(json_agg(json_build_array(n.nspname, c.relname, {size},
  c.reltuples::bigint, c.relpages,
  has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid),
  (SELECT json_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END
     || ': ' || a.privilege_type) FROM aclexplode(coalesce(c.relacl,
     acldefault('r', c.relowner))) a))), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema';
"""
OTHERS = """
SELECT json_build_object('extensions', (SELECT coalesce(json_object_agg(extname, extversion), '{}')
    FROM pg_extension),
  'objects', (SELECT count(*) FROM pg_largeobject_metadata),
  'columns', (SELECT coalesce(string_agg(concat_ws(' ', n.nspname, c.relname, a.attname,
    format_type(a.atttypid, a.atttypmod), a.attnotnull), ',' ORDER BY n.nspname, c.relname,
    a.attname), '') FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND a.attnum > 0
    AND NOT a.attisdropped AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'),
  'size', pg_database_size(current_database()));
"""
OWNED = """
SELECT coalesce(json_agg(json_build_array(sn.nspname, s.relname, n.nspname, c.relname,
  a.attname)), '[]')
FROM pg_depend d JOIN pg_class s ON s.oid = d.objid JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_namespace sn ON sn.oid = s.relnamespace JOIN pg_class c ON c.oid = d.refobjid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.deptype IN ('a', 'i') AND c.relkind IN ('r', 'p') AND q.seqincrement > 0 AND NOT q.seqcycle
  AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype);
"""
"""Sequences that count up, and the columns of numbers that they belong to."""


def name(schema: str, table: str) -> str:
    """Return a table's name as people read it."""
    return f"{schema}.{table}"


def looking(timeout: float) -> List[str]:
    """Return statements that begin to look, and may change nothing and delay nobody."""
    return [
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;",
        f"SET LOCAL statement_timeout = '{int(timeout)}s';",
        f"SET LOCAL lock_timeout = '{WAITING}s';",
    ]


def nothing() -> None:
    """Do nothing between two batches."""


def facts(
    server: Server,
    database: str,
    most: float = float("inf"),
    between: Callable[[], None] = nothing,
) -> DatabaseFacts:
    """Return what a database holds; tables of more than so many bytes are not counted.

    Neither is one that somebody has locked, nor one of which a policy shows us a part.

    Args:
        server: where it is.
        database: its name.
        most: bytes of a table that is counted.
        between: is called before each batch of tables; what it raises ends the count.

    Raises:
        HostError: it cannot be asked.
    """
    listed = json.loads(sized(lambda size: _asked(server, database, TABLES.format(size=size))))
    counted = [each for each in listed if each[2] <= most and each[5]]
    numbers: Dict[str, int] = {}
    for start in range(0, len(counted), BATCH):
        between()
        batch = counted[start : start + BATCH]
        numbers.update(counts(server, database, batch, paced=most != float("inf")))
    others = json.loads(_asked(server, database, OTHERS))
    tables = {name(*each[:2]): table_facts(each, numbers) for each in listed}
    return DatabaseFacts(tables, *(others[key] for key in DatabaseFacts._fields[1:]))


def counts(server: Server, database: str, batch: List[List[Any]], *, paced: bool) -> Dict[str, int]:
    """Return the rows of some tables; a table that is locked is left out.

    Each is counted in a transaction of its own, so that none stays locked while others are.
    """
    script = ["\\set ON_ERROR_STOP off"]
    for number, (schema, table, size, *_) in enumerate(batch):
        place = f"{quoted(schema)}.{quoted(table)}"
        script += [*looking(STATEMENT), f"SELECT {number}, count(*) FROM ONLY {place};", "COMMIT;"]  # noqa: S608
        script += [f"SELECT pg_sleep({size / PACE:.4f});"] * bool(paced and size)
    seconds = STATEMENT + sum(each[2] / PACE * 2 + WAITING for each in batch)
    lines = server.sql("\n".join(script), database, seconds).splitlines()
    found = (line.split("|") for line in lines if "|" in line)
    return {name(*batch[int(number)][:2]): int(rows) for number, rows in found}


def table_facts(listed: List[object], numbers: Dict[str, int]) -> TableFacts:
    """Return the facts of a table as the catalog lists it, with the rows that were counted."""
    schema, table, size, tuples, pages, _, granted = listed
    rows = numbers.get(name(str(schema), str(table)))
    about = None
    if rows is None and int(str(tuples)) >= 0 and int(str(pages)):
        about = round(int(str(tuples)) / int(str(pages)) * (int(str(size)) / 8192))
    who = granted if isinstance(granted, list) else []
    known = about if rows is None else rows
    return TableFacts(int(str(size)), known, rows is None, set(map(str, who)))


def _asked(server: Server, database: str, query: str) -> str:
    return server.sql("\n".join([*looking(STATEMENT), query]), database, STATEMENT + 10)


def behind(server: Server, database: str, only: Collection[str] = ()) -> Dict[str, str]:
    """Return sequences that would give a number out again, by name, each in words.

    `only` names the sequences that are looked at; without a name, all are.
    """
    owned = json.loads(_asked(server, database, OWNED))
    wanted = [each for each in owned if not only or name(*each[:2]) in only]
    asked = [
        f"SELECT json_build_array((SELECT last_value - (NOT is_called)::int FROM "  # noqa: S608
        f"{quoted(each[0])}.{quoted(each[1])}), "
        f"(SELECT max({quoted(each[4])}) FROM {quoted(each[2])}.{quoted(each[3])}));"
        for each in wanted
    ]
    seconds = STATEMENT * 10
    said = server.sql("\n".join([*looking(STATEMENT), *asked]), database, seconds)
    numbers = map(json.loads, said.splitlines())
    return {
        name(*each[:2]): f"{name(*each[:2])} is at {value:,}, {each[3]}.{each[4]} at {most:,}"
        for each, (value, most) in zip(wanted, numbers)
        if most is not None and most > value
    }


def newer(live: Server, restored: Server, column: str) -> int:
    """Return how many live rows are newer than all restored ones, by `[schema.]table.column`."""
    *schema, table, field = words(column)
    place = ".".join(quoted(each) for each in (*(schema or ["public"]), table))
    latest = restored.sql(f"SELECT max({quoted(field)})::text FROM {place};", live.name)  # noqa: S608
    where = f" WHERE {quoted(field)} > {literal(latest)}" if latest else ""
    asked = f"SELECT count(*) FROM {place}{where};"  # noqa: S608 - quoted
    return int(_asked(live, live.name, asked))
