"""The files of the previous release, put in place in the view of a release that is alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from typing import List, NamedTuple, Tuple


class StagedRelease(NamedTuple):
    """What the staged tree at `place` has, by paths below the root; `gone` were added by a deploy.

    `root` is the live one, where all of it is put.
    """

    place: str
    root: str
    files: Tuple[str, ...]
    gone: Tuple[str, ...]

    def live(self, text: str) -> str:
        """Return a text in which paths of the staged tree are those of the live one."""
        if not self.place:
            return text
        return text.replace(f"{self.place}/", f"{self.root}/".replace("//", "/")).replace(
            self.place, self.root
        )


NO_FILES = StagedRelease("", "", (), ())
"""The live release: nothing is put in place."""


def put(release: StagedRelease) -> List[str]:
    """Put the previous release in the place of the live one; return what could not be put."""
    faults = []
    for path in release.gone:
        with contextlib.suppress(FileNotFoundError):
            removed(os.path.join(release.root, path))
    for path in sorted(release.files):
        source, target = (os.path.join(each, path) for each in (release.place, release.root))
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            one(release, source, target)
        except OSError as error:
            faults.append(f"{path}: {error.strerror}")
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
