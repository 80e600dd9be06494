"""What the host's journals say of the runs there, and the exact command that comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_rollback.manifest.model import System
from pytest_rollback.recovery.lock_holder import is_gone
from pytest_rollback.transport.connection import Connection

Told = Mapping[str, Any]


def runs(connection: Connection, run: str | None = None) -> list[dict[str, Any]]:
    """Return every run that the host knows, the oldest first, or the one that is named."""
    state = connection.system.about.state
    found: list[dict[str, Any]] = connection.ask("runs", "look", state=state, run=run or "")
    for each in found:
        if each["state"] == "held" and is_gone(each["holder"]):
            each["state"] = "open"
    return found


def words(run: Told) -> str:
    """Return how a run is, in a word or two."""
    if run["damage"]:
        return "damaged"
    if run["undo"] == "begun":
        return "half undone"
    if run["state"] == "held":
        return "at work"
    return str(run["outcome"] or "interrupted")


def table(found: Sequence[Told]) -> Iterator[str]:
    """Yield one line for each run."""
    for run in found:
        about = ", ".join(run["only"]) or "everything"
        yield f"{run['id']}  {words(run):<12} {run['when'][:16]}  {run['by']}  {about}"


def detail(run: Told, system: System, manifest: str) -> Iterator[str]:
    """Yield everything about one run: its steps, its journal's head, and what comes next."""
    yield f"run {run['id']} on {run['target']}: {words(run)}"
    yield f"  begun {run['when']} by {run['by']}" + (f", ended {run['ended']}" * bool(run["ended"]))
    yield from (f"  {step['state']:>7}  {step['name']}" for step in run["steps"])
    if run["damage"]:
        yield f"  {run['damage']}"
    yield f"  journal head {run['head'] or 'none'}"
    yield f"next: {following(run, system, manifest)}"


def following(run: Told, system: System, manifest: str) -> str:
    """Return the exact command that comes next for a run, with the other choice there is."""
    where = f"--rollback-target={manifest}"
    only = "".join(f" --component={name}" for name in run["only"])
    again = f"scripts/rollback {where} --arm={system.target.name}"
    undo = f"{again} --undo {run['id']}"
    if run["damage"]:
        return "compare the files with their saved copies by hand; they are all there"
    if run["undo"] == "begun":
        return undo
    if run["state"] == "held":
        return f"wait for {run['by']} (pid {run['pid']} on {run['host']})"
    if run["state"] == "open":
        return f"{again}{only}, or to take it back: {undo}"
    over = run["undo"] == "done" or run["outcome"] == "undone"
    return "nothing: it was undone" if over else f"nothing; to take it back: {undo}"
