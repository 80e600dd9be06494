"""What apt would do to install archives again: asked beforehand, without a change and offline."""

from __future__ import annotations

import re
from typing import Iterable, List, Sequence, Tuple

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
        names: of their packages, as apt writes them; only these may be changed.
    """
    if not paths:
        return []
    done = asked("apt-get", "install", *OPTIONS, *paths, seconds=SECONDS)
    if done.code:
        lines = [*done.out.splitlines(), *done.err.splitlines()]
        said = [found[1] for found in map(UNMET.match, lines) if found]
        return list(dict.fromkeys(said)) or [done.words]
    mine = {*names}
    steps = [found.groups() for found in map(STEP.match, done.out.splitlines()) if found]
    return [
        f"apt would {DOES[verb]} {name} as well"
        for verb, name in steps
        if verb != "Inst" or name not in mine
    ]


def named(packages: Iterable[Tuple[str, str]]) -> List[str]:
    """Return packages, by name and architecture, as apt writes them: its own goes without."""
    own = asked("dpkg", "--print-architecture").out.strip()
    found = ((name.partition(":")[0], architecture) for name, architecture in packages)
    return [name if of in (own, "all") else f"{name}:{of}" for name, of in found]
