"""The edges of a rollback's states: what was lost, set back or spoilt before it goes on, or back.

At each of them the operator has one command that ends: the same one, undo, or undo `--without` the
paths that it names. What he leaves out is named before anything is moved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pytest_rollback.agent.messages.rollback.undo import UNDO, UNDO_PLAN, UndoPlan, UndoRequest
from pytest_rollback.transport.call import Call
from tests.faults import scene as scenes
from tests.faults import steps
from tests.faults.paths import Facts
from tests.faults.scene import CACHE, Refused, Scene, Tree, asked
from tests.faults.sweep import DEAD, Bench, broken, plain

FOLDER = 3
"""How many facts there are of a directory: mode, owner, group."""

NEXT = "r9"
"""What the same command calls its run if there is none that it goes on with."""

UNKNOWN = ("units/", f"srv/{CACHE}")
"""What a journal that was set back says nothing of: installed unit files, and what is derived."""


def goes_on(scene: Scene) -> tuple[str, str]:
    """Give the same command again; return why it does not end, "" if it does, and the run's id."""
    run = NEXT
    try:
        run = asked(scenes.lease(scene, NEXT, DEAD)).run
        steps.roll_back(scene, run)
    except Refused as problem:
        return problem.message or "refused", run
    return "", run


def planned(scene: Scene, run: str = "r1") -> UndoPlan:
    """Return what undo would do."""
    return asked(Call(UNDO_PLAN, UndoRequest(scene.location(run))))


def goes_back(scene: Scene, run: str = "r1") -> tuple[str, tuple[str, ...]]:
    """Undo, without what it names if it has to; return why it does not end, and what was left."""
    left: tuple[str, ...] = ()
    try:
        found = planned(scene, run)
        before = scene.everything()
        left = found.paths
        if left:
            try:
                asked(Call(UNDO, UndoRequest(scene.location(run))))
            except Refused:
                if scene.everything() != before:
                    return "it was refused, and something was changed", left
            else:
                return "it named conflicts, and did not refuse", left
        asked(Call(UNDO, UndoRequest(scene.location(run), without=left)))
    except Refused as problem:
        return problem.message or "refused", left
    return "", left


def one_way(scene: Scene, run: str = "r1") -> str:
    """Return why neither way ends, "" if one does: it is tried as an operator would."""
    onward, _ = goes_on(scene)
    return onward and goes_back(scene, run)[0]


class Edge:
    """One state at an edge on a bench: how it is called, and what is known to be lost in it."""

    def __init__(self, bench: Bench, said: str) -> None:
        self.bench, self.said, self.scene = bench, said, bench.scene

    def looked_at(self, *, lost: bool = False) -> list[str]:
        """Go on and back from here, and back at once; return what is wrong.

        Where something is `lost`, what undo names may stay as it is; else nothing may be named.
        """
        kept = self.bench.kept("edge")
        wrong = [] if lost else broken(self.scene, self.said)
        why, run = goes_on(self.scene)
        wrong += [f"{self.said}, resumed: {why}"] if why and not lost else []
        if run != NEXT or not why:
            said = f"{self.said}, {'refused' if why else 'resumed'}"
            wrong += self._back(said, run, lost=lost)
        scenes.clone(kept, self.bench.home)
        if not (self.scene.state / "runs" / "r1").exists():  # of such a run it goes on alone
            return wrong + ([f"{self.said}, resumed: {why}"] if why else [])
        return wrong + self._back(self.said, "r1", lost=lost)

    def _back(self, said: str, run: str, *, lost: bool) -> list[str]:
        why, left = goes_back(self.scene, run)
        if why:
            return [f"{said}, undone: {why}"]
        if left and not lost:
            return [f"{said}, undone: it left {left}"]
        return list(unlike(self.scene, left, said, lost=lost))


def unlike(scene: Scene, left: tuple[str, ...], said: str, *, lost: bool) -> Iterator[str]:
    """Yield what is not as it was deployed, and was not named."""
    found, wanted = scene.everything(), scene.deployed
    for path in sorted(found.keys() | wanted.keys()):
        name = os.fsdecode(path.encode("latin-1"))
        name = name.removeprefix("srv/").removesuffix(scene.suffix)
        if name in left or any(name.startswith(f"{each}/") for each in left):
            continue
        if lost and (
            path.startswith(UNKNOWN) or path.endswith(scene.suffix) or "/.rollback-" in path
        ):
            continue
        one, other = (seen(path, tree, lost=lost) for tree in (found, wanted))
        if one != other:
            yield f"{said}, undone: {path!r} is {found.get(path)}, wanted {wanted.get(path)}"


def seen(path: str, tree: Tree, *, lost: bool) -> object:
    """Return what counts of a path: nothing of a directory whose record may be lost."""
    facts: Facts | None = tree.get(path)
    is_folder = facts is not None and len(facts) == FOLDER
    return None if lost and (is_folder or facts is None) else plain(path, facts)


def preserved(scene: Scene) -> list[Path]:
    """Return the failed versions that are kept, beside live files and in the evidence."""
    beside = scene.root.rglob(".rollback-*.old")
    return sorted(
        path
        for place in (beside, scene.state.glob("runs/r1/evidence/failed*/**/*"))
        for path in place
        if path.is_file() and not path.is_symlink()
    )
