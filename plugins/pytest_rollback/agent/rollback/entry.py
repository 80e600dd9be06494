"""The tree as the restore will leave it, tried before anything is stopped.

Unlike the trial of readiness it takes, as the restore does, from the recorded commit what has no
usable backup.
"""

from __future__ import annotations

from typing import Iterator, Optional, Sequence, Tuple

from ..files.metadata import FileEntry
from ..messages.trial import Trial, TrialRequest
from ..observe.trial import trial
from ..observe.trial.trial_site import Fetch, ReleaseToCome


def look(request: TrialRequest) -> Trial:
    """Answer `trial.entry`: see `trial.look`."""
    return trial.restored(request, ReleaseToCome(fetch=of_commit(request)))


def of_commit(request: TrialRequest) -> Optional[Fetch]:
    """Return what gives files as the recorded commit has them, None where none is asked."""

    def fetch(
        files: Sequence[FileEntry],
    ) -> Iterator[Tuple[FileEntry, Optional[bytes]]]:
        from ..restore import git_source  # noqa: PLC0415 - only where a backup cannot be used

        return git_source.contents(request.location.state, request.git or "", files)

    return fetch if request.git else None
