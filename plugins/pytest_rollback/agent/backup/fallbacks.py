"""What a rollback falls back on where a backup cannot be used: a repository, defaults."""

from __future__ import annotations

import os

from ..configuration import formats
from ..messages.requirements import (
    DefaultsFallback,
    FallbackRequest,
    Fallbacks,
    RepositoryFallback,
)
from ..state import backup_set
from . import git


def look(request: FallbackRequest) -> Fallbacks:
    """Return, for each fallback, how many files it has to hold, and why it lacks some.

    The repository has to hold recorded files that are not configuration, the defaults directory
    those that are.

    Raises:
        HostError: no record, no repository, or no such commit in it.
    """
    return Fallbacks(
        git=repository(request, request.repository) if request.repository else None,
        defaults=defaults(request, request.defaults) if request.defaults else None,
    )


def repository(request: FallbackRequest, place: str) -> RepositoryFallback:
    """Return what the previous release's commit lacks."""
    known, kept_apart = backup_set.read(request.location.state), set(request.configuration)
    files = [
        saved for saved in known.files if saved.path not in kept_apart and not saved.is_directory
    ]
    wanted, commit = [saved.path for saved in files], known.previous.commit
    links = {saved.path for saved in files if saved.is_link}
    lacking = git.missing(place, commit, wanted, links) if commit else {}
    return RepositoryFallback(commit or None, len(wanted), lacking)


def defaults(request: FallbackRequest, place: str) -> DefaultsFallback:
    """Return which configuration files have no default that could be read."""
    directory = os.path.join(request.location.root, place)
    checked = {
        name: formats.problem(f"{directory}/{os.path.basename(name)}", "")
        for name in request.configuration
    }
    return DefaultsFallback(len(checked), {name: why for name, why in checked.items() if why})
