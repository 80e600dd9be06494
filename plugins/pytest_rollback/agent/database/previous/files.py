"""The files of the previous release, put in place in the view of a release that is alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from typing import Dict, Iterable, NamedTuple

from ...errors import HostError
from ...messages.trial import TrialRequest
from ...observe.trial import trial
from ...observe.trial.staged_tree import staged


class StagedRelease(NamedTuple):
    """What the staged tree at `place` has, by paths below the root; `gone` were added by a deploy.

    `root` is the live one, where all of it is put.
    """

    place: str
    root: str
    files: Iterable[str]
    gone: Iterable[str]

    def live(self, text: str) -> str:
        """Return where a link of the staged tree leads once it is in place."""
        inside = text.startswith(f"{self.place}/")
        return self.root.rstrip("/") + text[len(self.place) :] if inside else text


def put(request: TrialRequest) -> None:
    """Put the previous release in the place of the live one, from its backups.

    This is for the view of a release that is alone: on a host it would be a rollback.

    Raises:
        HostError: a file of it cannot be had, or put.
    """
    asked, entries = trial.recorded(request)
    with staged(asked, (), entries) as stage:
        faults = dict(stage.faults) or placed(
            StagedRelease(stage.root, stage.live, stage.files, stage.gone)
        )
    if faults:
        path, why = min(faults.items())
        raise HostError(
            f"the previous release cannot be put in place: {path}: {why}",
            "rollback ready",
        )


def placed(release: StagedRelease) -> Dict[str, str]:
    """Put all files in place; return what could not be put, with the reason."""
    faults = {}
    for path in release.gone:
        with contextlib.suppress(FileNotFoundError):
            removed(os.path.join(release.root, path))
    for path in sorted(release.files):
        source, target = (os.path.join(each, path) for each in (release.place, release.root))
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            one(release, source, target)
        except OSError as error:
            faults[path] = error.strerror or str(error)
    return faults


def one(release: StagedRelease, source: str, target: str) -> None:
    """Put one file, link or directory in place."""
    found = os.lstat(source)
    if stat.S_ISDIR(found.st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            removed(target)
        if stat.S_ISLNK(found.st_mode):
            os.symlink(release.live(os.readlink(source)), target)
            return
        shutil.copyfile(source, target)
    with contextlib.suppress(OSError):
        os.chown(target, found.st_uid, found.st_gid)
    os.chmod(target, stat.S_IMODE(found.st_mode))


def removed(path: str) -> None:
    """Remove a file, a link or a directory."""
    if stat.S_ISDIR(os.lstat(path).st_mode):
        shutil.rmtree(path)
    else:
        os.unlink(path)
