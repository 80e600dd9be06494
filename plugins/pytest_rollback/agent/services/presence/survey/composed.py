"""The services of compose projects: of those that have containers, and of a file that has none."""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Iterator, List, Sequence, Tuple

from ....errors import HostError
from ....files import lookup
from ....messages.services.survey import SurveyedUnit, SurveyRequest
from ....system.containers import project as projects
from ....system.containers.container import EngineContainer
from ....system.containers.project import Project
from ...compose import states
from . import variables

FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""How compose programs call a file that nobody names."""

RUNNERS = frozenset(("docker", "podman", "docker-compose", "podman-compose"))
"""Programs by which a unit of another manager has a project started."""

NO_LOG_FILE = ("container",)
RUNNING = "running"


def units(seen: Sequence[SurveyedUnit], request: SurveyRequest) -> Iterator[SurveyedUnit]:
    """Yield each service of the projects of this host.

    Without containers a project counts where a unit of `seen` has it started, and below the root
    that is meant where nothing else runs.
    """
    known = []
    for project, ids in projects.running():
        known.append(os.path.realpath(project.path))
        with contextlib.suppress(HostError):
            yield from _running(project, projects.inspected(project.engine, ids))
    for path in files(seen, request):
        if os.path.realpath(path) not in known and not _others(seen, path):
            with contextlib.suppress(HostError):
                yield from _without_containers(projects.of(path))


def files(seen: Sequence[SurveyedUnit], request: SurveyRequest) -> List[str]:
    """Return the compose files of the root that is meant, and of units that run compose."""
    runners = [place for unit in seen if is_runner(unit) for place, _ in unit.places[:1]]
    found = [_file(place) for place in dict.fromkeys((*request.places, *runners))]
    return [path for path in found if path]


def unused(seen: Sequence[SurveyedUnit], request: SurveyRequest) -> Iterator[str]:
    """Yield what is to be said of a compose file beside units that do not run by it."""
    made = {os.path.realpath(unit.socket) for unit in seen if unit.manager == "compose"}
    for path in files(seen, request):
        if os.path.realpath(path) not in made:
            yield f"services of {path}: it has no containers; docs/recipes/compose.md"


def is_runner(unit: SurveyedUnit) -> bool:
    """Return whether a unit of another manager runs an engine or compose."""
    return any(os.path.basename(path) in RUNNERS for path in unit.started_by)


def _file(place: str) -> str:
    paths = (os.path.join(place, name) for name in FILES)
    return next((path for path in paths if lookup.kind(path) == "file"), "")


def _others(seen: Sequence[SurveyedUnit], path: str) -> bool:
    """Return whether something else lives beside a compose file, and runs."""
    above = os.path.realpath(os.path.dirname(path))
    return any(
        unit.state == "active" and not is_runner(unit)
        for unit in seen
        for place, _ in unit.places
        if f"{os.path.realpath(place)}/".startswith(f"{above}/")
    )


def _running(project: Project, found: Sequence[EngineContainer]) -> Iterator[SurveyedUnit]:
    """Yield the services of a project by their containers."""
    by: Dict[str, List[EngineContainer]] = {}
    for each in found:
        by.setdefault(each.service, []).append(each)
    services = {each.id: each.service for each in found}
    for name, mine in sorted(by.items()):
        first = next((each for each in mine if each.runs), mine[0])
        needs = {services.get(each, "") for one in mine for each in one.needs}
        needs |= {each for one in mine for each in one.after}
        unit = _unit(project, name, f"{project.engine.name} ps: label of {first.name}")
        read, databases = variables.seen(None, first.pid, [unit.directory])
        yield unit._replace(
            state="active" if first.status == RUNNING else states.of(first),
            runs=first.reference,
            ports=tuple(sorted({port.port for one in mine for port in one.ports})),
            after=tuple(sorted(needs - {name, ""})),
            variables=read,
            databases=databases,
            unhandled=_several(first),
            asked=_asked(project, first),
            health_after=first.health_after,
        )


def _without_containers(project: Project) -> Iterator[SurveyedUnit]:
    for name in project.services():
        unit = _unit(project, name, f"{project.path} lies there")
        read, _ = variables.seen(None, 0, [unit.directory])
        yield unit._replace(state="inactive", variables=read, unseen=True)


def _unit(project: Project, name: str, why: str) -> SurveyedUnit:
    """Return a service of a project as far as it is known without its containers."""
    directory = os.path.dirname(project.path)
    return SurveyedUnit(
        name=name,
        manager="compose",
        state="",
        socket=project.path,
        files=(project.path,),
        places=((directory, why),),
        directory=directory,
        log=NO_LOG_FILE,
        asked=_listed(project, name),
    )


def _listed(project: Project, name: str) -> Tuple[str, ...]:
    """Return a command that prints the ids of the containers of a service that run."""
    labels = (f"{projects.MARK}={os.path.dirname(project.path)}", f"{projects.SERVICE}={name}")
    named = [word for each in labels for word in ("--filter", f"label={each}")]
    return (project.engine.name, "ps", "--quiet", "--filter", "status=running", *named)


def _asked(project: Project, one: EngineContainer) -> Tuple[str, ...]:
    """Return a command that says how a service is: its health command, where podman runs that."""
    if one.has_health and project.engine.name == "podman":
        return ("podman", "healthcheck", "run", one.name)
    return _listed(project, one.service)


def _several(one: EngineContainer) -> str:
    """Return why a rollback cannot make a container again as it is; "" where it can."""
    if len(one.files) <= 1:
        return ""
    return (
        f"{one.name} is made of {', '.join(one.files)}: a rollback reads the first file alone; "
        "put them in one"
    )
