"""What apt would do to install archives again: asked beforehand, without a change and offline."""

from __future__ import annotations

import re
from typing import List, Sequence

from .database import asked

SECONDS = 60.0

OPTIONS = (
    "--simulate",
    "--allow-downgrades",
    "--allow-change-held-packages",
    "--no-download",
    "--no-install-recommends",
    "-o",
    "Debug::NoLocking=1",
)
"""Whether a package may be changed that is on hold is judged apart, against the record."""

STEP = re.compile(r"^(Inst|Remv|Purg) (\S+)")
UNMET = re.compile(r"^ *(\S+ : .+|E: .+)$")
DOES = {"Inst": "install or change", "Remv": "remove", "Purg": "purge"}


def faults(paths: Sequence[str], names: Sequence[str]) -> List[str]:
    """Return why apt would not install some archives, or what else it would do; a line each.

    Args:
        paths: of the archives.
        names: of their packages; only these may be changed.
    """
    if not paths:
        return []
    done = asked("apt-get", "install", *OPTIONS, *paths, seconds=SECONDS)
    if done.code:
        lines = [*done.out.splitlines(), *done.err.splitlines()]
        said = [found[1] for found in map(UNMET.match, lines) if found]
        return list(dict.fromkeys(said)) or [done.words]
    mine = {each.partition(":")[0] for each in names}
    steps = [found.groups() for found in map(STEP.match, done.out.splitlines()) if found]
    return [
        f"apt would {DOES[verb]} {name} as well"
        for verb, name in steps
        if verb != "Inst" or name.partition(":")[0] not in mine
    ]
