"""What the agent can be asked: one line per verb."""

from __future__ import annotations

from typing import Any, Callable, Dict

from . import backups, probes, restoring, saving, units

NOUNS: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "backups.look": backups.look,
    "backups.save": saving.save,
    "probes.ask": probes.ask,
    "restore.apply": restoring.apply,
    "restore.look": restoring.look,
    "restore.undo": restoring.undo,
    "units.look": units.look,
    "units.reload": units.reload,
    "units.start": units.start,
    "units.stop": units.stop,
}
