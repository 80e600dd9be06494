"""What lies between two releases of a repository, for a deploy that asks which files to save."""

from __future__ import annotations

import os
from typing import Any

from . import git
from .problem import Problem


def compare(question: dict[str, Any]) -> dict[str, Any]:
    """Return what a deploy of `current` over `previous` changes below the root, and adds to it.

    Returns:
        `files` (changed or removed: each needs a copy), `added`, and both releases' full commits.

    Raises:
        Problem: no repository, no git, or a commit that is not in it; or nothing lies between.
    """
    repository, root = question["repository"], question["root"]
    found = git.changed(question)
    previous, current = git.resolved(repository, [question["previous"], question["current"]])
    below = prefix(repository, root)
    return {
        "files": within(below, found["changed"] + found["removed"]),
        "added": within(below, found["added"]),
        "previous": previous,
        "current": current,
    }


def prefix(repository: str, root: str) -> str:
    """Return what the paths of a repository begin with when they lie below the root.

    A root apart from the repository holds what the repository holds.
    """
    top, here = os.path.realpath(repository), os.path.realpath(root)
    if os.path.commonpath([top, here]) == here and top != here:
        raise Problem(
            f"the repository {repository} lies inside the root {root}: its paths are others",
            "name the files themselves instead of --from-git",
        )
    inside = os.path.relpath(here, top)
    return "" if inside == "." or inside.startswith("..") else inside + "/"


def within(below: str, paths: list[str]) -> list[str]:
    """Return those of a repository's paths that lie below the root, relative to it; sorted."""
    return sorted(path[len(below) :] for path in paths if path.startswith(below))
