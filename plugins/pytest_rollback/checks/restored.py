"""Would what a rollback restores work? Judged by readiness, and again at the entry of a drill."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_rollback.agent.messages.configuration import ConfigurationFaults
from pytest_rollback.agent.messages.trial import NO_PYTHON, Trial
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.manifest.release import BACKUPS
from pytest_rollback.text.quantities import count, part

UNCHECKED = "could not be checked"


def compiles(trial: Trial, system: System) -> None:
    """Check that every restored source compiles.

    Raises:
        Refused: one does not.
    """
    faults = {path: why for path, why in trial.faults.items() if path.endswith(".py")}
    found = {**faults, **trial.compiles}
    if found:
        end = system.about.suffix
        raise Refused(
            f"{count(len(found), 'backup')} cannot be compiled",
            findings=[f"{path}{end}: {why}" for path, why in sorted(found.items())],
            hint=f"see that line of {system.about.path(min(found))}{end} on the host; deploy a "
            "release that compiles, save the set with rollback save, deploy again",
        )


class NotTried(Inconclusive):
    """What would be tried needs the unit's Python, and only its process tells which that is."""


def _demand_tried(component: Component, why: Iterable[str | None]) -> None:
    if NO_PYTHON in why:
        raise NotTried(
            f"nothing of {component.name} could be tried",
            findings=[NO_PYTHON],
            hint=f"set interpreter of component {component.name} in rollback.toml; while its unit "
            "is up, its process tells it",
        )


def imports(trial: Trial, component: Component) -> None:
    """Check that every import of a component works in the restored tree.

    Raises:
        Refused: one does not, or a library would load a module of no release.
        NotTried: nobody knows with which Python.
    """
    tried = trial.components[component.name].imports
    failed = [f"{name}: {why}" for name, why in tried.items() if why]
    _demand_tried(component, tried.values())
    if failed:
        raise Refused(
            f"{part(len(failed), len(tried), 'import')} of {component.name} failed in the restored "
            "tree",
            findings=failed,
            hint=f"add the files that these imports need to the backup set, or correct imports, "
            f"interpreter or environment of {component.name} in rollback.toml",
        )
    shadow = trial.components[component.name].shadow
    if shadow:
        raise Refused(
            f"{component.name} would start with a module that is of no release",
            findings=[shadow],
            hint="move it out of the tree, or deploy it with a release",
        )


def constructs(trial: Trial, component: Component) -> None:
    """Check that every constructor call of a component works in the restored tree, in time.

    Raises:
        Refused: one does not.
        NotTried: nobody knows with which Python.
    """
    tried = trial.components[component.name].constructs
    _demand_tried(component, (each.problem for each in tried))
    failed = [f"{each.call}: {each.problem}" for each in tried if each.problem]
    if failed:
        raise Refused(
            f"{part(len(failed), len(tried), 'constructor call')} of {component.name} failed",
            findings=failed,
            hint=f"correct constructs of {component.name} in rollback.toml, or save the set again "
            "from a release in which they work",
        )


def unit_resolves(trial: Trial, component: Component) -> None:
    """Check that all that the unit to come names is on the host.

    Raises:
        Refused: something is missing.
        Inconclusive: nothing is known of the unit.
    """
    use = trial.components[component.name].use
    if use.missing:
        raise Refused(
            f"{component.unit} of the previous release could not be started",
            findings=use.missing,
            hint=f"add what is missing, let its user read it, or save a unit file that works; "
            f"see {' '.join(use.files)}",
        )
    if use.why:
        raise Inconclusive(
            f"what {component.unit} needs is not known: {use.why}",
            hint=f"check unit of component {component.name}, and [services], in rollback.toml",
        )


def _backups(system: System) -> str:
    """Return where backups are, for people."""
    if system.release.sets:
        return f"{system.about.state}/sets/*/files"
    return f"X{system.about.suffix} beside X"


def _kept(system: System) -> str:
    """Return where the configuration of the previous release is, for people."""
    if BACKUPS in parts.names(system):
        where = f"in the backups ({_backups(system)}) or in the previous release"
        return f"{where}, and save the set again"
    return "where the previous release has them; or, of a file that all releases share, where it is"


def configuration_parses(found: ConfigurationFaults, system: System) -> None:
    """Check that every configuration and unit file can be read as a rollback would leave it.

    Raises:
        Refused: one cannot.
        Inconclusive: the host cannot parse one.
        Advisory: lines would be ignored.
    """
    wrong = {path: why for path, why in found.faults.items() if why}
    unchecked = [f"{p}: {why}" for p, why in wrong.items() if why.startswith(UNCHECKED)]
    broken = [f"{p}: {why}" for p, why in wrong.items() if not why.startswith(UNCHECKED)]
    ignored = [f"{p}: {one}" for p, lines in found.warnings.items() for one in lines]
    if broken:
        raise Refused(
            f"{count(len(broken), 'configuration file')} would be unreadable after a rollback",
            findings=broken,
            hint=f"correct these lines {_kept(system)}",
        )
    if unchecked:
        raise Inconclusive(
            f"{count(len(unchecked), 'configuration file')} could not be checked on this host",
            findings=unchecked,
            hint="install the missing parsers for the host's python3, such as python3-yaml",
        )
    if ignored:
        raise Advisory(
            f"{count(len(ignored), 'line')} would be ignored by the program that reads them",
            findings=ignored,
            hint="the previous release ran with them; correct them in the next release",
        )
