"""Migration tools: where each keeps what was applied, and how its files are known."""

from __future__ import annotations

import re
from typing import FrozenSet, List, NamedTuple, Optional, Pattern, Tuple


class MigrationTool(NamedTuple):
    """One migration tool.

    `columns` tell its `table` from one of another tool with that name. `applied` is SQL for the ids
    of what was applied, oldest first. `path` finds the id in the path of a migration's file;
    `content`, where there is one, in the file itself. `back` is what a file says that has a way
    back, None where the tool does not say it there; `before` finds the ids, in quotes, that it
    follows. `latest` tells that the table has only the last
    one: what came before it is applied as well. `says` is what a file says that is one of its own,
    where its path alone does not tell. What it reads beside migrations are files called as in
    `above`, in the directory above those of them, and as in `anywhere`, below the root.
    """

    name: str
    table: str
    columns: FrozenSet[str]
    applied: str
    path: Pattern[str]
    back: Optional[Pattern[str]] = None
    content: Optional[Pattern[str]] = None
    before: Optional[Pattern[str]] = None
    latest: bool = False
    says: Optional[Pattern[str]] = None
    above: Tuple[str, ...] = ()
    anywhere: Tuple[str, ...] = ()

    def id_of(self, path: str) -> str:
        """Return the id of a migration's file by its path; "" of any other file."""
        found = self.path.search(path)
        return normal(".".join(each for each in found.groups() if each)) if found else ""


def normal(number: str) -> str:
    """Return an id as it is compared: a version has no zeros in front, and points between."""
    if re.fullmatch(r"[0-9]+(?:[._][0-9]+)*", number):
        return ".".join(str(int(each)) for each in re.split("[._]", number)) or number
    return number


ALEMBIC = MigrationTool(
    "alembic",
    "alembic_version",
    frozenset({"version_num"}),
    "SELECT version_num FROM {table}",
    re.compile(r"(?:^|/)versions/([^/]+)\.py$"),
    re.compile(r"def downgrade\(.*?\n[^#\n]*\bop\.", re.DOTALL),
    re.compile(r"""^revision(?:: *str)? *= *["']([^"'\n]{1,80})["']""", re.MULTILINE),
    re.compile(r"^down_revision[^=\n]*=[ ]*(\([^)]*\)|[^\n]*)", re.MULTILINE),
    latest=True,
    above=("env.py",),
    anywhere=("alembic.ini",),
)
SQL_OR_RUBY = r"(?:^|/)(?:db/)?(?:migrate|migrations)/([0-9]+)_[^/]+"

TOOLS = (
    ALEMBIC,
    MigrationTool(
        "Django",
        "django_migrations",
        frozenset({"app", "name"}),
        "SELECT app || '.' || name FROM {table} ORDER BY id",
        re.compile(r"(?:^|/)([^/]+)/migrations/([0-9][^/]*)\.py$"),
    ),
    MigrationTool(
        "Flyway",
        "flyway_schema_history",
        frozenset({"version", "success"}),
        "SELECT version FROM {table} WHERE success AND version IS NOT NULL ORDER BY installed_rank",
        re.compile(r"(?:^|/)V([0-9][0-9._]*)__[^/]+\.(?:sql|java)$"),
    ),
    MigrationTool(
        "golang-migrate",
        "schema_migrations",
        frozenset({"version", "dirty"}),
        "SELECT version FROM {table}",
        re.compile(r"(?:^|/)([0-9]+)_[^/]+\.up\.sql$"),
        latest=True,
    ),
    MigrationTool(
        "Rails",
        "schema_migrations",
        frozenset({"version"}),
        "SELECT version FROM {table} ORDER BY version",
        re.compile(SQL_OR_RUBY + r"\.(?:rb|sql)$"),
        re.compile(r"\bdef (?:down|change)\b|-- migrate:down\s*\n\s*\w"),
    ),
    MigrationTool(
        "Prisma",
        "_prisma_migrations",
        frozenset({"migration_name", "finished_at", "rolled_back_at"}),
        "SELECT migration_name FROM {table} WHERE finished_at IS NOT NULL "
        "AND rolled_back_at IS NULL ORDER BY finished_at",
        re.compile(r"(?:^|/)migrations/([^/]+)/migration\.sql$"),
    ),
    MigrationTool(
        "Liquibase",
        "databasechangelog",
        frozenset({"id", "author", "filename", "orderexecuted"}),
        "SELECT regexp_replace(filename, '^.*/', '') FROM {table} GROUP BY filename "
        "ORDER BY max(orderexecuted)",
        re.compile(r"(?:^|/)([^/]+\.(?:xml|ya?ml|json|sql))$"),
        says=re.compile(r"databaseChangeLog|liquibase formatted sql"),
    ),
    MigrationTool(
        "Laravel",
        "migrations",
        frozenset({"migration", "batch"}),
        "SELECT migration FROM {table} ORDER BY id",
        re.compile(r"(?:^|/)database/migrations/([^/]+)\.php$"),
        re.compile(r"function down\b"),
    ),
    MigrationTool(
        "Knex",
        "knex_migrations",
        frozenset({"name", "batch"}),
        "SELECT name FROM {table} ORDER BY id",
        re.compile(r"(?:^|/)migrations/([^/]+\.[cm]?[jt]s)$"),
        re.compile(r"\bdown\b"),
    ),
    MigrationTool(
        "Sequelize",
        "SequelizeMeta",
        frozenset({"name"}),
        "SELECT name FROM {table} ORDER BY name",
        re.compile(r"(?:^|/)migrations/([^/]+\.[cm]?[jt]s)$"),
        re.compile(r"\bdown\b"),
    ),
)
"""The tools that are known; each is looked for by its table and the columns of it."""


AND = " and "
"""What stands between the names of several tools."""


def called(names: str) -> List[MigrationTool]:
    """Return the tools by their names, as `AND` joins them."""
    return [each for each in TOOLS if each.name in names.split(AND)]
