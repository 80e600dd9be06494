"""The operations of the agent: one line for each, with the function that answers it.

Modules are named, not imported: only those that a request asks for are sent and loaded.
"""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict

from .errors import HostError

PART = "routes"
"""The module of a package that can be taken away which says what it can be asked."""

ROUTES: Dict[str, str] = {
    "added.look": "rollback.added_files:look",
    "added.remove": "rollback.added_files:remove",
    "backups.choose": "backup.strategies.kept:choose",
    "backups.foresee": "backup.save:foresee",
    "backups.heading": "backup.verify:heading",
    "backups.look": "backup.verify:look",
    "backups.save": "backup.save:save",
    "backups.sets": "backup.strategies.kept:look",
    "backups.unchanged": "backup.unchanged:look",
    "baseline.look": "observe.probes.baseline:look",
    "baseline.save": "observe.probes.baseline:save",
    "caches.clear": "rollback.bytecode:clear",
    "caches.look": "rollback.bytecode:look",
    "commands.look": "backup.strategies.commands:look",
    "commands.previous": "backup.strategies.commands:previous",
    "commands.prove": "backup.strategies.commands:prove",
    "commands.record": "backup.strategies.commands:record",
    "commands.return": "backup.strategies.returned:back",
    "configuration.look": "configuration.check:look",
    "copies.close": "rollback.archive:close",
    "copies.look": "rollback.archive:look",
    "defaults.apply": "rollback.default_configuration:apply",
    "defaults.look": "rollback.default_configuration:look",
    "edge.served": "observe.probes.served:look",
    "edge.watch": "observe.probes.edge:watch",
    "exports.look": "rollback.export:look",
    "fallback.look": "backup.fallbacks:look",
    "guard.look": "rollback.start_guard:look",
    "guard.off": "rollback.start_guard:off",
    "guard.on": "rollback.start_guard:on",
    "health.look": "services.lifecycle:look",
    "health.settle": "services.health:settle",
    "health.start": "services.health:start_healthy",
    "images.previous": "backup.strategies.images:previous",
    "images.record": "backup.strategies.images:record",
    "links.previous": "backup.strategies.links:previous",
    "links.record": "backup.strategies.links:record",
    "logs.look": "observe.logs.inspection:look",
    "needs.rights": "backup.requirements:rights",
    "needs.space": "backup.requirements:space",
    "packages.configuration": "rollback.packages_to_come:configuration",
    "packages.look": "backup.strategies.packages.change:look",
    "packages.previous": "backup.strategies.packages.previous:previous",
    "packages.record": "backup.strategies.packages.record:record",
    "packages.return": "backup.strategies.packages.change:apply",
    "packages.trial": "rollback.packages_to_come:tried",
    "page.look": "rollback.maintenance.page:look",
    "page.off": "rollback.maintenance.page:off",
    "page.on": "rollback.maintenance.page:on",
    "paths.look": "system.tools:paths",
    "probes.ask": "observe.probes.sample:ask",
    "probes.measure": "observe.probes.measurement:measure",
    "releases.compare": "backup.git:compare",
    "restore.apply": "restore.apply:apply",
    "restore.look": "restore.apply:look",
    "restore.look_undo": "rollback.undo:look",
    "restore.undo": "rollback.undo:undo",
    "restored.look": "backup.leftovers:look",
    "runs.begin": "state.runs:begin",
    "runs.end": "state.runs:end",
    "runs.idle": "state.unfinished:look",
    "runs.look": "state.runs:look",
    "runs.note": "state.runs:note",
    "seals.keep": "state.seals:keep",
    "seals.look": "state.seals:look",
    "secrets.look": "configuration.secrets.declared:look",
    "shared.look": "restore.name_exchange:look",
    "shared.part": "restore.name_exchange:separate",
    "snapshot.look": "rollback.snapshot:look",
    "snapshot.take": "rollback.snapshot:take",
    "survey.look": "services.presence.survey.look:look",
    "tools.look": "system.tools:look",
    "trial.entry": "rollback.entry:look",
    "trial.look": "observe.trial.trial:look",
    "unitfiles.install": "services.unit_files:install",
    "unitfiles.look": "services.unit_files:look",
    "units.look": "services.units:look",
    "units.reload": "services.lifecycle:reload",
    "units.running": "services.presence.running:look",
    "units.start": "services.lifecycle:start",
    "units.stop": "services.lifecycle:stop",
}


def place(name: str) -> str:
    """Return where a question is answered, as `module:function`; "" where nobody answers it.

    A package that can be taken away, such as `database`, has its own module `routes`; questions
    begin with its name.
    """
    if name in ROUTES:
        return ROUTES[name]
    package, _, verb = name.partition(".")
    try:
        found = importlib.import_module(f".{package}.{PART}", __package__)
    except ImportError:
        return ""
    return str(found.ROUTES.get(verb, ""))


def found(name: str) -> Callable[[Dict[str, Any]], Any]:
    """Return the function that answers a noun and verb such as `units.look`.

    Raises:
        HostError: there is none.
    """
    module, _, function = place(name).partition(":")
    if not module:
        raise HostError(f"the agent has no operation {name}", "use one version on both sides")
    answers: Callable[[Dict[str, Any]], Any] = getattr(
        importlib.import_module(f".{module}", __package__), function
    )
    return answers
