"""Would the restored tree work? Compiled, imported, constructed in fresh processes, as the user."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from typing import Any, Iterator, NamedTuple, Optional, Sequence, Tuple

from ...errors import HostError, shortened
from ...files import reach
from ...files.metadata import FileEntry, capped
from ...messages.location import is_below
from ...messages.trial import (
    ComponentTrial,
    ConstructTrial,
    Trial,
    TrialComponent,
    TrialConstruct,
    TrialRequest,
    UnitUse,
)
from ...state import backup_set
from ...state.releases import linked
from ...system import access, tools
from ...system.command import CommandResult, identity, run, surroundings
from . import accounts, child
from .components import TrialRun, Units, resolved, units_of, with_logs
from .staged_tree import staged
from .trial_site import ReleaseToCome, TrialSite

Ask = Sequence[Tuple[str, str, str]]
"""What a process tries, in order: compile, import or construct; of what; with which arguments."""

SIDE_BY_SIDE = 2
"""Components that are tried at a time."""

NOBODY = TrialComponent("", "", None, {}, (), (), ())


class TrialResult(NamedTuple):
    """What came of one thing that a process tried; times are in ms, of a construct that worked."""

    problem: Optional[str]
    first_ms: Optional[float] = None
    ms: Optional[float] = None


NOTHING_MORE = ReleaseToCome()
MOST = 1000
"""Letters of one problem."""

BINARY = b"\x7fELF"
"""How a program begins that the kernel runs itself."""


def look(request: TrialRequest) -> Trial:
    """Return what does not compile, import or construct, in the restored tree or the live one.

    Raises:
        HostError: no record, the tree cannot be staged, or we may not become the user.
    """
    return restored(request)


def restored(request: TrialRequest, coming: ReleaseToCome = NOTHING_MORE) -> Trial:
    """Return the same, where more comes back than recorded files."""
    identity(request.user)
    until = time.monotonic() + request.timeout
    live, units = os.path.realpath(request.location.root), units_of(request, coming.units)
    if request.live:
        site = TrialSite(live, live, (), request.user, until, limited(request))
        return tried(site, request.files or (), runs(site, request, units))
    more = linked.python_sources(request.location.state) if request.files is None else []
    request, entries = recorded(request, coming)
    with staged(request, directories(request, units, live), entries, coming.fetch) as stage:
        touched = tuple(os.path.join(live, path) for path in (*stage.files, *stage.gone))
        site = TrialSite(stage.root, live, touched, request.user, until, limited(request))
        files = [path for path in (*(request.files or ()), *more) if path not in stage.faults]
        return tried(site, files, runs(site, request, units))._replace(faults=stage.faults)


def limited(request: TrialRequest) -> Tuple[str, ...]:
    """Return the places that a system is limited to, absolute; none for all below its root."""
    return request.location.places if request.location.within else ()


def runs(site: TrialSite, request: TrialRequest, units: Optional[Units]) -> list[TrialRun]:
    """Return how each component is tried."""
    found = [resolved(site, request, units, each) for each in request.components]
    guard = accounts.Guard(site.live, site.places)
    return [guarded(guard, readable(site, request, each)) for each in with_logs(found)]


def guarded(guard: accounts.Guard, run_: TrialRun) -> TrialRun:
    """Return a run; one that would run as root what somebody else can change has a problem.

    Its interpreter compiles nothing either: it may be that which is changed.
    """
    why = guard.refusal(run_.user, run_.interpreter, run_.environment)
    if not why:
        return run_
    return run_._replace(problem=run_.problem or why, interpreter="")


def is_script(path: str) -> bool:
    """Return whether a file is there that has to be read to be run: a binary need not be."""
    try:
        with reach.file(path) as file:
            return file.read(4) != BINARY
    except OSError:
        return False


def readable(site: TrialSite, request: TrialRequest, run_: TrialRun) -> TrialRun:
    """Return a run; its use names what its user would have to read, and may not."""
    tree = site.tree(request.location.root)
    there = {tree.real(path): path for path in run_.needs if is_script(tree.real(path))}
    if not there or run_.user in ("", "root"):
        return run_
    stage = "/" if site.root == site.live else os.path.dirname(site.root)
    try:
        closed = list(access.unreadable([stage, *there], run_.user, run_.groups))
    except HostError:  # the trials say so
        return run_
    if stage in closed:  # that is a fault of our place, not of the release
        return run_
    said = [f"{there[path]} cannot be read by {run_.user}" for path in closed]
    use = run_.use._replace(missing=(*run_.use.missing, *said))
    return run_._replace(use=use)


def directories(request: TrialRequest, units: Optional[Units], live: str) -> Iterator[str]:
    """Yield the directories below the root in which components start, relative to it."""
    site = TrialSite(live, live, (), request.user, 0.0, limited(request))
    for component in request.components:
        run_ = resolved(site, request, units, component)
        if is_below(run_.directory, site.tried):
            yield os.path.relpath(run_.directory, live)


def recorded(
    request: TrialRequest, coming: ReleaseToCome = NOTHING_MORE
) -> tuple[TrialRequest, dict[str, FileEntry]]:
    """Return the request with the files of the record, unless it names its own, and what they are.

    Raises:
        HostError: there is no record that can be used.
    """
    if request.files is not None:
        return request, {}
    known = backup_set.read(request.location.state)
    files = (*coming.entries.values(), *known.files)
    entries = {saved.path: capped(saved, request.secrets) for saved in files}
    return request._replace(files=tuple(entries), added=(*known.added, *coming.gone)), entries


def tried(place: TrialSite, files: Sequence[str], runs_: Sequence[TrialRun]) -> Trial:
    """Return the answer for one tree: all files are compiled, and the components tried."""
    sources = [path for path in files if path.endswith(".py")]
    compiled = compiles(place, sources, runs_)
    left = [*runs_]
    found: dict[str, ComponentTrial] = {}
    failed: list[Exception] = []

    def work() -> None:
        with suppress(IndexError):
            while True:
                each = left.pop(0)
                share = (place.until - time.monotonic()) / (1 + len(left) // SIDE_BY_SIDE)
                try:
                    found[each.component.name] = component_tried(place, each, share)
                except Exception as error:  # noqa: BLE001 - raised where the threads are joined
                    failed.append(error)

    beside = [threading.Thread(target=work) for _ in range(min(SIDE_BY_SIDE, len(left)) - 1)]
    for thread in beside:
        thread.start()
    work()
    for thread in beside:
        thread.join()
    if failed:
        raise failed[0]
    return Trial(compiled, len(sources), found, {})


def compiles(place: TrialSite, sources: Sequence[str], runs_: Sequence[TrialRun]) -> dict[str, str]:
    """Return why sources do not compile: by none of the interpreters that are there."""
    left = dict.fromkeys(sources, "")
    usual = TrialRun(NOBODY, sys.executable, "/", place.user, (), {}, (), "", UnitUse())
    pythons = {(each.interpreter, each.user): each for each in runs_ if each.interpreter}
    for each in list(pythons.values()) or [usual] if left else ():
        asked = [("compile", os.path.join(place.root, path), "") for path in left]
        share = place.until - time.monotonic()
        plain = each._replace(environment=surroundings(identity(each.user)), directory="/")
        results = answers(place, plain, asked, share)
        left = {path: result.problem for path, result in zip(left, results) if result.problem}
    return left


def component_tried(place: TrialSite, run_: TrialRun, share: float) -> ComponentTrial:
    """Return what one component's imports and constructs did."""
    imports, constructs = run_.component.imports, run_.component.constructs
    asked = [("import", name, "") for name in imports]
    asked += [("construct", each.call, each.arguments) for each in constructs]
    asked += [("shadow", "", json.dumps({"names": run_.fresh}))] if asked and run_.fresh else []
    if run_.problem:
        results = [TrialResult(run_.problem)] * len(asked)
    else:
        results = answers(place, run_, asked, share) if asked else []
    return ComponentTrial(
        imports={name: result.problem for name, result in zip(imports, results)},
        constructs=tuple(map(timed, constructs, results[len(imports) :])),
        use=run_.use,
        shadow=shadow_of(results[len(imports) + len(constructs) :], results),
    )


def shadow_of(asked: Sequence[TrialResult], results: Sequence[TrialResult]) -> str:
    """Return what was said of modules of no release; what failed before ends the process."""
    before = results[: len(results) - len(asked)]
    told = asked and not any(each.problem for each in before)
    return (asked[0].problem or "") if told else ""


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


def answers(place: TrialSite, run_: TrialRun, asked: Ask, share: float) -> list[TrialResult]:
    """Return one result for each thing to try, from one fresh process; what is missing says why."""
    request = {
        "ask": asked,
        "trees": place.trees,
        "touched": place.touched,
        "paths": run_.paths,
    }
    outcome = run(
        [*command(place, run_.interpreter), "-B", "-c", source()],
        max(0.1, share),
        env={**run_.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=run_.directory,
        user=run_.user,
        groups=run_.groups,
        stdin=json.dumps(request).encode("ascii"),
    )
    lines = [line for line in outcome.out.split("\n") if line.startswith("{")]
    results = [answer(line) for line in lines[: len(asked)]]
    missing = TrialResult(ending(outcome, run_.interpreter))
    return results + [missing] * (len(asked) - len(results))


def answer(line: str) -> TrialResult:
    """Return what a line says; the code that is tried can write there as well, what it likes."""
    try:
        said = json.loads(line)
        problem, first, took = said["problem"], said.get("first_ms"), said.get("ms")
        shaped = problem is None or isinstance(problem, str)
        if shaped and all(each is None or isinstance(each, float) for each in (first, took)):
            return TrialResult(problem and shortened(problem, MOST), first, took)
    except (ValueError, KeyError, RecursionError):
        pass
    return TrialResult("the code that was tried writes where the answers are written")


def source() -> str:
    """Return the text of what runs in a fresh process; sent to a host, we are only in memory."""
    path = getattr(child, "__file__", None)
    if path:
        return reach.text(path)
    loader: Any = child.__spec__.loader if child.__spec__ else None
    return str(loader.get_source(child.__name__))


def command(place: TrialSite, interpreter: str) -> list[str]:
    """Return the argv of an interpreter: itself as it is, its arguments in the staged tree."""
    first, *rest = tools.argv(interpreter, place.live)
    return [first, *(place.moved(argument) for argument in rest)]


def ending(outcome: CommandResult, interpreter: str) -> str:
    """Return why a process gave no result."""
    if outcome.missing:
        return f"its interpreter {interpreter} does not exist"
    if outcome.timed_out:
        return f"did not finish within {outcome.seconds:.1f} s"
    return f"the process ended with code {outcome.code}: {outcome.words}"
