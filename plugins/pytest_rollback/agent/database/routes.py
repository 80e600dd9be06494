"""What the agent can be asked of a database; `agent.routes` looks here for `database.VERB`."""

from __future__ import annotations

from typing import Dict

ROUTES: Dict[str, str] = {
    "answer": "database.postgresql.ping:answer",
    "dump": "database.postgresql.dump:look",
    "look": "database.rehearsal.stamp:look",
    "migrations": "database.migrations.look:look",
    "previous": "database.previous.previous:try_previous",
    "ran": "database.previous.previous_stamp:look",
    "rehearse": "database.rehearsal.rehearse:rehearse",
    "restore": "database.postgresql.restore:restore",
    "undo": "database.postgresql.swap:undo",
}
