"""Each component as its unit will run it: by its unit's files, and rollback.toml above them."""

from __future__ import annotations

import os
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ...configuration import env_file
from ...configuration.units import compose, sources
from ...configuration.units import live as unit_live
from ...configuration.units import manager as managers
from ...configuration.units.definition import EnvironmentFile, TriedTree
from ...configuration.units.surroundings import Surroundings, derived
from ...files import reach
from ...messages.location import is_below
from ...messages.trial import NO_PYTHON, TrialComponent, TrialRequest, UnitUse
from ...state import backup_set
from ...state.releases import packaged
from ...system.command import identity, surroundings
from . import accounts, shadows
from .contradictions import contradictions
from .trial_site import TrialSite

USUAL = "python3"


class TrialRun(NamedTuple):
    """How a component is tried: all that its process needs; `problem` is why it cannot be.

    `directory` lies in the tree that is tried. `paths` are further places to import from, `fresh`
    modules of no release in the places where its unit looks first, by name. `needs` are the
    programs and scripts that its user has to be able to run or read, as the unit names them.
    """

    component: TrialComponent
    interpreter: str
    directory: str
    user: str
    groups: Tuple[int, ...]
    environment: Dict[str, str]
    paths: Tuple[str, ...]
    problem: str
    use: UnitUse
    fresh: Mapping[str, str] = {}
    needs: Tuple[str, ...] = ()


PACKAGED, LOCAL = ("/usr/", "/bin/", "/sbin/", "/lib"), "/usr/local/"
"""Where packages of the system put files, and where they put none."""


class Units(NamedTuple):
    """The manager, unit files as they are and as they will be, when the set was saved and where."""

    manager: managers.ManagerFacts
    now: sources.Installed
    to_come: sources.Installed
    created: str = ""
    state: str = ""


def units_of(
    request: TrialRequest,
    coming: sources.Installed = sources.Installed(),  # noqa: B008 - frozen
) -> Optional[Units]:
    """Return what is known of the units of a request; their manager is asked once.

    `coming` are unit files that come back with what is no file of the record.

    Raises:
        HostError: there is no record that can be used.
    """
    if request.units is None:
        return None
    address, source, directory = request.units
    names = [each.unit for each in request.components]
    manager, now = managers.asked(address, directory, names), sources.Installed()
    if request.live:
        return Units(manager, now, now)
    files = [file for name in names for file in managers.file_names(address.name, name)]
    to_come = sources.to_come(request.location, source, directory, files).with_others(coming)
    state = request.location.state
    return Units(manager, now, to_come, backup_set.read(state).created, state)


def resolved(
    site: TrialSite, request: TrialRequest, units: Optional[Units], component: TrialComponent
) -> TrialRun:
    """Return how one component is tried."""
    tree = site.tree(request.location.root)
    more = [
        EnvironmentFile(os.path.join(site.live, each), reader="shell")
        for each in component.environment_files
    ]
    if units is None:
        return described(site, component, "nothing is known of its unit file")
    try:
        definition = managers.defined(units.manager, component.unit, units.to_come)
    except (LookupError, OSError) as error:
        return described(site, component, str(error))
    named = {file.path for file in definition.environment_files}
    found = derived(
        units.manager, definition, tree, [each for each in more if each.path not in named]
    )
    return by_unit(site, request, units, (component, found))


def by_unit(
    site: TrialSite,
    request: TrialRequest,
    units: Units,
    each: Tuple[TrialComponent, Surroundings],
) -> TrialRun:
    """Return how a component is tried whose unit's files are known."""
    component, found = each
    process, now = running(site, units, component)
    exported = unit_live.exported(process, now) if now is not None else {}
    gaps = [*found.unit.gaps, *told(process, now, exported)]
    interpreter = component.interpreter or found.program.interpreter or of_process(process)
    user, words, nobody = accounts.as_whom(found.user or request.user)
    gaps += [words] if words else []
    environment = {**exported, **found.environment, **component.environment}
    tree = site.tree()
    moved = {key: site.moved(value) for key, value in environment.items()}
    own = found.directory if component.directory is None else component.directory
    directory = tree.real(os.path.join(site.live, own))
    first = shadows.places(directory, tree.real(found.program.script), moved, site.tried)
    problem = nobody or found.problem
    if not interpreter and (component.imports or component.constructs):
        problem = problem or NO_PYTHON
    return TrialRun(
        component=component,
        interpreter=site.program(interpreter) if interpreter else "",
        directory=directory,
        user=user,
        groups=accounts.numbers(user, found),
        environment=moved,
        paths=beside(site, found),
        problem=problem,
        use=use(found, interpreter, gaps)._replace(
            contradicts=tuple(contradictions(site, request, (component, found), process)),
            strays=left_over(units, component.unit, outside(found, site.lives), site.lives),
            ports=listened(units, component.unit, process),
        ),
        fresh=shadows.fresh(first, site.root, request.files or (), units.created),
        needs=needs(found),
    )


def needs(found: Surroundings) -> Tuple[str, ...]:
    """Return what the user of a unit runs and reads: programs and scripts of its main command."""
    main = found.unit.main
    if main is None or main.privileged or not found.user:
        return ()
    return tuple(each for each in found.program.files if "$" not in each and each[:1] == "/")


def listened(units: Units, unit: str, process: Optional[unit_live.Live]) -> Tuple[int, ...]:
    """Return the ports that the manager of a unit leads to it, or on which its process listens."""
    known = units.manager.units.get(unit)
    return (known.ports if known else ()) or unit_live.ports(process, managers.full(unit))


def left_over(
    units: Units, unit: str, more: Sequence[str], roots: Sequence[str]
) -> Tuple[str, ...]:
    """Return the files of a unit, and `more` that it uses, which a rollback leaves as deployed."""
    if not units.created:
        return ()
    own = managers.files_for(units.manager, unit, units.to_come)
    if units.manager.name == "compose":
        own = compose.left(units.manager.main, roots)
    known = units.manager.units.get(unit)
    if known and known.source:  # below a root it comes back with the release
        own = [path for path in own if path != known.source or compose.left(path, roots)]
    files = [*own, *more]
    left = [path for path in dict.fromkeys(files) if path not in units.to_come.over]
    young = sources.strays(left, units.created)
    brought = packaged.brought(units.state, young) if units.state else ()
    return tuple(path for path in young if path not in brought)


def outside(found: Surroundings, roots: Sequence[str]) -> List[str]:
    """Return what a unit runs and takes variables from outside of the system.

    What the system's own packages bring is left out: it is of no release.
    """
    program = found.program
    variables = (each.path for each in found.unit.environment_files)
    named = [each for each in (*program.files, *program.sourced, *variables) if each[:1] == "/"]
    return [
        each
        for each in named
        if not is_below(os.path.realpath(each), roots)
        and (not os.path.realpath(each).startswith(PACKAGED) or LOCAL in each)
    ]


def told(
    process: Optional[unit_live.Live], now: Optional[Surroundings], exported: Dict[str, str]
) -> Iterator[str]:
    """Yield how the running process differs from its unit's files, and what is taken from it."""
    if process is not None and now is not None:
        yield from unit_live.differences(process, now)
    if exported:
        yield f"taken from the running process: {', '.join(sorted(exported))}"


def described(site: TrialSite, component: TrialComponent, why: str) -> TrialRun:
    """Return how a component is tried of whose unit no file is known: as rollback.toml says."""
    found, problem = {**surroundings(identity(site.user)), **component.environment}, ""
    del found["LC_ALL"]  # ours; a unit has what its files say
    for name in component.environment_files:
        try:
            read = list(env_file.entries(reach.text(os.path.join(site.root, name))))
        except OSError as error:
            problem = problem or f"its environment file {name} cannot be read: {error.strerror}"
            continue
        bad = next((one for one in read if one.problem), None)
        if bad and not problem:
            problem = f"its environment file {name}, line {bad.line}: {bad.problem}"
        found.update((one.key, one.value) for one in read if not one.problem)
    return TrialRun(
        component=component,
        interpreter=component.interpreter or USUAL,
        directory=os.path.join(site.root, component.directory or "."),
        user=site.user,
        groups=(),
        environment={key: site.moved(value) for key, value in found.items()},
        paths=(),
        problem=problem,
        use=UnitUse(why=why),
    )


def running(
    site: TrialSite, units: Units, component: TrialComponent
) -> Tuple[Optional[unit_live.Live], Optional[Surroundings]]:
    """Return the process of a component's unit, and how its files would run it now."""
    process = unit_live.found(units.manager, component.unit)
    if process is None:
        return None, None
    try:
        definition = managers.defined(units.manager, component.unit, units.now)
    except (LookupError, OSError):
        return process, None
    return process, derived(units.manager, definition, TriedTree((), site.live))


def of_process(process: Optional[unit_live.Live]) -> str:
    """Return the Python that a process runs in, "" where it runs in none."""
    first = process.argv[0] if process and process.argv else ""
    return first if first.startswith("/") and "python" in os.path.basename(first) else ""


def beside(site: TrialSite, found: Surroundings) -> Tuple[str, ...]:
    """Return where a script imports from: its own directory; names may begin at the root."""
    script = found.program.script
    if not script and found.program.interpreter and not found.program.wrapped:
        return ()
    tree = site.tree()
    own = [os.path.dirname(tree.real(script))] if script else []
    return (*own, *site.tried)


def use(found: Surroundings, interpreter: str, gaps: Sequence[str]) -> UnitUse:
    """Return what is told of a unit."""
    return UnitUse(
        files=found.unit.files,
        user=found.user,
        groups=found.groups,
        directory=found.directory,
        interpreter=interpreter,
        variables=tuple(sorted(found.environment)),
        environment_files=tuple(file.path for file in found.unit.environment_files),
        log=found.unit.log,
        missing=found.missing,
        ignored=(*found.unit.warnings, *found.ignored),
        gaps=tuple(gaps),
    )


def with_logs(found: Sequence[TrialRun]) -> Iterator[TrialRun]:
    """Yield the runs; one whose log in rollback.toml is that of another unit says so.

    A program may also write a log of its own, so that a file which is nobody's output is right.
    """
    written = {run.component.name: os.path.realpath(run.use.log) for run in found if run.use.log}
    for run in found:
        own = written.get(run.component.name, "")
        named = {os.path.realpath(log) for log in run.component.logs if log.startswith("/")}
        others = named & {log for name, log in written.items() if name != run.component.name}
        if own.startswith("/") and others and own not in named:
            why = f"log: {min(others)} in rollback.toml, {own} in its unit"
            use = run.use._replace(contradicts=(*run.use.contradicts, why))
            run = run._replace(use=use)  # noqa: PLW2901 - the same run, with one more fact
        yield run
