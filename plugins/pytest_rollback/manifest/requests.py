"""What rollback.toml says, as the agent is asked about it: the parts that many requests share."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pytest_rollback.agent.messages.database import DatabaseAccess
from pytest_rollback.agent.messages.location import ComponentFiles, Location, Selection
from pytest_rollback.agent.messages.trial import TrialComponent, TrialConstruct, TrialRequest
from pytest_rollback.manifest.model import Component, Database, System


def location(system: System, run: str = "") -> Location:
    """Return where a system's files are, and what the tool knows of them; `run` is a run's id."""
    about = system.about
    return Location(about.root, about.state, about.suffix, run)


def selection(system: System, owners: tuple[str, ...] = ()) -> Selection:
    """Return which recorded files are meant: those of some owners, or all."""
    source = system.services.source
    return Selection(
        components=tuple(ComponentFiles(each.name, each.files) for each in system.components),
        only=owners,
        configuration=(*system.configuration.files, *((source,) if source else ())),
        git=system.fallback.git,
        secrets=system.about.secrets,
    )


def database(system: System, described: Database) -> DatabaseAccess:
    """Return how the server of a system's database is reached."""
    return DatabaseAccess(
        name=described.name,
        dump=described.dump,
        host=described.host,
        port=described.port,
        user=described.user,
        tools=described.tools,
        account=system.about.user,
    )


def component(described: Component) -> TrialComponent:
    """Return what is tried of a component: its imports and constructs, as its unit would."""
    return TrialComponent(
        name=described.name,
        interpreter=described.interpreter,
        directory=described.directory,
        environment=described.environment,
        environment_files=described.environment_files,
        imports=described.imports,
        constructs=tuple(
            TrialConstruct(each.call, json.dumps(each.arguments), each.limit)
            for each in described.constructs
        ),
    )


def live_trial(
    system: System, components: Iterable[TrialComponent], timeout: float
) -> TrialRequest:
    """Return the request to try components in the live tree, within so many seconds."""
    user, tried = system.about.user, tuple(components)
    return TrialRequest(location(system), user, timeout, tried, live=True)
