"""What the agent can be asked of a database; `agent.routes` looks here for `database.ENGINE.VERB`.

Each engine answers the same verbs: see `DatabaseRoutes` in `messages`.
"""

from __future__ import annotations

from typing import Dict

ROUTES: Dict[str, str] = {
    "downgrade": "database.previous.downgrade.downgrade:migrate",
    "downgrade.look": "database.previous.downgrade.downgrade:look",
    "downgrade.rehearse": "database.previous.downgrade.rehearse:rehearse",
    "mariadb.answer": "database.mariadb.ping:answer",
    "mariadb.dump": "database.mariadb.dump:look",
    "mariadb.look": "database.mariadb.check:with_rehearsal",
    "mariadb.migrations": "database.mariadb.applied:look",
    "mariadb.rehearse": "database.mariadb.rehearse:rehearse",
    "mariadb.restore": "database.mariadb.restore:restore",
    "mariadb.undo": "database.mariadb.swap:undo",
    "previous": "database.previous.previous:try_previous",
    "ran": "database.previous.previous_stamp:look",
    "postgresql.answer": "database.postgresql.ping:answer",
    "postgresql.dump": "database.postgresql.dump:look",
    "postgresql.look": "database.rehearsal.origin:look",
    "postgresql.migrations": "database.postgresql.applied:look",
    "postgresql.rehearse": "database.rehearsal.rehearse:rehearse",
    "postgresql.restore": "database.postgresql.restore:restore",
    "postgresql.undo": "database.postgresql.swap:undo",
    "sqlite.answer": "database.sqlite.live:answer",
    "sqlite.dump": "database.sqlite.dump:look",
    "sqlite.look": "database.sqlite.check:with_rehearsal",
    "sqlite.migrations": "database.sqlite.applied:look",
    "sqlite.rehearse": "database.sqlite.rehearse:rehearse",
    "sqlite.restore": "database.sqlite.restore:restore",
    "sqlite.undo": "database.sqlite.swap:undo",
}
