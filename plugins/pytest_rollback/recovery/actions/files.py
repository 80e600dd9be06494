"""Files: every live file equals its recorded saved copy, and what the deploy added is gone."""

from __future__ import annotations

from typing import Any

from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import (
    call,
    copying_time,
    counted,
    moving,
    place,
    some,
)
from pytest_rollback.transport.batch import Look
from pytest_rollback.transport.batch import asked as asked_once


def pending(scope: Scope) -> Look[dict[str, Any]]:
    """Return the files that are not as recorded, their bytes, and the digest of this very plan."""
    return asked_once(call(scope, "restore.look", part="files", **place(scope)))


def restores(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return one change for all files that differ; none when none differs."""
    return restore(scope, found, "files", scope.system.budgets.files)


def restore(scope: Scope, found: dict[str, Any], part: str, seconds: float) -> tuple[Change, ...]:
    """Return the one change that restores a part of the record, unless it is as recorded."""
    paths = found["paths"]
    if not paths:
        return ()
    noun = "configuration file" if part == "configuration" else "file"
    what, why = f"restore {counted(len(paths), noun)}", f"not as recorded: {some(paths)}"
    if found["git"]:
        what += f", {len(found['git'])} of them from git"
        why += f"; no saved copy that could be used, but the recorded commit: {some(found['git'])}"
    return (
        Change(
            call(
                scope,
                "restore.apply",
                seconds,
                **place(scope),
                part=part,
                without=found.get("without", []),
                digest=found["digest"],
            ),
            what,
            why,
            copying_time(len(paths), found["bytes"]),
        ),
    )


def added(scope: Scope) -> Look[dict[str, Any]]:
    """Return the files that the deploy added and that are still there."""
    return asked_once(call(scope, "added.look", **place(scope)))


def removes(scope: Scope, found: dict[str, Any]) -> tuple[Change, ...]:
    """Return one change for all added files that are there; they move into the evidence.

    Empty directories that the deploy made for them go with it, also after a run that was killed.
    """
    paths, directories = found["paths"], found["directories"]
    if not (paths or directories):
        return ()
    what = f"move {counted(len(paths), 'added file')} into the evidence"
    why = f"the deploy added {some(paths or directories)}"
    return (moving(scope, "added.remove", what, paths, why=why),)


RESTORE_FILES = Action("restore files", "files", look=pending, plan=restores)
REMOVE_ADDED = Action("move added files away", "files", look=added, plan=removes)
