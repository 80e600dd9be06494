"""Pre-rollback checklist: 'Check rollback dependencies available'."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_rollback.agent.messages.requirements import Space
from pytest_rollback.agent.messages.services.running import Running
from pytest_rollback.agent.messages.services.units import UnitState
from pytest_rollback.agent.messages.trial import Trial
from pytest_rollback.agent.messages.unit_files import UnitFilesPlan
from pytest_rollback.checks import orphans, restored
from pytest_rollback.checks.running import refuse_elsewhere, refuse_other_release, refuse_survivors
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused, RollbackError
from pytest_rollback.fixtures.units import demand_alone, demand_ports
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.text.quantities import count

Keep = Callable[[str, object], None]


@criterion("readiness.units.startable", phase="services")
def test_the_unit_could_be_started(
    units: Mapping[str, UnitState],
    unit_files: UnitFilesPlan | RollbackError,
    component: Component,
    system: System,
) -> None:
    """The service manager knows the unit, which is neither masked nor failed."""
    unit = units[component.unit]

    if not unit.known:
        orphans.demand_both(unit_files, system, component)
        raise Refused(
            f"the service manager does not know {component.unit}: {unit.detail}",
            hint=f"correct the unit of component {component.name} in rollback.toml",
        )
    if unit.masked or unit.state in {"failed", "backoff"}:
        word = "masked" if unit.masked else unit.state
        raise Refused(
            f"{component.unit} is {word}: {unit.detail}",
            hint=f"unmask or repair {component.unit}: a rollback has to start it",
        )


@criterion("readiness.units.handled", phase="services")
def test_the_unit_can_be_handled(running: Running, component: Component, system: System) -> None:
    """A rollback can stop, start and judge the unit, which runs what is restored."""
    refuse_survivors(running, component)
    refuse_elsewhere(running, component, system.about.where)
    refuse_other_release(running, component)
    found = running.units[component.unit]
    why = found.unhandled or found.kept_open or found.left

    if why:
        raise Refused(
            f"{component.unit} is not handled: {why}",
            hint=f"name the unit that has the processes in component {component.name} of "
            "rollback.toml, or roll this component back by hand",
        )


@criterion("readiness.units.listening", phase="services")
def test_the_unit_listens(
    running: Running,
    restored_tree: Trial,
    component: Component,
    record_property: Keep,
) -> None:
    """The processes of the unit hold each port of the component, and answer its probes."""
    held = restored_tree.components[component.name].use.ports
    described = "listens" in component.model_fields_set
    record_property("ports", list(component.listens if described else held) or "none")

    demand_ports(component.unit, running)
    if not described and not held:
        raise Inconclusive(
            f"{component.unit} holds no listening socket, and rollback.toml names no ports",
            hint=f"start {component.unit}; if it has no ports: listens = [] in component "
            f"{component.name}",
        )


@criterion("readiness.logs.found", phase="validate")
def test_the_logs_are_there(
    space: Space, restored_tree: Trial, component: Component, record_property: Keep
) -> None:
    """Every log of the component is there and can be read: without it nothing is 'no error'."""
    use = restored_tree.components[component.name].use
    record_property("logs", list(component.log or (use.log,)))
    if not (component.log or use.log):
        raise Inconclusive(
            f"the files of {component.unit} do not tell where it writes its log",
            findings=[use.why] if use.why else [],
            hint=f"set log of component {component.name} in rollback.toml",
        )
    lacking = [f"{name}: {space.unread[name]}" for name in component.log if name in space.unread]

    if lacking:
        raise Refused(
            f"validation could not read {count(len(lacking), 'log')} of {component.name}",
            findings=lacking,
            hint=f"correct log of component {component.name} in rollback.toml",
        )


@criterion("readiness.units.described", phase="services")
def test_the_unit_is_as_described(
    restored_tree: Trial, component: Component, record_property: Keep
) -> None:
    """What rollback.toml says of user, directory, interpreter and environment is the unit's own."""
    use = restored_tree.components[component.name].use
    record_property("unit", use._asdict())

    if use.contradicts:
        raise Refused(
            f"rollback.toml contradicts {component.unit}",
            findings=use.contradicts,
            hint=f"remove these keys of component {component.name} from rollback.toml: the unit's "
            "own files say how it runs",
        )
    if use.why:
        raise Inconclusive(
            f"how {component.unit} will run is not known: {use.why}",
            hint=f"check unit of component {component.name}, and [services], in rollback.toml",
        )


@criterion("readiness.units.resolved", phase="services")
def test_what_the_unit_names_exists(
    restored_tree: Trial,
    unit_files: UnitFilesPlan | RollbackError,
    component: Component,
    system: System,
) -> None:
    """Every program, directory, account and file that the unit to come names is on this host."""
    orphans.demand_both(unit_files, system, component)
    restored.unit_resolves(restored_tree, component)


@criterion("readiness.units.covered", phase="configuration")
def test_a_rollback_covers_the_unit(
    restored_tree: Trial,
    unit_files: UnitFilesPlan | RollbackError,
    component: Component,
    system: System,
) -> None:
    """No drop-in, script or variables of the unit beside the root changed since the save."""
    orphans.demand_both(unit_files, system, component)
    use = restored_tree.components[component.name].use

    if use.strays:
        raise Refused(
            f"{component.unit} would still be run by files that a rollback leaves alone",
            findings=use.strays,
            hint=f"ls -lc {' '.join(use.strays)} has when each changed; a release keeps unit files "
            f"below [services] source ({system.services.source or 'none described'}), and scripts "
            "and variables below the root, saved or recorded as added; where the previous release "
            "runs with them as they are, change them before its set is saved, at the next deploy",
        )
    if use.why:
        raise Inconclusive(
            f"what {component.unit} consists of is not known: {use.why}",
            hint=f"check unit of component {component.name}, and [services], in rollback.toml",
        )


@criterion("readiness.units.owned", phase="configuration", needs=("services.source",))
def test_no_unit_file_is_left(unit_files: UnitFilesPlan | RollbackError, system: System) -> None:
    """Each recorded unit file is of a component: a rollback installs it, or takes it away."""
    if isinstance(unit_files, RollbackError):
        raise unit_files
    orphans.demand_none(unit_files, system)


@criterion("readiness.units.alone", phase="services")
def test_nobody_else_is_of_the_system(running: Running, system: System) -> None:
    """Each process of the system's root is of a unit that a rollback stops."""
    demand_alone(system.about.where, running)
