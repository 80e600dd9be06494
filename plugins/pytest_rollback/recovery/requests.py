"""What requests to a host say of a scope: where its system lies, which files are meant."""

from __future__ import annotations

from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.agent.messages.unit_files import UnitFilesRequest
from pytest_rollback.manifest import requests
from pytest_rollback.recovery.action import Scope


def location(scope: Scope) -> Location:
    """Return where the system lies on its host, with the run that was begun there."""
    return requests.location(scope.system, scope.run)


def selection(scope: Scope) -> Selection:
    """Return which recorded files are rolled back."""
    return requests.selection(scope.system, scope.owners)


def unit_files(scope: Scope, source: str, digest: str = "") -> UnitFilesRequest:
    """Return what a request about the unit files below `source` states."""
    services = scope.system.services
    return UnitFilesRequest(
        location=location(scope),
        manager=services.manager,
        socket=services.socket,
        source=source,
        directory=services.directory,
        units=tuple(component.unit for component in scope.components),
        digest=digest,
    )
