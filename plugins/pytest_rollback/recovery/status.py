"""What the host's journals say of the runs there, and the exact command that comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_rollback.agent.messages.state.runs import RUNS, RunsRequest, RunState
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.lock_holder import is_gone
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection


def runs(connection: Connection, run: str = "") -> list[RunState]:
    """Return every run that the host knows, the oldest first, or the one that is named."""
    found = connection.ask(Call(RUNS, RunsRequest(connection.system.about.state, run))).runs
    return [
        each._replace(state="open") if each.state == "held" and is_gone(each.holder) else each
        for each in found
    ]


def words(run: RunState) -> str:
    """Return how a run is, in a word or two."""
    if run.progress.damage:
        return "damaged"
    if run.progress.undo == "begun":
        return "partly undone"
    if run.state == "held":
        return "running"
    return run.outcome or "interrupted"


def facts(run: RunState) -> dict[str, object]:
    """Return the facts of a run for a report, as plain JSON."""
    steps = [step._asdict() for step in run.progress.steps]
    found = {**run._asdict(), **run.progress._asdict(), "steps": steps}
    return {name: value for name, value in found.items() if name != "progress"}


def table(found: Sequence[RunState], system: System, manifest: str) -> Iterator[str]:
    """Yield one line for each run, and what comes next for the last one."""
    for run in found:
        about = ", ".join(run.only) or "everything"
        yield f"{run.id}  {words(run):<12} {run.when[:16]}  {run.by}  {about}"
    if found:
        yield f"next: {following(found[-1], system, manifest)}"


def detail(run: RunState, system: System, manifest: str) -> Iterator[str]:
    """Yield everything about one run: its steps, its journal's head, and what comes next."""
    yield f"run {run.id} on {run.target}: {words(run)}"
    yield f"  begun {run.when} by {run.by}" + (f", ended {run.ended}" if run.ended else "")
    yield from (f"  {step.state:>7}  {step.name}" for step in run.progress.steps)
    if run.progress.damage:
        yield f"  {run.progress.damage}"
    yield f"  journal head {run.progress.head or 'none'}"
    yield f"next: {following(run, system, manifest)}"


def following(run: RunState, system: System, manifest: str) -> str:
    """Return the exact command that comes next for a run, with the other choice there is."""
    where = f"--rollback-target={manifest}"
    only = "".join(f" --component={name}" for name in run.only)
    again = f"scripts/rollback {where} --arm={system.target.name}"
    undo = f"{again} --undo {run.id}"
    if run.progress.damage:
        return "compare the files with their backups by hand; no file is lost"
    if run.progress.undo == "begun":
        return undo
    if run.state == "held":
        return f"wait for {run.by} (pid {run.holder.pid} on {run.holder.host})"
    if run.state == "open":
        return f"{again}{only}, or to undo it: {undo}"
    over = run.progress.undo == "done" or run.outcome == "undone"
    return "nothing: the run was undone" if over else f"nothing; to undo it: {undo}"
