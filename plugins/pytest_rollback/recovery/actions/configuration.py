"""Configuration: its files, the unit files under their units' names, and no stale bytecode."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pytest_rollback.agent.messages.rollback.files import (
    BYTECODE,
    CLEAR_BYTECODE,
    FilesRequest,
    StaleBytecode,
)
from pytest_rollback.agent.messages.unit_files import (
    INSTALL_UNIT_FILES,
    UNIT_FILES,
    UnitFilesPlan,
    UnitFilesRequest,
)
from pytest_rollback.errors import Refused
from pytest_rollback.manifest import requests
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.default_configuration import broken
from pytest_rollback.recovery.actions.files import Pending, pending_files, restore
from pytest_rollback.recovery.actions.requests import (
    PATIENT,
    copying_time,
    location,
    selection,
    some,
)
from pytest_rollback.recovery.actions.services import stop
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look, asked, without_asking
from pytest_rollback.transport.call import Call


def pending(scope: Scope) -> Look[Pending]:
    """Return the configuration files that are not as recorded, but for those with defaults."""
    without = (yield from broken(scope)).instead
    found = yield from pending_files(scope, "configuration", without)
    return found


def restores(scope: Scope, found: Pending) -> tuple[Change, ...]:
    """Return one change for all configuration files that differ; none when none differs."""
    return restore(scope, found, scope.system.budgets.configuration)


def uninstalled(scope: Scope) -> Look[UnitFilesPlan]:
    """Return the unit files that differ from the release's, and the units that need a reload."""
    source = scope.system.services.source
    if source is None:
        return without_asking(UnitFilesPlan())
    return asked(Call(UNIT_FILES, _unit_files(scope, source), PATIENT))


def _unit_files(scope: Scope, source: str, digest: str = "") -> UnitFilesRequest:
    units = [component.unit for component in scope.components]
    request = requests.unit_files(scope.system, units, source, digest=digest)
    return request._replace(location=location(scope))


def installs(scope: Scope, found: UnitFilesPlan) -> tuple[Change, ...]:
    """Return the one change that installs what differs and has the manager read it.

    A unit that somebody started while files were restored is stopped before: supervisord does not
    read the file of a program that runs.

    Raises:
        Refused: the manager would not read it: others run while their own files changed.
    """
    source = scope.system.services.source
    if source is None or not (found.differ or found.reload):
        return ()
    if found.busy:
        raise Refused(
            "the unit files of the previous release could not be read: that would stop units that "
            "are no component's, which run while their configuration changed",
            findings=found.busy,
            hint=update(scope.system.services.socket, found.busy),
        )
    names = [each.name for each in found.differ]
    what = f"install {some(names)} and reload" if names else "reload the unit files"
    why = (
        "the installed unit files are not those of the release"
        if names
        else f"not reloaded since they changed: {some(found.reload)}"
    )
    request = _unit_files(scope, source, found.digest)
    up = [component for component in scope.components if component.unit in found.up]
    return (
        *(stop(scope, each, "somebody started it while files are restored") for each in up),
        Change(Call(INSTALL_UNIT_FILES, request, scope.system.budgets.configuration), what, why),
    )


def isolated(_scope: Scope, found: UnitFilesPlan) -> UnitFilesPlan:
    """Return what is found once every unit was stopped."""
    return found._replace(up=())


def update(socket: str | None, groups: Sequence[str]) -> str:
    """Return the command by which supervisord takes groups over, which restarts them."""
    words = " ".join(map(shlex.quote, groups))
    where = f" -s unix://{shlex.quote(socket)}" if socket else ""
    return f"take their changes over, which restarts them: supervisorctl{where} update {words}"


def stale(scope: Scope) -> Look[StaleBytecode]:
    """Return bytecode beside restored sources that is not theirs."""
    return asked(Call(BYTECODE, FilesRequest(location(scope), selection(scope)), PATIENT))


def clears(scope: Scope, found: StaleBytecode) -> tuple[Change, ...]:
    """Return one change for all stale bytecode; modules without a source stay."""
    paths = (*found.stale, *found.directories)
    if not paths:
        return ()
    what = f"move {count(len(found.stale), 'bytecode file')} into the evidence"
    request = FilesRequest(location(scope), selection(scope))
    call = Call(CLEAR_BYTECODE, request, scope.system.budgets.files)
    return (Change(call, what, f"stale: {some(paths)}", copying_time(len(paths))),)


RESTORE_CONFIGURATION = Action(
    "restore the configuration", "configuration", look=pending, plan=restores
)
INSTALL_UNITS = Action(
    "install unit files", "configuration", look=uninstalled, plan=installs, assuming=isolated
)
CLEAR_CACHES = Action("clear stale bytecode", "configuration", look=stale, plan=clears)
