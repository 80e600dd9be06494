"""Files from the recorded commit, put into the run's folder before anything is changed."""

from __future__ import annotations

import contextlib
import os
from typing import Optional, Sequence

from ..errors import HostError
from ..files.handles import FRESH
from ..messages.location import Location
from ..state import lease as leases
from ..state.backup_set import FileEntry
from ..state.evidence import fetched_folder
from . import git_source


def fetch(location: Location, repository: Optional[str], files: Sequence[FileEntry]) -> None:
    """Put the content of files into the run's folder, durable, under the recorded digests.

    Raises:
        HostError: the commit cannot give one of them any more.
    """
    if not (files and repository):
        return
    home, place = leases.made(location.state, location.run), fetched_folder(location)
    with contextlib.suppress(FileExistsError):
        os.mkdir(place, 0o700)
    leases.settle(home)
    for saved, content in git_source.contents(location.state, repository, files):
        wrong = git_source.wrong(saved, content)
        if wrong or content is None:
            raise HostError(f"{saved.path}: {wrong}", "run the same command again")
        _put(os.path.join(place, saved.sha256), content)
    leases.settle(place)


def _put(path: str, content: bytes) -> None:
    fresh = f"{path}.new"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(fresh)
    with os.fdopen(os.open(fresh, FRESH, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(fresh, path)
