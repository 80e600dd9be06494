"""What the agent can be asked: one line per verb, with the function that answers it.

Modules are named, not imported: only those that a request asks for are sent and loaded.
"""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict

from .problem import Problem

NOUNS: Dict[str, str] = {
    "added.look": "added.look",
    "added.remove": "added.remove",
    "backups.foresee": "saving.foresee",
    "backups.heading": "backups.heading",
    "backups.look": "backups.look",
    "backups.save": "saving.save",
    "baseline.look": "baseline.look",
    "baseline.save": "baseline.save",
    "caches.clear": "caches.clear",
    "caches.look": "caches.look",
    "configuration.look": "configuration.look",
    "copies.close": "closing.close",
    "copies.look": "closing.look",
    "database.answer": "greeting.answer",
    "database.look": "database.look",
    "database.restore": "rebuilding.restore",
    "database.undo": "renaming.undo",
    "defaults.apply": "defaults.apply",
    "defaults.look": "defaults.look",
    "dump.look": "dump.look",
    "edge.watch": "edge.watch",
    "exports.look": "exports.look",
    "fallback.look": "fallback.look",
    "guard.look": "guard.look",
    "guard.off": "guard.off",
    "guard.on": "guard.on",
    "health.look": "health.look",
    "health.start": "health.start",
    "logs.look": "logs.look",
    "needs.rights": "needs.rights",
    "needs.space": "needs.space",
    "page.look": "page.look",
    "page.off": "page.off",
    "page.on": "page.on",
    "paths.look": "whereabouts.look",
    "probes.ask": "probes.ask",
    "probes.measure": "measuring.measure",
    "releases.compare": "releases.compare",
    "restore.apply": "restoring.apply",
    "restore.look": "restoring.look",
    "restore.look_undo": "undoing.look",
    "restore.undo": "undoing.undo",
    "restored.look": "restored.look",
    "runs.begin": "runs.begin",
    "runs.end": "runs.end",
    "runs.look": "runs.look",
    "runs.note": "runs.note",
    "shared.look": "parting.look",
    "shared.part": "parting.part",
    "snapshot.look": "snapshot.look",
    "snapshot.take": "snapshot.take",
    "tools.look": "tools.look",
    "trial.look": "trial.look",
    "unitfiles.install": "unitfiles.install",
    "unitfiles.look": "unitfiles.look",
    "units.look": "units.look",
    "units.reload": "acting.reload",
    "units.start": "acting.start",
    "units.stop": "acting.stop",
}


def found(name: str) -> Callable[[Dict[str, Any]], Any]:
    """Return the function that answers a noun and verb such as `units.look`.

    Raises:
        Problem: there is none.
    """
    if name not in NOUNS:
        raise Problem(f"the agent knows no {name}", "use one version on both sides")
    module, _, function = NOUNS[name].partition(".")
    answers: Callable[[Dict[str, Any]], Any] = getattr(
        importlib.import_module(f".{module}", __package__), function
    )
    return answers
