"""Would the restored tree work? Compiled, imported, constructed in fresh processes, as the user."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from typing import Any, NamedTuple, Optional, Sequence, Tuple

from ...configuration import env_file
from ...files import read as files_read
from ...messages.trial import (
    ComponentTrial,
    ConstructTrial,
    Trial,
    TrialComponent,
    TrialConstruct,
    TrialRequest,
)
from ...state import backup_set
from ...system import tools
from ...system.command import CommandResult, identity, run, surroundings
from . import child
from .staged_tree import staged

Ask = Sequence[Tuple[str, str, str]]
"""What a process tries, in order: compile, import or construct; of what; with which arguments."""


class TrialResult(NamedTuple):
    """What came of one thing that a process tried; times are in ms, of a construct that worked."""

    problem: Optional[str]
    first_ms: Optional[float] = None
    ms: Optional[float] = None


class TrialSite(NamedTuple):
    """Where a trial takes place: the staged root, the live one, and what differs between them."""

    root: str
    live: str
    touched: tuple[str, ...]
    user: str
    until: float


def look(request: TrialRequest) -> Trial:
    """Return what does not compile, import or construct, in the restored tree or the live one.

    Raises:
        HostError: no record, the tree cannot be staged, or we may not become the user.
    """
    identity(request.user)
    until = time.monotonic() + request.timeout
    live = os.path.realpath(request.location.root)
    if request.live:
        site = TrialSite(live, live, (), request.user, until)
        return tried(site, request.files or (), request.components)
    request = recorded(request)
    with staged(request, [component.directory for component in request.components]) as stage:
        touched = tuple(f"{live}/{path}" for path in (*stage.files, *stage.gone))
        site = TrialSite(stage.root, live, touched, request.user, until)
        files = [path for path in request.files or () if path not in stage.faults]
        return tried(site, files, request.components)._replace(faults=stage.faults)


def recorded(request: TrialRequest) -> TrialRequest:
    """Return the request with the files of the record, unless it names its own.

    Raises:
        HostError: there is no record that can be used.
    """
    if request.files is not None:
        return request
    known = backup_set.read(request.location.state)
    return request._replace(files=tuple(saved.path for saved in known.files), added=known.added)


def tried(place: TrialSite, files: Sequence[str], components: Sequence[TrialComponent]) -> Trial:
    """Return the answer for one tree: first all files are compiled, then each component tried."""
    interpreters = list(dict.fromkeys(component.interpreter for component in components))
    sources = [path for path in files if path.endswith(".py")]
    compiled = compiles(place, sources, interpreters or [sys.executable])
    found: dict[str, ComponentTrial] = {}
    for position, component in enumerate(components):
        share = (place.until - time.monotonic()) / (len(components) - position)
        found[component.name] = component_tried(place, component, share)
    return Trial(compiled, len(sources), found, {})


def compiles(
    place: TrialSite, sources: Sequence[str], interpreters: Sequence[str]
) -> dict[str, str]:
    """Return why sources do not compile: by none of the interpreters that are there."""
    left = dict.fromkeys(sources, "")
    for interpreter in interpreters if left else ():
        asked = [("compile", os.path.join(place.root, path), "") for path in left]
        share = place.until - time.monotonic()
        results = answers(place, interpreter, surroundings(identity(place.user)), asked, share)
        left = {path: result.problem for path, result in zip(left, results) if result.problem}
    return left


def component_tried(place: TrialSite, component: TrialComponent, share: float) -> ComponentTrial:
    """Return what one component's imports and constructs did."""
    imports, constructs = component.imports, component.constructs
    asked = [("import", name, "") for name in imports]
    asked += [("construct", each.call, each.arguments) for each in constructs]
    environment, problem = environment_of(place, component)
    if problem:
        results = [TrialResult(problem)] * len(asked)
    else:
        directory = os.path.join(place.root, component.directory)
        interpreter = component.interpreter
        results = answers(place, interpreter, environment, asked, share, directory=directory)
    return ComponentTrial(
        imports={name: result.problem for name, result in zip(imports, results)},
        constructs=tuple(map(timed, constructs, results[len(imports) :])),
    )


def timed(construct: TrialConstruct, result: TrialResult) -> ConstructTrial:
    """Return one construct's result beside its limit; too slow is a problem as well."""
    limit, took = construct.limit * 1000, result.ms
    slow = f"takes {took:.1f} ms, the limit is {limit:.0f} ms" if took and took > limit else None
    return ConstructTrial(
        call=construct.call,
        ms=took,
        first_ms=result.first_ms,
        limit_ms=limit,
        problem=result.problem or slow,
    )


def environment_of(place: TrialSite, component: TrialComponent) -> tuple[dict[str, str], str]:
    """Return the unit's environment as it would be, or what keeps it from having one."""
    found = {**surroundings(identity(place.user)), **component.environment}
    del found["LC_ALL"]  # ours; a unit has what its files say
    for name in component.environment_files:
        try:
            read = list(env_file.entries(files_read.text(os.path.join(place.root, name))))
        except OSError as error:
            return {}, f"its environment file {name} cannot be read: {error.strerror}"
        bad = next((one for one in read if one.problem), None)
        if bad:
            return {}, f"its environment file {name}, line {bad.line}: {bad.problem}"
        found.update((one.key, one.value) for one in read)
    return {key: moved(place, value) for key, value in found.items()}, ""


def moved(place: TrialSite, text: str) -> str:
    """Return a text whose paths below the live root lead into the staged one."""
    pattern = rf"(?<![\w.-]){re.escape(place.live)}(?![\w.-])"
    return re.sub(pattern, lambda _: place.root, text)


def answers(
    place: TrialSite,
    interpreter: str,
    environment: dict[str, str],
    asked: Ask,
    share: float,
    *,
    directory: str = "/",
) -> list[TrialResult]:
    """Return one result for each thing to try, from one fresh process; what is missing says why."""
    request = {"ask": asked, "live": place.live, "root": place.root, "touched": place.touched}
    outcome = run(
        [*command(place, interpreter), "-B", "-c", source()],
        max(0.1, share),
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=directory,
        user=place.user,
        stdin=json.dumps(request).encode("ascii"),
    )
    lines = [line for line in outcome.out.splitlines() if line.startswith("{")]
    results = [TrialResult(**json.loads(line)) for line in lines]
    missing = TrialResult(ending(outcome, interpreter))
    return results[: len(asked)] + [missing] * (len(asked) - len(results))


def source() -> str:
    """Return the text of what runs in a fresh process; sent to a host, we are only in memory."""
    path = getattr(child, "__file__", None)
    if path:
        return files_read.text(path)
    loader: Any = child.__spec__.loader if child.__spec__ else None
    return str(loader.get_source(child.__name__))


def command(place: TrialSite, interpreter: str) -> list[str]:
    """Return the argv of an interpreter: itself as it is, its arguments in the staged tree."""
    first, *rest = tools.argv(interpreter, place.live)
    return [first, *(moved(place, argument) for argument in rest)]


def ending(outcome: CommandResult, interpreter: str) -> str:
    """Return why a process gave no result."""
    if outcome.missing:
        return f"its interpreter {interpreter} does not exist"
    if outcome.timed_out:
        return f"did not finish within {outcome.seconds:.1f} s"
    return f"the process ended with code {outcome.code}: {outcome.words}"
