"""What the agent can be asked: one line per verb, with the function that answers it.

Modules are named, not imported: only those that a request asks for are sent and loaded.
"""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict

from .problem import Problem

NOUNS: Dict[str, str] = {
    "backups.look": "backups.look",
    "backups.save": "saving.save",
    "configuration.look": "configuration.look",
    "dump.look": "dump.look",
    "edge.watch": "edge.watch",
    "fallback.look": "fallback.look",
    "needs.rights": "needs.rights",
    "needs.space": "needs.space",
    "probes.ask": "probes.ask",
    "restore.apply": "restoring.apply",
    "restore.look": "restoring.look",
    "restore.undo": "restoring.undo",
    "tools.look": "tools.look",
    "trial.look": "trial.look",
    "units.look": "units.look",
    "units.reload": "units.reload",
    "units.start": "units.start",
    "units.stop": "units.stop",
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
