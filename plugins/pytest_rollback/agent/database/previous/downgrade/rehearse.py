"""The way back is rehearsed: the named commands are run on a copy of the live database, alone.

They run where the previous release is tried: without the host's network and sockets, and the
database's address leads to a throw-away server. The live database is only read.
"""

from __future__ import annotations

import time
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ....errors import HostError
from ....observe.trial.components import TrialRun, units_of
from ... import naming, stamp
from ...messages import DatabaseProblem, Migrations
from ...migrations import look as migrations
from ...postgresql import catalog, tools
from ...postgresql.applied import live_tables
from ...postgresql.server import Server, quoted, reached
from ...rehearsal import objects, scratch
from .. import previous, previous_stamp, schema
from ..inside import Tell
from ..previous import FORCED, KEPT, Scene
from . import commands, downgrade_stamp, heads, losses
from .commands import CORRECT, WHERE
from .downgrade_stamp import RehearsedOf
from .messages import (
    DowngradeRehearsal,
    DowngradeStep,
    DowngradeTrial,
    DowngradeTrialRequest,
    SchemaHead,
)

BEFORE = "rollback_before"
"""The copy as it was before the first command, in the throw-away server."""

COPIES = 3

PROVES = (
    'set target = "{head}" in [database.migrate], once you know that the previous release needs '
    'it; or previous = "schema" in [database.rehearsal], which starts that release there'
)
"""What to do where nothing tells which head the previous release needs."""


class CommandsRun(NamedTuple):
    """What came of commands on a copy: each one that was run, and why the last one went wrong."""

    steps: List[DowngradeStep]
    problem: str


class CopiedDatabase(NamedTuple):
    """A copy in a throw-away server, and what is known of the live database: its head, and tools.

    `where` is as whom and where commands run, `about` what they are and read.
    """

    scene: Scene
    where: TrialRun
    before: SchemaHead
    known: Migrations
    about: RehearsedOf


def rehearse(request: DowngradeTrialRequest) -> DowngradeTrial:
    """Migrate a copy of the live database back; leave a stamp of how that went.

    Raises:
        HostError: it could not be tried: no namespaces, no server, no room.
    """
    asked, began = request.previous, time.monotonic()
    location = asked.location
    with stamp.alone(location.state):
        record = previous.refuse_others(location.state) if asked.rows else None
        live = reached(asked.database)
        found = catalog.look(live, naming.names(asked.database.name, location.run))
        version = tools.major(found.role["version"])
        plan = previous.planned(asked._replace(rows="full"), live, found, version, COPIES)
        where = commands.place(request.commands.trial, units_of(request.commands.trial))
        before, known = heads.head(live), migrations.look(location, live_tables(live))
        schema_of_today = schema.head(live) if record else ""
        about = RehearsedOf.now(location, asked.database, (request.commands, where), before.tool)
        with scratch.server(live, plan) as fresh:
            scratch.furnish(live, fresh, found.databases[live.name], found.role["name"])
            schema.copied(live, fresh, "full", asked.timeout)
            scene = Scene(asked, live, fresh, began + asked.timeout, float(version) >= FORCED)
            copy = CopiedDatabase(scene, where, before, known, about)
            told, doubt = migrated(request, copy)
            run = None
            if record and not told.problems:
                found_ = previous.judged(scene, BEFORE)
                run = previous.of_run(asked, record, found_, (version, schema_of_today))
        seconds = round(time.monotonic() - began, 3)
        doubts = () if doubt is None or (run and previous_stamp.runs_well(run)) else (doubt,)
        told = told._replace(
            when=time.time(), server=version, seconds=seconds, problems=(*told.problems, *doubts)
        )
        downgrade_stamp.write(location.state, told)
        if run:
            run = run._replace(rows="full", seconds=seconds)
            previous_stamp.write(location.state, run)
    return DowngradeTrial(told, run)


def migrated(
    request: DowngradeTrialRequest, copy: CopiedDatabase
) -> Tuple[DowngradeRehearsal, Optional[DatabaseProblem]]:
    """Migrate the copy back; return what is told of it, and what nobody can tell.

    Afterwards the copy is as the commands have left it, and there are two more of it.
    """
    asked, fresh = request.commands, copy.scene.fresh
    problems = [*commands.faults(asked, copy.where), *unlike(copy.before, heads.head(fresh))]
    fresh.sql(f"CREATE DATABASE {quoted(BEFORE)} TEMPLATE {quoted(fresh.name)};")
    done = ran(request, copy, asked.down) if not problems else CommandsRun([], "")
    told = counted(copy, done)
    doubt, forward = None, None
    problems += went_wrong(done.problem)
    if not problems:
        wrong, doubt = arrived(request, copy, told.after)
        problems += wrong or unmoved(copy, told.gone)
    fresh.sql(f"CREATE DATABASE {quoted(KEPT)} TEMPLATE {quoted(fresh.name)};")
    if asked.up and not problems:
        forward, wrong = returned(request, copy)
        problems += wrong
    return told._replace(forward=forward, problems=tuple(problems)), doubt


def counted(copy: CopiedDatabase, done: CommandsRun) -> DowngradeRehearsal:
    """Return what commands have left of a copy, beside the one from before."""
    fresh, about = copy.scene.fresh, copy.about
    tables, columns = losses.lost(fresh, BEFORE, fresh.name)
    return DowngradeRehearsal(
        when=time.time(),
        seconds=0.0,
        record=about.record,
        subject=about.subject,
        commands=about.commands,
        server="",
        before=copy.before,
        after=heads.head(fresh),
        steps=tuple(done.steps),
        tables=tables,
        columns=columns,
        gone=tuple(missing(fresh)),
        forward=None,
        problems=(),
        files=about.files,
    )


def unlike(live: SchemaHead, copied: SchemaHead) -> Iterator[DatabaseProblem]:
    """Yield that a copy is not where the live database is."""
    if live.digest != copied.digest:
        yield DatabaseProblem(
            f"a copy of the live database is at {copied.words}, and that is at {live.words}",
            "somebody migrated it meanwhile: rollback rehearse, once more",
        )


def went_wrong(words: str) -> Iterator[DatabaseProblem]:
    """Yield that a command went wrong."""
    if words:
        yield DatabaseProblem(
            words, f"correct the migration, or down and timeout in {WHERE}; then rollback rehearse"
        )


def ran(
    request: DowngradeTrialRequest, copy: CopiedDatabase, argvs: Sequence[Sequence[str]]
) -> CommandsRun:
    """Run commands on the copy, up to the first that goes wrong; look at the head after each."""
    scene, seconds, where = copy.scene, request.commands.timeout, copy.where
    found = CommandsRun([], "")
    problems: List[str] = []

    def work(tell: Tell) -> None:
        for argv in argvs:
            rest = min(seconds, max(0.1, scene.until - time.monotonic()))
            try:
                outcome = commands.called(where, argv, rest)
                problem = commands.wrong(outcome, rest)
                took = outcome.seconds
            except HostError as refused:
                problem, took = f"was not run: {refused.message}", 0.0
            words = commands.as_typed(argv)
            tell({"words": words, "seconds": took, "problem": problem})
            if problem:
                return

    def hears(told: Dict[str, Any]) -> None:
        took = round(float(told["seconds"]), 3)
        found.steps.append(DowngradeStep(told["words"], took, heads.head(scene.fresh)))
        problems.extend([f"{told['words']} {told['problem']}"] if told["problem"] else [])

    scene.tried(request.commands.trial, work, hears)
    return found._replace(problem="; ".join(problems))


def missing(fresh: Server) -> List[str]:
    """Return the objects that are gone; columns and tables are counted by themselves."""
    was, now = (objects.objects(fresh, each) for each in (BEFORE, fresh.name))
    return sorted(each for each in was if each not in now and not each.startswith("column "))


def arrived(
    request: DowngradeTrialRequest, copy: CopiedDatabase, after: SchemaHead
) -> Tuple[List[DatabaseProblem], Optional[DatabaseProblem]]:
    """Return why a copy is not where the previous release needs it, and what nobody can tell."""
    location, fresh = request.previous.location, copy.scene.fresh
    if after.digest == copy.before.digest:
        words = f"all commands ended well, and the database is where it was: {after.words}"
        return [DatabaseProblem(words, CORRECT)], None
    need = heads.need(location, fresh, after, request.commands.target)
    if not need.is_known:
        words = f"nothing tells whether the previous release needs {after.words}: {need.words}"
        return [], DatabaseProblem(words, PROVES.format(head=after.ids[0] if after.ids else ""))
    if need.words:
        words = "all commands ended well, and afterwards the database is not where it has to be: "
        return [DatabaseProblem(words + need.words, CORRECT)], None
    far = heads.taken_too_far(copy.known, migrations.look(location, live_tables(fresh)))
    if far:
        words = f"the commands take back what the previous release has: {', '.join(far[:3])}"
        return [DatabaseProblem(words, CORRECT)], None
    return [], None


def unmoved(copy: CopiedDatabase, gone: Sequence[str]) -> List[DatabaseProblem]:
    """Return that the version was changed and nothing else, by migrations without a way back."""
    ahead = [one for each in copy.known.tools for one in each.ahead]
    if not ahead or any(each.way is not False for each in ahead) or gone:
        return []
    fresh = copy.scene.fresh
    if objects.objects(fresh, BEFORE) != objects.objects(fresh, fresh.name):
        return []
    return [
        DatabaseProblem(
            f"nothing but the version was changed: {ahead[0].path} has no way back",
            "write its way back, or leave the database as it is: return = 'keep' in [database]",
        )
    ]


def returned(
    request: DowngradeTrialRequest, copy: CopiedDatabase
) -> Tuple[Optional[float], List[DatabaseProblem]]:
    """Migrate the copy forward again, as an undo would; return its seconds, and what is wrong."""
    done = ran(request, copy, request.commands.up)
    head = heads.head(copy.scene.fresh)
    previous.pristine(copy.scene)
    seconds = round(sum(each.seconds for each in done.steps), 3)
    if done.problem:
        return None, list(went_wrong(f"an undo would fail: {done.problem}"))
    if head.digest != copy.before.digest:
        words = f"after up the database is at {head.words}, and not at {copy.before.words}"
        return None, [DatabaseProblem(words, CORRECT)]
    return seconds, []
