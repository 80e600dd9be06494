"""The version that the deploy is about to install: its archive is kept as well, for an undo.

`apt` deletes what it has fetched once that is installed, and when a rollback is undone there may be
no network. Nothing depends on it: where it cannot be had, readiness says that there is no undo.
"""

from __future__ import annotations

import re

from ....messages.backup.packages import PackagesRequest
from ....system.command import run
from . import archives
from .database import InstalledPackage

CANDIDATE = re.compile(r"^ +Candidate: (\S+)$", re.MULTILINE)
SECONDS = 30.0
NONE = "(none)"


def kept(request: PackagesRequest, package: InstalledPackage) -> str:
    """Return the version that apt would install next, once its archive is kept; "" of none."""
    version = candidate(package)
    if request.dry or version in ("", package.version):
        return ""
    plain = package.name.partition(":")[0]
    words = archives.wanted(package._replace(version=version))
    path, _ = archives.fetched(request.pool, words, SECONDS)
    name, found, architecture = archives.field(path) if path else ("", "", "")
    if (name, found) != (plain, version):
        archives.forget_fetched(request.pool)
        return ""
    other = package._replace(version=version, architecture=architecture)
    archives.stored(request.pool, archives.judged(path), other)
    return version


def candidate(package: InstalledPackage) -> str:
    """Return the version that apt would install next, "" where it knows none."""
    done = run(["apt-cache", "policy", package.name], 20.0)
    found = CANDIDATE.search(done.out)
    return found[1] if found and found[1] != NONE else ""
