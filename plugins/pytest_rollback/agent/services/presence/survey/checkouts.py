"""The git working trees in which units live, with the releases that they know."""

from __future__ import annotations

import os
from typing import Dict, Iterable, List

from ....backup import git
from ....errors import HostError
from ....files import lookup
from ....messages.services.survey import GitCheckout, SurveyedUnit
from .facts import TOO_HIGH

MOST = 8
"""Working trees that are described; a host has one or two."""

NEWEST = ("--sort=-version:refname", "--sort=-creatordate")
"""By date; of one moment by version: git takes the last key first."""

TAGS = 20
COMMITS = 2


def tops(units: Iterable[SurveyedUnit]) -> List[str]:
    """Return the working trees that the places of units are in, the directories of their `.git`."""
    found: Dict[str, None] = {}
    for unit in units:
        for place, _ in unit.places:
            top = top_of(place)
            if top:
                found[top] = None
    return list(found)[:MOST]


def top_of(place: str) -> str:
    """Return the working tree that a directory is in, "" for none."""
    while place not in TOO_HIGH and place.startswith("/"):
        if lookup.kind(os.path.join(place, ".git")):
            return place
        place = os.path.dirname(place)
    return ""


def described(top: str) -> GitCheckout:
    """Return what is checked out in a working tree, and its last releases."""
    try:
        head = git.output(top, "rev-parse", "HEAD").strip()
        here = git.output(top, "tag", "--points-at", "HEAD", "--sort=-version:refname")
        tags = git.output(top, "tag", "--list", *NEWEST)
        commits = git.output(top, "log", f"-{COMMITS}", "--first-parent", "--format=%H")
    except HostError as problem:
        return GitCheckout(top, problem=problem.message)
    return GitCheckout(
        top,
        head,
        (here.split() or [""])[0],
        tuple(tags.split()[:TAGS]),
        tuple(commits.split()),
    )
