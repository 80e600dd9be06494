"""The tree as the restore will leave it, tried before anything is stopped.

Unlike the trial of readiness it takes, as the restore does, from the recorded commit what has no
usable backup.
"""

from __future__ import annotations

from typing import Iterator, Optional, Sequence, Tuple

from ..files.metadata import FileEntry
from ..messages.trial import Trial, TrialRequest
from ..observe.trial import trial


def look(request: TrialRequest) -> Trial:
    """Answer `trial.entry`: see `trial.look`."""

    def fetch(
        files: Sequence[FileEntry],
    ) -> Iterator[Tuple[FileEntry, Optional[bytes]]]:
        from ..restore import git_source  # noqa: PLC0415 - only where a backup cannot be used

        return git_source.contents(request.location.state, request.git or "", files)

    return trial.restored(request, fetch if request.git else None)
