"""The changes of a rollback on a scene, in the order and manner of the gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pytest_rollback.agent.messages import restore, unit_files
from pytest_rollback.agent.messages.rollback import files, start_guard
from pytest_rollback.transport.call import AnyCall, Call
from tests.faults.scene import Scene, asked


class SceneStep(NamedTuple):
    """One change of a rollback: the call that looks, and the change that is made of its answer."""

    look: Callable[[Scene, str], AnyCall]
    plan: Callable[[Scene, str, Any], AnyCall | None]


def _restoring(part: str) -> SceneStep:
    def look(scene: Scene, run: str) -> AnyCall:
        return Call(restore.RESTORE_PLAN, scene.request(part, run))

    def plan(scene: Scene, run: str, found: restore.RestorePlan) -> AnyCall | None:
        request = scene.request(part, run)._replace(digest=found.digest)
        return Call(restore.RESTORE, request) if found.paths else None

    return SceneStep(look, plan)


def _moving(look: Any, change: Any, *left: str) -> SceneStep:  # noqa: ANN401 - three pairs of routes
    """Return a step that moves files: `left` are the parts of its look that say it has to."""

    def plan(scene: Scene, run: str, found: object) -> AnyCall | None:
        wanted = any(getattr(found, name) for name in left)
        return Call(change, scene.around(run)) if wanted else None

    return SceneStep(lambda scene, run: Call(look, scene.around(run)), plan)


def _guards(scene: Scene, run: str, found: start_guard.GuardState) -> AnyCall | None:
    pending = any(change(scene, each, run) for each in ("files", "added", "configuration"))
    return Call(start_guard.GUARD_ON, scene.guard(run)) if pending and not found.on else None


def _lifts(scene: Scene, run: str, found: start_guard.GuardState) -> AnyCall | None:
    return Call(start_guard.GUARD_OFF, scene.guard(run)) if found.left else None


def _installs(scene: Scene, run: str, found: unit_files.UnitFilesPlan) -> AnyCall | None:
    request = scene.installed(run)._replace(digest=found.digest)
    wanted = found.differ or found.reload
    return Call(unit_files.INSTALL_UNIT_FILES, request) if wanted else None


def _separates(scene: Scene, run: str, found: restore.SharedBackups) -> AnyCall | None:
    request = restore.SharedRequest(scene.location(run))
    return Call(restore.SEPARATE_BACKUPS, request) if found.paths else None


def _guard(scene: Scene, run: str) -> AnyCall:
    return Call(start_guard.GUARD, scene.guard(run))


def _shared(scene: Scene, run: str) -> AnyCall:
    return Call(restore.SHARED_BACKUPS, restore.SharedRequest(scene.location(run)))


STEPS: dict[str, SceneStep] = {
    "guard": SceneStep(_guard, _guards),
    "files": _restoring("files"),
    "added": _moving(files.ADDED, files.REMOVE_ADDED, "paths", "directories"),
    "configuration": _restoring("configuration"),
    "units": SceneStep(
        lambda scene, run: Call(unit_files.UNIT_FILES, scene.installed(run)), _installs
    ),
    "caches": _moving(files.BYTECODE, files.CLEAR_BYTECODE, "stale", "directories"),
    "separate": SceneStep(_shared, _separates),
    "unguard": SceneStep(_guard, _lifts),
    "close": _moving(files.ARCHIVE_PLAN, files.ARCHIVE, "copies", "preserved"),
}
"""The changes of a rollback, in the gate's order."""


def change(scene: Scene, step: str, run: str = "r1") -> AnyCall | None:
    """Look, and return the call that is the change; None when there is nothing to do."""
    look, plan = STEPS[step]
    return plan(scene, run, asked(look(scene, run)))


def wanted(scene: Scene, step: str, run: str = "r1") -> AnyCall:
    """Return the call that is the change of a step that has something to do."""
    found = change(scene, step, run)
    assert found is not None, f"{step} has nothing to do"
    return found


def roll_back(scene: Scene, run: str = "r1", steps: Iterable[str] = ()) -> None:
    """Do what the gate does: each step looked at, done, and looked at again."""
    for step in steps or STEPS:
        call = change(scene, step, run)
        if call is None:
            continue
        asked(call)
        left = change(scene, step, run)
        assert left is None, f"{step} is had no lasting effect"
