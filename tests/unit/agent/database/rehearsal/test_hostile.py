"""Dumps and databases of people who want a rehearsal to do harm, or that are only unusual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.agent.database import stamp
from pytest_rollback.agent.database.messages import DatabaseRequest
from pytest_rollback.agent.database.postgresql.server import Server
from pytest_rollback.agent.database.rehearsal import facts, origin
from pytest_rollback.agent.database.rehearsal import scratch as scratches
from pytest_rollback.agent.errors import HostError
from tests.unit.agent.database.rehearsal.dumps import dump, rehearsed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.support.databases import Base

EVIL = """
CREATE SCHEMA evil;
CREATE FUNCTION evil.harm() RETURNS bigint LANGUAGE plpgsql AS $f$ BEGIN
  IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    EXECUTE $q$COPY (SELECT 1) TO PROGRAM 'touch {proof}'$q$;
  END IF; RETURN 1; END $f$;
CREATE FUNCTION evil.pg_database_size(name) RETURNS bigint LANGUAGE sql AS 'SELECT evil.harm()';
CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT evil.harm()::text';
CREATE FUNCTION evil.format_type(oid, int) RETURNS text LANGUAGE sql
  AS 'SELECT evil.harm()::text';
CREATE FUNCTION evil.many(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 5000 + evil.harm()';
CREATE AGGREGATE evil.count(*) (sfunc = int8inc, stype = int8, initcond = '5000');
CREATE TYPE evil.odd AS (a int);
CREATE FUNCTION evil.text(evil.odd) RETURNS text LANGUAGE sql AS 'SELECT evil.harm()::text';
CREATE CAST (evil.odd AS text) WITH FUNCTION evil.text(evil.odd);
CREATE FUNCTION evil.go() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN
  EXECUTE pg_catalog.format('ALTER DATABASE %I SET search_path TO evil, pg_catalog, public',
    pg_catalog.current_database()); RETURN 1; END $f$;
CREATE VIEW evil.source AS SELECT evil.go() AS x;
CREATE MATERIALIZED VIEW evil.mv AS SELECT 1 AS x FROM evil.source;
ALTER DATABASE shop RESET search_path;
"""


def test_no_code_of_a_dump_runs_as_a_superuser(shop: Base, scratch: Path) -> None:
    """Whatever it calls as functions of the server's, and wherever it has them looked for."""
    proof = scratch.parent / f"{scratch.name}-proof"
    shop.sql(EVIL.format(proof=proof))
    dump(shop)
    found = rehearsed(shop, scratch, newest=("orders.at",))

    assert not proof.exists()
    assert found.rows == 250
    assert found.size > 1_000_000


def test_a_dump_that_changes_meanwhile_is_not_stamped(
    shop: Base, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither one put in its place after the first look, nor one that has commands by then."""
    dump(shop, "-Fp")
    good = shop.dump.read_text()
    furnish = scratches.furnish
    for more in ("-- another one", f"\\! touch {scratch}-proof"):
        shop.dump.write_text(good)

        def furnished(*given: Any, more: str = more) -> Server:  # noqa: ANN401
            shop.dump.write_text(f"{good}\n{more}\n")
            return furnish(*given)

        monkeypatch.setattr(scratches, "furnish", furnished)
        with pytest.raises(HostError, match="the dump changed"):
            rehearsed(shop, scratch)
    assert stamp.read(str(shop.state)) is None
    assert not scratch.with_name(f"{scratch.name}-proof").exists()


def test_rows_that_a_policy_hides_are_not_counted_as_gone(shop: Base, scratch: Path) -> None:
    """The owner sees a part of them: the server's statistics know how many there are."""
    shop.sql(
        "CREATE TABLE tenants (id int, tenant int); INSERT INTO tenants SELECT i, i % 10 FROM "
        "generate_series(1, 1000) i; ANALYZE tenants; ALTER TABLE tenants ENABLE ROW LEVEL "
        "SECURITY; ALTER TABLE tenants FORCE ROW LEVEL SECURITY; "
        "CREATE POLICY own ON tenants USING (tenant = 1)"
    )
    dump(shop)
    where = ("-h", str(shop.postgres.socket), "-p", str(shop.postgres.port), "-U", "shop")
    words = (*where, "-Fc", "--enable-row-security", "-f", str(shop.dump), "shop")
    shop.postgres.run("pg_dump", *words)
    found = rehearsed(shop, scratch)

    (told,) = (each for each in found.lost if each.table == "public.tenants")
    assert (told.restored, told.live, told.estimated) == (100, 1000, True)


def test_a_large_table_without_statistics_is_told(
    shop: Base, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows how many rows it has; where it is as large as before, that will do."""
    monkeypatch.setattr(facts, "COUNTED", 1000)
    shop.sql(
        "CREATE TABLE huge (id int) WITH (autovacuum_enabled = false); "
        "INSERT INTO huge SELECT generate_series(1, 2000)"
    )
    dump(shop)
    assert rehearsed(shop, scratch).problems == ()
    shop.sql("INSERT INTO huge SELECT generate_series(1, 90000)")
    (told,) = rehearsed(shop, scratch).problems

    assert "nobody knows how many rows 1 of 3 live tables have" in told.problem
    assert "ANALYZE" in told.hint


def test_many_tables_and_large_objects_are_no_defect(shop: Base, scratch: Path) -> None:
    """A throw-away server has as many locks as a live one, though fewer sessions."""
    shop.sql(
        "SELECT format('CREATE TABLE many%s (id serial PRIMARY KEY, v text UNIQUE)', i) "
        "FROM generate_series(1, 700) i \\gexec\n"
        "SELECT count(lo_create(0)) FROM generate_series(1, 3000)"
    )
    dump(shop, "-Fp")
    found = rehearsed(shop, scratch)

    assert (found.problems, found.tables) == ((), 702)


def test_a_table_space_is_no_defect(shop: Base, scratch: Path) -> None:
    """It is made in the throw-away server as well, without a place of its own."""
    words = "SET allow_in_place_tablespaces = on"
    shop.postgres.sql(f"{words}; CREATE TABLESPACE fast LOCATION ''")
    try:
        shop.postgres.sql("GRANT CREATE ON TABLESPACE fast TO shop")
        shop.sql("CREATE TABLE quick (id int) TABLESPACE fast; INSERT INTO quick VALUES (1)")
        for kind in ("-Fc", "-Fp"):
            dump(shop, kind)
            assert rehearsed(shop, scratch).problems == ()
    finally:
        shop.sql("DROP TABLE IF EXISTS quick")
        shop.postgres.sql("DROP TABLESPACE fast")


def test_odd_names_can_be_named(shop: Base, scratch: Path) -> None:
    """In quotes where they have points or spaces; and many by a pattern."""
    shop.sql(
        'CREATE SCHEMA "S p"; CREATE TABLE "S p"."T\'x" ("wh en" int); '
        'INSERT INTO "S p"."T\'x" VALUES (1); CREATE TABLE "Order" (at int)'
    )
    dump(shop)
    shop.sql('INSERT INTO "S p"."T\'x" VALUES (2), (3)')
    shop.sql("CREATE TABLE events_2026_12 AS SELECT 1 AS id")
    newest = ('"S p"."T\'x"."wh en"', "Order.at")
    found = rehearsed(shop, scratch, newest=newest, ignore=("events_*",), tolerance=0.9)

    assert found.problems == ()
    assert [each.rows for each in found.newer] == [2, 0]


def test_a_stamp_is_of_one_database(shop: Base, scratch: Path) -> None:
    """Of another name, server or role it says nothing."""
    found = rehearsed(shop, scratch)
    location, access = shop.location(), shop.access()
    seen = origin.look(DatabaseRequest(location, access, 60.0)).rehearsal
    other = origin.look(DatabaseRequest(location, access._replace(name="postgres"), 60.0)).rehearsal

    assert seen == found
    assert other
    assert other.digest == ""
