"""How far a run has come, told from its journals alone: what is done, and what comes next."""

from __future__ import annotations

import os
from typing import Any, Callable, Iterable, NamedTuple, Optional

from ..errors import HostError
from ..messages.state.progress import RunProgress, StepState
from . import journal as journals
from .journal import JournalContent

CHANGES = "changes"
"""The journal of all that a run changed, but for the restores: each part has one of its own."""

PARTS = {"files": "journal", "configuration": "journal-configuration"}
UNDO, UNDONE = "undo", "undone"
RETURNING, RETURNED = "returning", "returned"
"""What a run writes before a command brings the previous release back, and when it is back."""


class RunStep(NamedTuple):
    """One step of a rollback: its name for people, where it is written, what begins and ends it."""

    name: str
    begins: Callable[[Any], bool]
    ends: Callable[[Any], bool]
    journal: str = CHANGES


def event(*names: str) -> Callable[[Any], bool]:
    """Return what tells whether an entry is of one of these events."""
    return lambda entry: entry["event"] in names


def moves(kind: str, name: str) -> Callable[[Any], bool]:
    """Return what tells whether an entry is about moving one kind of files into the evidence."""
    return lambda entry: entry["event"] == name and entry.get("kind") == kind


def moving(name: str, kind: str) -> RunStep:
    """Return a step that moves one kind of files into the evidence."""
    return RunStep(name, moves(kind, "moving"), moves(kind, "moved"))


STEPS = (
    RunStep("save the state", event("snapshot"), event("snapshot done")),
    RunStep("isolate components", event("stop"), event("stop done")),
    RunStep("set the start guard", event("guard on"), event("guard on done")),
    RunStep("show the maintenance page", event("page on", "maintenance"), event("page told")),
    RunStep("migrate the database", event("migrate"), event("migrate done")),
    RunStep("install recorded packages", event("packages"), event("packages done")),
    RunStep("restore files", event("plan"), event("verified"), PARTS["files"]),
    moving("move added files away", "added"),
    RunStep("return the release", event(RETURNING), event(RETURNED)),
    RunStep("restore the configuration", event("plan"), event("verified"), PARTS["configuration"]),
    RunStep("install unit files", event("installing", "reload"), event("reload done")),
    moving("clear stale bytecode", "caches"),
    RunStep("restore the database", event("database"), event("database swapped")),
    RunStep("separate backups", event("separate"), event("separate done")),
    RunStep("remove the start guard", event("guard off"), event("guard off done")),
    RunStep("start services", event("start"), event("start done")),
    RunStep("remove the maintenance page", event("page off"), event("page told")),
    moving("close the backup set", "saved"),
)
"""The steps in their order; one with nothing to do leaves no trace."""


def read(folder: str) -> dict[str, JournalContent]:
    """Return what each journal of a run says.

    Raises:
        HostError: one of them is damaged.
    """
    names = (CHANGES, *PARTS.values())
    return {name: journals.read(os.path.join(folder, name)) for name in names}


def look(folder: str) -> RunProgress:
    """Return how far the run with this folder has come; what is damaged has no steps."""
    try:
        told = read(folder)
    except HostError as problem:
        return RunProgress((), None, None, "", {}, problem.message)
    states = [(step.name, state(step, told[step.journal].entries)) for step in STEPS]
    back = undoing(told[CHANGES].entries)
    return RunProgress(
        steps=tuple(StepState(name, word) for name, word in states if word),
        next="undo" if back == "begun" else None if back else following(states),
        undo=back,
        head=told[CHANGES].head,
        heads={name: each.head for name, each in told.items() if each.entries},
        damage=None,
    )


def has_changed(folder: str) -> bool:
    """Return whether a run has begun more than to save the state; a damaged one may have."""
    found = look(folder)
    return bool(found.damage) or any(step.name != STEPS[0].name for step in found.steps)


def state(step: RunStep, entries: Iterable[Any]) -> str:
    """Return done or begun, "" for a step that left no trace."""
    word, begun = "", False
    for entry in entries:
        if step.begins(entry):
            word, begun = "begun", True
        elif begun and step.ends(entry):
            word = "done"
    return word


def following(states: list[tuple[str, str]]) -> Optional[str]:
    """Return the step that comes next: the first that was only begun, or the one after the last."""
    begun = [name for name, word in states if word == "begun"]
    if begun:
        return begun[0]
    last = max((number for number, (_, word) in enumerate(states) if word), default=-1)
    return states[last + 1][0] if last + 1 < len(states) else None


def undoing(entries: Iterable[Any]) -> Optional[str]:
    """Return whether a run is being undone (begun) or was (done); None when it was not."""
    found = [entry["event"] for entry in entries if entry["event"] in {UNDO, UNDONE}]
    return {UNDO: "begun", UNDONE: "done"}[found[-1]] if found else None
