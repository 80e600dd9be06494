"""A live database that is ahead of the previous release is told, for each migration tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_rollback.agent.database.messages import MigrationsRequest, MigrationState
from pytest_rollback.agent.database.migrations.tools import TOOLS
from pytest_rollback.agent.database.postgresql import applied
from pytest_rollback.agent.messages.location import Location
from tests.unit.agent.backup.test_links import Linked
from tests.unit.support.databases import Base, base
from tests.unit.support.deployed import Deploy
from tests.unit.support.requests import located

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server() -> Iterator[Base]:
    """A server that all tests of this file share."""
    with base() as found:
        found.fresh()
        yield found


class MigrationCase(NamedTuple):
    """A tool's table with two applied migrations, and the file that the deploy has added.

    `way` is whether that file has a way back; `older` is the file that the previous release has.
    """

    ddl: str
    older: str
    path: str
    text: str
    id: str
    way: bool | None


ALEMBIC = """
revision: str = "b2"
down_revision: str | None = "a1"
def upgrade(): op.add_column("orders", x)
def downgrade():
    {}
"""

CASES = {
    "alembic": MigrationCase(
        "alembic_version (version_num text); INSERT INTO alembic_version VALUES ('b2')",
        "app/versions/a1_first.py",
        "app/versions/b2_second.py",
        ALEMBIC.format('op.drop_column("orders", "x")'),
        "b2",
        way=True,
    ),
    "alembic without a way back": MigrationCase(
        "alembic_version (version_num text); INSERT INTO alembic_version VALUES ('b2')",
        "app/versions/a1_first.py",
        "app/versions/b2_second.py",
        ALEMBIC.format("pass"),
        "b2",
        way=False,
    ),
    "Django": MigrationCase(
        "django_migrations (id serial, app text, name text); INSERT INTO django_migrations "
        "(app, name) VALUES ('auth', '0001_initial'), ('shop', '0001_initial'), ('shop', '0002_x')",
        "shop/migrations/0001_initial.py",
        "shop/migrations/0002_x.py",
        "class Migration: pass",
        "shop.0002_x",
        way=None,
    ),
    "Flyway": MigrationCase(
        "flyway_schema_history (installed_rank int, version text, success boolean); "
        "INSERT INTO flyway_schema_history VALUES "
        "(1, '1', true), (2, '2.01', true), (3, '3', false)",
        "db/V1__first.sql",
        "db/V2_1__second.sql",
        "ALTER TABLE",
        "2.1",
        way=None,
    ),
    "golang-migrate": MigrationCase(
        "schema_migrations (version bigint, dirty boolean); "
        "INSERT INTO schema_migrations VALUES (2, false)",
        "sql/000001_first.up.sql",
        "sql/000002_second.up.sql",
        "ALTER TABLE",
        "2",
        way=None,
    ),
    "Rails": MigrationCase(
        "schema_migrations (version text); INSERT INTO schema_migrations VALUES "
        "('20250101000000'), ('20260101000000')",
        "db/migrate/20250101000000_first.rb",
        "db/migrate/20260101000000_second.rb",
        "def change",
        "20260101000000",
        way=True,
    ),
    "Prisma": MigrationCase(
        "_prisma_migrations (migration_name text, finished_at timestamptz, rolled_back_at "
        "timestamptz); INSERT INTO _prisma_migrations VALUES ('1_first', '2025-01-01', NULL), "
        "('2_second', '2026-01-01', NULL), ('3_failed', NULL, NULL)",
        "prisma/migrations/1_first/migration.sql",
        "prisma/migrations/2_second/migration.sql",
        "ALTER TABLE",
        "2_second",
        way=None,
    ),
    "Liquibase": MigrationCase(
        "databasechangelog (id text, author text, filename text, orderexecuted int); "
        "INSERT INTO databasechangelog VALUES "
        "('1', 'ann', 'db/first.xml', 1), ('2', 'ann', 'classpath:db/second.xml', 2)",
        "resources/db/first.xml",
        "resources/db/second.xml",
        "<changeSet/>",
        "second.xml",
        way=None,
    ),
    "Laravel": MigrationCase(
        "migrations (id serial, migration text, batch int); "
        "INSERT INTO migrations (migration) VALUES ('1_first'), ('2_second')",
        "database/migrations/1_first.php",
        "database/migrations/2_second.php",
        "public function down() {}",
        "2_second",
        way=True,
    ),
    "Knex": MigrationCase(
        "knex_migrations (id serial, name text, batch int); "
        "INSERT INTO knex_migrations (name) VALUES ('1.js'), ('2.js')",
        "migrations/1.js",
        "migrations/2.js",
        "exports.up = 1",
        "2.js",
        way=False,
    ),
    "Sequelize": MigrationCase(
        "\"SequelizeMeta\" (name text); INSERT INTO \"SequelizeMeta\" VALUES ('1.js'), ('2.js')",
        "migrations/1.js",
        "migrations/2.js",
        "down: 1",
        "2.js",
        way=True,
    ),
}


def found(server: Base, place: Location, case: MigrationCase) -> MigrationState:
    """Create the tool's table, look, and drop it again."""
    table = case.ddl.split(" (")[0]
    server.sql(f"CREATE TABLE {case.ddl};")
    try:
        request = MigrationsRequest(place, server.access())
        (state,) = applied.look(request).tools
    finally:
        server.sql(f"DROP TABLE {table}")
    return state


@pytest.mark.parametrize("name", CASES)
def test_what_a_deploy_added_is_ahead(server: Base, tmp_path: Path, name: str) -> None:
    """With its file, and whether that has a way back; what was there before is known."""
    case, deploy = CASES[name], Deploy(tmp_path)
    deploy.put(case.older, case.text.replace("b2", "a1").replace('"a1"\ndown', '"a0"\ndown'))
    deploy.save(added=[case.path])
    deploy.put(case.path, case.text)
    state = found(server, deploy.location, case)

    assert state.tool == name.partition(" ")[0]
    assert state.judged
    assert [tuple(each) for each in state.ahead] == [(case.id, case.path, case.way)]


@pytest.mark.parametrize("name", CASES)
def test_what_the_previous_release_has_is_not(server: Base, tmp_path: Path, name: str) -> None:
    """Neither where the deploy added nothing, nor where its migration is not applied yet."""
    case, deploy = CASES[name], Deploy(tmp_path)
    deploy.put(case.older, case.text)
    deploy.put(case.path, case.text)
    deploy.save(added=["db/other.py"])

    assert found(server, deploy.location, case).ahead == ()


@pytest.mark.parametrize("name", CASES)
def test_what_no_release_has_is_ahead(server: Base, tmp_path: Path, name: str) -> None:
    """A migration by hand, or of a release in between: neither the deploy nor the tree has it."""
    case, deploy = CASES[name], Deploy(tmp_path)
    deploy.put(case.older, case.text.replace("b2", "a1").replace('"a1"\ndown', '"a0"\ndown'))
    deploy.save(added=["app/other.py"])
    state = found(server, deploy.location, case)

    assert state.judged
    assert [tuple(each) for each in state.ahead] == [(case.id, "", None)]


@pytest.mark.parametrize("name", CASES)
def test_files_of_old_migrations_may_be_gone(server: Base, tmp_path: Path, name: str) -> None:
    """They are deleted once all databases have them; the last one is still known."""
    case, deploy = CASES[name], Deploy(tmp_path)
    deploy.put(case.path, case.text)
    deploy.save(added=["app/other.py"])
    state = found(server, deploy.location, case)

    assert (state.judged, state.ahead) == (True, ())


@pytest.mark.parametrize("name", CASES)
def test_migrations_that_lie_elsewhere_judge_nothing(
    server: Base, tmp_path: Path, name: str
) -> None:
    """A repository of their own, or an archive: nobody can say which of them a release knows."""
    deploy = Deploy(tmp_path)
    deploy.save(added=["app/other.py"])
    state = found(server, deploy.location, CASES[name])

    assert (state.judged, state.ahead) == (False, ())


@pytest.mark.parametrize("name", CASES)
def test_behind_a_link_the_listing_says_what_is_known(
    server: Base, tmp_path: Path, name: str
) -> None:
    """What the database has applied and the recorded release has not; of Django's own apps none."""
    case, site = CASES[name], Linked(tmp_path)
    older = case.text.replace('"b2"', '"a1"', 1)
    site.release("2", **{case.older: older, case.path: case.text})
    first = site.place("1") / case.older
    first.parent.mkdir(parents=True)
    first.write_text(older)
    site.save()
    site.lead("2")
    ahead = found(server, located(site.root, site.state), case)

    assert ahead.judged
    assert [each.id for each in ahead.ahead] == [case.id]


def test_a_listing_without_migrations_judges_nothing(server: Base, tmp_path: Path) -> None:
    """Then they are somewhere else, and nobody knows where."""
    site = Linked(tmp_path)
    site.save()
    state = found(server, located(site.root, site.state), CASES["Django"])

    assert (state.judged, state.ahead) == (False, ())


def test_a_part_of_a_release_judges_nothing(server: Base, tmp_path: Path) -> None:
    """Of files that nobody recorded nobody knows whether the previous release has them."""
    deploy = Deploy(tmp_path)
    deploy.save(partial="the other half is elsewhere", added=[])
    state = found(server, deploy.location, CASES["Rails"])

    assert (state.judged, state.ahead, state.applied) == (False, (), 2)


def test_a_database_without_migrations_has_none(server: Base, tmp_path: Path) -> None:
    """A table of that name with other columns is of no tool."""
    deploy = Deploy(tmp_path)
    deploy.save()
    server.sql("CREATE TABLE migrations (bird text)")
    try:
        request = MigrationsRequest(deploy.location, server.access())
        assert applied.look(request).tools == ()
    finally:
        server.sql("DROP TABLE migrations")


def test_every_tool_was_seen_ahead() -> None:
    """A tool that nobody has tried fails here."""
    assert {each.name for each in TOOLS} == {name.partition(" ")[0] for name in CASES}
