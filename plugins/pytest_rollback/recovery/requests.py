"""What requests to a host say of the system: where it lies, which files and units are meant."""

from __future__ import annotations

from pytest_rollback.agent.messages.location import ComponentFiles, Location, Selection
from pytest_rollback.agent.messages.unit_files import UnitFilesRequest
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.action import Scope


def location(scope: Scope | System) -> Location:
    """Return where a system lies on its host; of a scope with the run that was begun there."""
    system, run = (scope.system, scope.run) if isinstance(scope, Scope) else (scope, "")
    about = system.about
    return Location(about.root, about.state, about.suffix, run)


def selection(scope: Scope | System) -> Selection:
    """Return which recorded files are rolled back: those of the scope, or all of a system."""
    system = scope.system if isinstance(scope, Scope) else scope
    return Selection(
        components=tuple(ComponentFiles(each.name, each.files) for each in system.components),
        only=scope.owners if isinstance(scope, Scope) else (),
        configuration=configuration(system),
        git=system.fallback.git,
        secrets=system.about.secrets,
    )


def configuration(system: System) -> tuple[str, ...]:
    """Return the paths that are restored in the configuration phase; directories with all below."""
    source = system.services.source
    return (*system.configuration.files, *((source,) if source else ()))


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
