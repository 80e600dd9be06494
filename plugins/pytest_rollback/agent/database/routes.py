"""What the agent can be asked of a database; `agent.routes` looks here for `database.ENGINE.VERB`.

Each engine answers the same verbs: see `DatabaseRoutes` in `messages`.
"""

from __future__ import annotations

from typing import Dict

ROUTES: Dict[str, str] = {
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
