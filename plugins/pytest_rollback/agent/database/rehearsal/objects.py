"""What a database has beside rows: columns, indexes, constraints, triggers, functions, policies.

Each object is a kind, a name, and a digest of what it is: its definition as the server writes it,
its owner, and who may do what with it. The server writes an expression anew when it is restored, so
casts and brackets do not count; members of extensions come with these.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Collection, Dict

from ...errors import HostError
from ..postgresql.server import Server

MOST = 64 << 20
"""Bytes that a list of objects may have."""

CAST = (
    r"::(?:character varying|double precision|bit varying|time(?:stamp)? with(?:out)? time zone"
    r'|[[:alnum:]_."]+)(?:\([0-9,]+\))?(?:\[\])*'
)

RELATION = "quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def free(catalog: str, alias: str) -> str:
    """Return the condition that an object belongs to no extension."""
    return (
        f"NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = '{catalog}'::regclass "  # noqa: S608
        f"AND x.objid = {alias}.oid AND x.deptype = 'e')"
    )


def on(oid: str) -> str:
    """Return the joins and the condition that finds the relation that something is on."""
    return (
        f"JOIN pg_class c ON c.oid = {oid} JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE {OURS} AND c.relpersistence <> 't' AND {free('pg_class', 'c')}"
    )


def may(granted: str) -> str:
    """Return SQL for who may do what, by a list of privileges."""
    return (
        "(SELECT string_agg(y, ',' ORDER BY y) FROM (SELECT a.grantee::regrole || a.privilege_type "  # noqa: S608
        f"AS y FROM aclexplode({granted}) a) z)"
    )


ACL = """coalesce(c.relacl, acldefault(CASE WHEN c.relkind = 'S' THEN 's' ELSE 'r' END::"char",
  c.relowner))"""

LISTED = f"""
SELECT 'schema' AS kind, quote_ident(n.nspname) AS name, concat_ws(' ', n.nspowner::regrole,
  {may("coalesce(n.nspacl, acldefault('n', n.nspowner))")}) AS what
FROM pg_namespace n WHERE {OURS} AND {free("pg_namespace", "n")}
UNION ALL
SELECT 'relation', {RELATION}, concat_ws(' ', c.relkind, c.relowner::regrole, c.relrowsecurity,
  c.relforcerowsecurity, c.relpersistence, c.relispopulated,
  (SELECT string_agg(inhparent::regclass::text, ',') FROM pg_inherits WHERE inhrelid = c.oid),
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END, {may(ACL)})
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  AND {free("pg_class", "c")}
UNION ALL
SELECT 'column', {RELATION} || '.' || quote_ident(a.attname), concat_ws(' ',
  format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
  pg_get_expr(d.adbin, d.adrelid), {may("a.attacl")})
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
{on("a.attrelid")} AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0
  AND NOT a.attisdropped
UNION ALL
SELECT 'index', {RELATION} || ' ' || i.indexrelid::regclass::text,
  concat_ws(' ', pg_get_indexdef(i.indexrelid), i.indisvalid)
FROM pg_index i {on("i.indrelid")} AND c.relkind IN ('r', 'p', 'm')
UNION ALL
SELECT 'constraint', {RELATION} || ' ' || quote_ident(k.conname),
  concat_ws(' ', k.contype, k.convalidated, pg_get_constraintdef(k.oid))
FROM pg_constraint k {on("k.conrelid")}
UNION ALL
SELECT 'trigger', {RELATION} || ' ' || quote_ident(t.tgname),
  concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
FROM pg_trigger t {on("t.tgrelid")} AND NOT t.tgisinternal
UNION ALL
SELECT 'rule', {RELATION} || ' ' || quote_ident(r.rulename),
  concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid))
FROM pg_rewrite r {on("r.ev_class")} AND r.rulename <> '_RETURN'
UNION ALL
SELECT 'policy', {RELATION} || ' ' || quote_ident(p.polname),
  concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::regrole[],
  pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p {on("p.polrelid")}
UNION ALL
SELECT 'sequence', {RELATION}, concat_ws(' ', q.seqtypid::regtype, q.seqincrement, q.seqmin,
  q.seqmax, q.seqcycle)
FROM pg_sequence q {on("q.seqrelid")}
UNION ALL
SELECT 'function', p.oid::regprocedure::text, concat_ws(' ', p.proowner::regrole,
  (SELECT lanname FROM pg_language WHERE oid = p.prolang), p.prosrc, p.prosecdef, p.provolatile,
  p.proconfig::text, pg_get_function_result(p.oid),
  {may("coalesce(p.proacl, acldefault('f', p.proowner))")})
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {OURS} AND {free("pg_proc", "p")}
UNION ALL
SELECT 'type', t.oid::regtype::text, concat_ws(' ', t.typtype, t.typowner::regrole, t.typnotnull,
  t.typdefault, CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
  (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e
   WHERE e.enumtypid = t.oid), (SELECT string_agg(pg_get_constraintdef(k.oid), ',' ORDER BY
  k.conname) FROM pg_constraint k WHERE k.contypid = t.oid))
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE {OURS} AND t.typtype IN ('e', 'd', 'r') AND {free("pg_type", "t")}
UNION ALL
SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(s.stxname),
  concat_ws(' ', s.stxrelid::regclass, s.stxkeys::text)
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {OURS}
UNION ALL
SELECT 'collation', quote_ident(n.nspname) || '.' || quote_ident(l.collname),
  l.collowner::regrole::text
FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
WHERE {OURS} AND {free("pg_collation", "l")}
UNION ALL
SELECT 'default privileges', concat_ws(' ', d.defaclrole::regrole,
  d.defaclnamespace::regnamespace, d.defaclobjtype), {may("d.defaclacl")} FROM pg_default_acl d
UNION ALL
SELECT 'publication', quote_ident(p.pubname), '' FROM pg_publication p
UNION ALL
SELECT 'foreign server', quote_ident(f.srvname), '' FROM pg_foreign_server f
"""  # noqa: S608 - all of it is ours
"""SQL for each object: its kind, its name, and what it is."""

SCRIPT = f"""
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '2s'; SET LOCAL search_path = '';
SELECT json_build_array(kind, name, hashtext(d)::text || ' ' || length(d)) FROM (
  SELECT kind, name, regexp_replace(regexp_replace(lower(coalesce(what, '')), $re${CAST}$re$, '',
    'g'), '[()[:space:]]', '', 'g') AS d FROM ({LISTED}) listed) written;
"""  # noqa: S608 - as above

Objects = Dict[str, str]
"""A digest of each object, by kind and name."""


def objects(server: Server, database: str, ignore: Collection[str] = ()) -> Objects:
    """Return what a database has beside rows, but for what is on tables to ignore.

    Raises:
        HostError: it cannot be asked.
    """
    try:
        said = server.sql(SCRIPT, database, 90, most=MOST)
    except HostError as problem:
        if "lock timeout" in problem.message:
            raise locked(server, database) from problem
        raise
    found = (json.loads(line) for line in said.splitlines())
    left = [end for table in ignore for end in (table, f"{table} *", f"{table}.*")]
    return {
        f"{kind} {name}": what
        for kind, name, what in found
        if not any(fnmatchcase(name, each) for each in left)
    }


LOCKED = """
SELECT coalesce(string_agg(DISTINCT relation::regclass::text, ', '), 'one of its tables')
FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation >= 16384
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
"""


def locked(server: Server, database: str) -> HostError:
    """Return that somebody keeps a table locked, by its name."""
    return HostError(
        f"somebody keeps {server.sql(LOCKED, database)} of the database {database} locked",
        "wait, or see who it is: SELECT pid, query FROM pg_stat_activity WHERE state <> 'idle'; "
        "then rollback rehearse",
        "held",
    )
