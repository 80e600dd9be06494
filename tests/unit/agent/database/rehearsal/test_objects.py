"""What a database is made of: each alteration is seen, and a dump of it alters nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.database import differences
from pytest_rollback.agent.database.differences import ComparedDatabases, DatabaseFacts
from pytest_rollback.agent.database.postgresql.server import reached
from pytest_rollback.agent.database.rehearsal import objects
from tests.unit.agent.database.rehearsal.dumps import dump, rehearsed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.support.databases import Base

RICH = """
CREATE SCHEMA sales;
CREATE TYPE sales.mood AS ENUM ('new', 'sent');
CREATE DOMAIN sales.posint AS int CHECK (VALUE > 0);
CREATE TABLE sales.customers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL
  UNIQUE, status varchar(9) DEFAULT 'a' CHECK (status IN ('a', 'b')), made timestamptz
  DEFAULT now());
CREATE TABLE sales.orders (id serial PRIMARY KEY, customer int REFERENCES sales.customers, qty
  sales.posint, price numeric(9, 2), total numeric GENERATED ALWAYS AS (qty * price) STORED,
  mood sales.mood DEFAULT 'new');
CREATE INDEX orders_mood ON sales.orders (abs(price)) WHERE price > 1 AND qty IN (1, 2);
CREATE TABLE sales.events (at date, words text) PARTITION BY RANGE (at);
CREATE TABLE sales.events_1 PARTITION OF sales.events FOR VALUES FROM ('2026-01-01') TO
  ('2026-02-01');
CREATE TABLE "Tab le 'x'" ("Ünï" int, y text);
CREATE VIEW sales.v AS SELECT * FROM sales.orders WHERE mood = 'new' OR price IN (1, 2);
CREATE MATERIALIZED VIEW sales.mv AS SELECT count(*) FROM sales.orders;
CREATE FUNCTION sales.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER t_note BEFORE INSERT ON sales.orders FOR EACH ROW EXECUTE FUNCTION sales.note();
CREATE RULE r AS ON DELETE TO sales.events DO INSTEAD NOTHING;
ALTER TABLE sales.orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON sales.orders USING (customer = 1);
CREATE SEQUENCE sales.invoice;
CREATE STATISTICS sales.st (ndistinct) ON id, customer FROM sales.orders;
CREATE AGGREGATE sales.total (int) (sfunc = int4pl, stype = int);
GRANT USAGE ON SCHEMA sales TO reader;
GRANT SELECT (id) ON sales.customers TO reader;
GRANT EXECUTE ON FUNCTION sales.note() TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO reader;
COMMENT ON TABLE sales.orders IS 'no object';
INSERT INTO sales.customers (email) VALUES ('a'), ('b');
"""
ALTERATIONS = {
    "DROP VIEW sales.v": "relation sales.v",
    "DROP MATERIALIZED VIEW sales.mv": "relation sales.mv",
    "REFRESH MATERIALIZED VIEW sales.mv WITH NO DATA": "relation sales.mv",
    "CREATE OR REPLACE VIEW sales.v AS SELECT * FROM sales.orders": "relation sales.v",
    "DROP FUNCTION sales.note CASCADE": "function sales.note()",
    "DROP TRIGGER t_note ON sales.orders": "trigger sales.orders t_note",
    "ALTER TABLE sales.orders DISABLE TRIGGER t_note": "trigger sales.orders t_note",
    "DROP AGGREGATE sales.total (int)": "function sales.total(integer)",
    "DROP POLICY own ON sales.orders": "policy sales.orders own",
    "ALTER POLICY own ON sales.orders USING (true)": "policy sales.orders own",
    "ALTER TABLE sales.orders DISABLE ROW LEVEL SECURITY": "relation sales.orders",
    "DROP INDEX sales.orders_mood": "index sales.orders sales.orders_mood",
    "ALTER TABLE sales.orders DROP CONSTRAINT orders_customer_fkey": "constraint sales.orders "
    "orders_customer_fkey",
    "ALTER TABLE sales.customers DROP CONSTRAINT customers_email_key": "constraint "
    "sales.customers customers_email_key",
    "ALTER DOMAIN sales.posint DROP CONSTRAINT posint_check": "type sales.posint",
    "ALTER TABLE sales.customers ALTER email DROP NOT NULL": "column sales.customers.email",
    "ALTER TABLE sales.customers ALTER made DROP DEFAULT": "column sales.customers.made",
    "ALTER TABLE sales.orders ALTER total DROP EXPRESSION": "column sales.orders.total",
    "ALTER TABLE sales.customers ALTER id DROP IDENTITY": "column sales.customers.id",
    "ALTER TABLE sales.orders ALTER id DROP DEFAULT": "column sales.orders.id",
    "DROP SEQUENCE sales.invoice": "sequence sales.invoice",
    "ALTER SEQUENCE sales.invoice INCREMENT 5": "sequence sales.invoice",
    "ALTER TABLE sales.customers DROP COLUMN status": "column sales.customers.status",
    "ALTER TABLE sales.customers ALTER status TYPE text": "column sales.customers.status",
    "REVOKE SELECT (id) ON sales.customers FROM reader": "column sales.customers.id",
    "REVOKE USAGE ON SCHEMA sales FROM reader": "schema sales",
    "REVOKE EXECUTE ON FUNCTION sales.note() FROM reader": "function sales.note()",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA sales REVOKE SELECT ON TABLES FROM reader": "default "
    "privileges shop sales r",
    "GRANT ALL ON sales.customers TO PUBLIC": "relation sales.customers",
    "DROP RULE r ON sales.events": "rule sales.events r",
    "DROP STATISTICS sales.st": "statistics sales.st",
    "ALTER TABLE sales.events DETACH PARTITION sales.events_1": "relation sales.events_1",
    "ALTER TYPE sales.mood RENAME VALUE 'sent' TO 'shipped'": "type sales.mood",
    "CREATE TABLE sales.more (id int)": "relation sales.more",
    """DROP TABLE "Tab le 'x'\"""": """relation public."Tab le 'x'\"""",
}


@pytest.fixture(scope="module")
def rich(running: Base) -> Base:
    """A server with a database that has one of each kind."""
    running.fresh()
    running.sql("DROP TABLE goods; DROP TABLE empty; DROP FUNCTION cost;" + RICH)
    running.postgres.sql("DROP DATABASE IF EXISTS rich; ALTER DATABASE shop RENAME TO rich")
    return running


@pytest.fixture
def shop(rich: Base) -> Base:
    """A copy of it."""
    for script in ("DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop TEMPLATE rich OWNER shop"):
        rich.postgres.sql(script)
    return rich


NO_TABLES = DatabaseFacts({}, {}, 0, "", 0)
NOTHING = ComparedDatabases("dump", NO_TABLES, NO_TABLES, 0.5, ())


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_alteration_is_seen(shop: Base, alteration: str) -> None:
    """Whatever it alters, in whichever direction: the dump, or the live database since."""
    server = reached(shop.access())
    before = objects.objects(server, "shop")
    shop.sql(alteration)
    after = objects.objects(server, "shop")

    for restored, live in ((before, after), (after, before)):
        said = " ".join(each.problem for each in differences.objects(NOTHING, restored, live))
        assert said, alteration
    changed = {each for each in {*before, *after} if before.get(each) != after.get(each)}
    assert ALTERATIONS[alteration] in changed


@pytest.mark.parametrize("kind", ["-Fc", "-Fp"])
def test_a_dump_alters_nothing(shop: Base, scratch: Path, kind: str) -> None:
    """Neither does the dump of what was restored from one: the server writes that differently."""
    for _ in range(2):
        dump(shop, kind)
        found = rehearsed(shop, scratch)
        assert (found.problems, found.unsure) == ((), ())
        shop.postgres.sql("DROP DATABASE shop")
        shop.postgres.sql("CREATE DATABASE shop OWNER shop TEMPLATE template0")
        tool, words = ("pg_restore", []) if kind == "-Fc" else ("psql", ["-q", "-f"])
        shop.postgres.client(tool, "-d", "shop", *words, str(shop.dump))


def test_objects_on_tables_to_ignore_do_not_count(shop: Base) -> None:
    """With all that is on them."""
    server = reached(shop.access())
    before = objects.objects(server, "shop", ("sales.orders",))
    shop.sql("DROP POLICY own ON sales.orders; ALTER TABLE sales.orders DROP COLUMN mood CASCADE")
    after = objects.objects(server, "shop", ("sales.orders",))

    left = [each for each in before if "sales.orders" in each]
    assert left == ["relation sales.orders_id_seq", "sequence sales.orders_id_seq"]
    assert {each for each in {*before, *after} if before.get(each) != after.get(each)} == {
        "relation sales.v",
        *(each for each in before if each.startswith("column sales.v.")),
    }
