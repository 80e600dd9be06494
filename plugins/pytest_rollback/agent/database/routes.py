"""What the agent can be asked of a database; `agent.routes` looks here for `database.VERB`."""

from __future__ import annotations

from typing import Dict

ROUTES: Dict[str, str] = {
    "answer": "database.ping:answer",
    "dump": "database.dump:look",
    "look": "database.rehearsal.stamp:look",
    "migrations": "database.migrations.look:look",
    "rehearse": "database.rehearsal.rehearse:rehearse",
    "restore": "database.restore:restore",
    "undo": "database.swap:undo",
}
