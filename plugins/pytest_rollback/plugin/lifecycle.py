"""How a session of criteria begins its suites, carries a rollback out, and ends."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.messages.backup.verify import HEADING, Backups
from pytest_rollback.checks import latency
from pytest_rollback.errors import RollbackError
from pytest_rollback.evidence import collect, origin
from pytest_rollback.evidence.events import RunBegan, RunFinished
from pytest_rollback.manifest import requests
from pytest_rollback.plugin import options
from pytest_rollback.plugin.stash import GATE, PRACTICE, PROBER, SEAL
from pytest_rollback.progress.activity import doing
from pytest_rollback.recovery import actions, entry
from pytest_rollback.recovery.gate import Gate
from pytest_rollback.recovery.left_behind import lines as lines_left
from pytest_rollback.recovery.live import LiveProgress
from pytest_rollback.recovery.lock_holder import Holder, whether_idle
from pytest_rollback.recovery.rehearsal import lines, rehearse
from pytest_rollback.recovery.status import FREE, WayBack, runs, way_back
from pytest_rollback.run.run import Run, operator
from pytest_rollback.transport.busy import FirstQuestion
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.interrupts import INTERRUPTS

JUDGING = {"triage", "readiness", "validate", "monitor"}


def gate_of(config: pytest.Config, run: Run) -> Gate:
    """Return the session's gate, made when it is first asked for.

    Raises:
        GateClosed: this is a worker of pytest-xdist.
    """
    if GATE not in config.stash:
        practice = config.stash.get(PRACTICE, None)
        own = run.demonstration and practice is not None  # nothing but a sandbox arms itself
        config.stash[GATE] = Gate(
            run.connection,
            run.scope,
            run.timeline,
            armed=run.system.target.name if own else run.asked.armed,
            accepted=math.inf if own else run.asked.accepted,
            holder=Holder.here(run.identity, operator()),
            worker=hasattr(config, "workerinput"),
        )
    return config.stash[GATE]


def roll_back(config: pytest.Config, run: Run) -> None:
    """Carry the whole rollback out, without criteria: how a sandbox gets to be rolled back."""
    gate = gate_of(config, run)
    for action in run.extras.actions:
        vital = action.name not in actions.OPTIONAL
        with contextlib.suppress(*(() if vital else (RollbackError,))):
            gate.perform(action, vital=vital)


def enter(config: pytest.Config, run: Run, suite: str) -> None:
    """Begin a suite: forget what was read before it, and get a sandbox of ours ready for it."""
    if run.suite == suite:
        return
    if not run.suite and not hasattr(config, "workerinput"):
        began(config, run)
    run.suite = suite
    run.facts.clear()
    if hasattr(config, "workerinput"):
        ask_first(run, suite)
        return
    practice = config.stash.get(PRACTICE, None)
    if practice is not None:
        practice.prepare(
            suite,
            healthy=lambda: latency.keep(run.connection, run.system),
            roll_back=lambda: roll_back(config, run),
        )
    ask_first(run, suite)
    if suite == "drill" and gate_of(config, run).is_open:
        from pytest_rollback.checks.edge import prober_for  # noqa: PLC0415 - only a drill pays for httpx

        if options.value(config, "--live"):
            run.timeline.listeners.append(LiveProgress(run.system, writer(config)))
        run.extras.decided(run)
        run.timeline.decide()
        config.stash[PROBER] = prober = prober_for(run.system)
        prober.start()


def ask_first(run: Run, suite: str) -> None:
    """Have a suite that judges a system say first that a rollback is under way, or half done.

    That travels with the first thing that it asks. A drill takes the host instead, or resumes.
    """
    if suite in JUDGING:
        run.connection.ask_first(idle(run, open_too=True))


def idle(run: Run, *, open_too: bool) -> FirstQuestion:
    """Return the question whether a rollback of somebody else is under way, or half done."""
    me = Holder.here(run.identity, operator()).process
    return whether_idle(run.connection, me, open_too=open_too)


def writer(config: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line to the terminal now, while a fixture is at work."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def write(line: str) -> None:
        aside = capture.global_and_fixture_disabled() if capture else contextlib.nullcontext()
        with aside:
            terminal.ensure_newline()
            terminal.write_line(line)

    return write


def began(config: pytest.Config, run: Run) -> None:
    """Note the facts of the run in its timeline, for readers without the record."""
    practice = config.stash.get(PRACTICE, None)
    run.timeline.note(
        RunBegan(
            run=run.identity,
            operator=operator(),
            target=run.system.target.name,
            incident=run.asked.incident,
            manifest=str(run.loaded.path),
            sha256=run.loaded.sha256,
            demonstration=run.demonstration,
            scenario=practice.scenario if practice else None,
            resume="" if run.fleeting else run.resume,
        )
    )


@doing("collects the evidence from the host")
def keep_evidence(run: Run) -> None:
    """Copy the run's evidence on the host into its folder; report what cannot be copied."""
    events, known = run.timeline.events, collect.run_of(run.timeline.events)
    try:
        if known:
            run.evidence = collect.collect(run.connection, run.folder, known, events, run.redactor)
        collect.plan(run.folder, events)
    except (RollbackError, OSError) as error:
        run.notes.append(f"the evidence is not complete: {error}")


def let_go(run: Run, gate: Gate) -> None:
    """Tell the host how the run ended; without that it is open there, and recovered nowhere.

    A run that was broken off says what it leaves. Who insists on the end waits for no lock: the
    run stays open on the host, as after a killed one.
    """
    if run.broken_off:
        begun = gate.begun is not None
        run.notes += lines_left(run.connection, gate.scope) if begun else ["nothing was changed"]
    if INTERRUPTS.twice:
        return
    try:
        gate.end(run.judgement.on_host)
    except RollbackError as error:
        run.state("drill.end.recorded", "The host has recorded how the run ended.", error)


def leave(config: pytest.Config, run: Run) -> None:
    """End a session: stop looking at what users get, and let go of the host."""
    prober = config.stash.get(PROBER, None)
    if prober is not None:
        run.users = prober.stop()
    gate = config.stash.get(GATE, None)
    if gate is not None:
        let_go(run, gate)
        if not INTERRUPTS.twice:
            keep_evidence(run)
        if not (run.asked.dry or run.isolates):
            run.notes += filter(None, (each.spared(run.scope) for each in run.extras.actions))
    elif run.interrupted:
        run.notes.append("nothing was changed")
    run.conclude()
    if run.connection.trips and not INTERRUPTS.heard:
        with contextlib.suppress(RollbackError):  # the criteria have said so already
            run.backups = _recorded(run, changed=gate is not None)
            run.answered = True
            run.back = _way_back(run)
    if not (run.answered and SEAL in config.stash):
        run.connection.close()
    run.timeline.note(RunFinished(run.verdict))
    outcomes = tuple(run.outcomes)
    run.extras.ended(run)
    run.outcomes[:] = outcomes  # whatever a plugin made of them
    run.notes += run.extras.problems
    run.timeline.close()


def _way_back(run: Run) -> WayBack:
    """Return whether an undo of what a failed rollback did would be taken up: it is offered then.

    Raises:
        RollbackError: the host does not answer any more.
    """
    taken = collect.run_of(run.timeline.events)
    if run.judgement.good or run.fleeting or not taken:
        return FREE
    found = runs(run.connection, taken)
    return way_back(run.connection, run.system, found[0]) if found else FREE


def keep_seal(run: Run, folder: Path) -> None:
    """Have the host keep the seal of a run's folder, where it has answered until now."""
    if not run.answered:
        return
    with contextlib.suppress(RollbackError):  # verify_bundle says that the host knows no seal
        origin.kept(run.connection, folder)
    run.connection.close()


def _recorded(run: Run, *, changed: bool) -> dict[str, dict[str, str | None]]:
    """Return name and commit of each release of the record; as it was looked at, if unchanged.

    Raises:
        RollbackError: the host cannot be asked.
    """
    looked = None if changed else run.facts.get("backups")
    if isinstance(looked, Backups):
        found = looked.record
    else:
        found = run.connection.ask(Call(HEADING, requests.location(run.system)))
    run.notes += filter(None, [found.share])
    known = {"previous": found.previous, "current": found.current}
    return {side: release._asdict() for side, release in known.items() if release}


def rehearsed(config: pytest.Config, run: Run) -> Iterator[str]:
    """Yield the plan of the whole rollback; one that cannot be made is a criterion not met."""
    title = "Every action of the rollback can be planned."
    try:
        isolation = (actions.SNAPSHOT, actions.ISOLATE)
        only = isolation if run.asked.isolate else run.extras.actions
        run.connection.ask_first(idle(run, open_too=False))
        if not run.asked.isolate:
            entry.demand_parts(run.connection, run.scope)
        gate = gate_of(config, run)
        steps = rehearse(gate, only)
        if run.asked.accepted is not None:
            every = (change for step in steps for change in step.changes)
            gate.demand_accepted(every, planned=True, dry=True)
    except RollbackError as error:
        run.state("drill.plan.made", title, error)
    else:
        changes = [change for step in steps for change in step.changes]
        run.estimate = sum(change.estimate for change in changes), len(changes)
        run.state("drill.plan.made", title)
        yield from lines(steps, run.scope)
