"""What a rollback falls back on: does it really hold each file that it would have to bring back?"""

from __future__ import annotations

import os
from typing import Any

from . import configuration, git, record


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return, for each fallback, how many files it has to hold, and why some are not held.

    `git`: the previous release's commit, for recorded files that are not `configuration`; None
    where the record names no commit. `defaults`: a directory, for configuration files.

    Raises:
        Problem: no record, no repository, or no such commit in it.
    """
    return {
        "git": repository(question) if question.get("repository") else None,
        "defaults": defaults(question) if question.get("defaults") else None,
    }


def repository(question: dict[str, Any]) -> dict[str, Any]:
    """Return what the previous release's commit lacks."""
    known, kept_apart = record.read(question["state"]), set(question["configuration"])
    wanted = [saved.path for saved in known.files if saved.path not in kept_apart]
    commit = known.previous.commit
    if not commit:
        return {"commit": None, "files": len(wanted), "lacking": {}}
    asked = {"repository": question["repository"], "commit": commit, "paths": wanted}
    return {"commit": commit, "files": len(wanted), "lacking": git.holds(asked)}


def defaults(question: dict[str, Any]) -> dict[str, Any]:
    """Return which configuration files have no default that could be read."""
    directory = f"{question['root']}/{question['defaults']}"
    asked = {
        name: configuration.problem({"path": f"{directory}/{os.path.basename(name)}"}, "")
        for name in question["configuration"]
    }
    return {"files": len(asked), "lacking": {name: why for name, why in asked.items() if why}}
