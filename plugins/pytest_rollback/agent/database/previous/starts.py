"""How the components of a release are started: command line, environment, directory, account."""

from __future__ import annotations

import os
import re
import shlex
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...configuration.units import manager as managers
from ...configuration.units.definition import UnitCommand, UnitDefinition
from ...errors import HostError
from ...messages.trial import TrialComponent, TrialRequest
from ...observe.trial import accounts, trial
from ...observe.trial.components import TrialRun, Units, resolved
from ...observe.trial.trial_site import TrialSite
from ...system.command import entering, identity

VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}")
WHOLE = re.compile(r"\$(\w+)")
BEFORE = ("ExecStartPre",)
ONCE = ("oneshot", "forking")
"""Kinds of units whose main process may end while they are up."""


class ComponentStart(NamedTuple):
    """How one component is started; `problem` is why it cannot be.

    `before` are command lines that run to their end first, and whether each may fail. `become`
    makes a process its account. `ends` tells that its process may end while it is up.
    """

    name: str
    argv: Tuple[str, ...]
    before: Tuple[Tuple[Tuple[str, ...], bool], ...]
    directory: str
    environment: Dict[str, str]
    become: Callable[[], None]
    ends: bool
    problem: str = ""


class Starts(NamedTuple):
    """All components, in order, and what their unit files cannot tell."""

    components: List[ComponentStart]
    gaps: List[str]


def starts(request: TrialRequest, units: Optional[Units]) -> Starts:
    """Return how each component is started, where its tree is in place.

    Args:
        request: what is known of the components.
        units: what their manager says, asked where it could be.
    """
    root = os.path.realpath(request.location.root)
    site = TrialSite(root, root, (), request.user, 0.0, trial.limited(request))
    guard = accounts.Guard(site.live, site.places)
    found: List[ComponentStart] = []
    gaps: List[str] = []
    for each in request.components:
        plain = each._replace(imports=(), constructs=())
        run_ = resolved(site, request, units, plain)
        why = guard.refusal(run_.user, run_.interpreter, run_.environment)
        found.append(started(units, plain, run_._replace(problem=run_.problem or why)))
        gaps += [f"{each.name}: {gap}" for gap in run_.use.gaps]
    return Starts(found, gaps)


def alone(units: Optional[Units]) -> Optional[Units]:
    """Return what a manager says, without processes: their numbers mean others elsewhere."""
    if units is None:
        return None
    known = {name: each._replace(pid=0) for name, each in units.manager.units.items()}
    return units._replace(manager=units.manager._replace(units=known, pid=0))


def started(units: Optional[Units], component: TrialComponent, run_: TrialRun) -> ComponentStart:
    """Return how one component is started."""
    try:
        definition = defined(units, component)
        become = entering(identity(run_.user), run_.groups)
    except (HostError, LookupError, OSError) as error:
        why = run_.problem or getattr(error, "message", str(error))
        return ComponentStart(component.name, (), (), "/", {}, _nobody, ends=False, problem=why)
    main = definition.main
    before = [each for each in definition.commands if each.key in BEFORE]
    return ComponentStart(
        name=component.name,
        argv=line(main, run_.environment, units) if main else (),
        before=tuple((line(each, run_.environment, units), each.optional) for each in before),
        directory=run_.directory,
        environment=run_.environment,
        become=become,
        ends=definition.kind in ONCE,
        problem=run_.problem or ("" if main else "its unit names no command"),
    )


def _nobody() -> None:
    """Become nobody else."""


def defined(units: Optional[Units], component: TrialComponent) -> UnitDefinition:
    """Return what the files of a component's unit say, as they will be.

    Raises:
        LookupError: nothing is known of them, or they start no process of this host.
    """
    if units is None:
        raise LookupError("nothing is known of its unit file")
    if units.manager.name == "compose":
        raise LookupError("its unit is a container, which is not started beside the live one")
    return managers.defined(units.manager, component.unit, units.to_come)


def line(
    command: UnitCommand, environment: Dict[str, str], units: Optional[Units]
) -> Tuple[str, ...]:
    """Return the words of a command; systemd puts variables in their places."""
    if units is None or units.manager.name != "systemd":
        return command.argv
    return tuple(expanded(command.argv, environment))


def expanded(words: Tuple[str, ...], environment: Dict[str, str]) -> Iterator[str]:
    """Yield words with variables: `$NAME` alone is several words, `${NAME}` stays in its word."""
    for word in words:
        whole = WHOLE.fullmatch(word)
        if whole:
            yield from shlex.split(environment.get(whole[1], ""))
        else:
            yield VARIABLE.sub(lambda told: environment.get(told[1], "") if told[1] else "$", word)


def program(argv: Tuple[str, ...], environment: Dict[str, str], directory: str) -> str:
    """Return the program of a command line: one without a slash is looked for in PATH."""
    first = argv[0]
    if "/" in first:
        return os.path.join(directory, first)
    for place in environment.get("PATH", "").split(":"):
        if place and os.access(os.path.join(place, first), os.X_OK):
            return os.path.join(place, first)
    return first
