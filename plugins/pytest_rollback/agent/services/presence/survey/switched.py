"""Links that a deploy switches: a unit goes by one to the release that is live."""

from __future__ import annotations

import os
from typing import Dict, Iterable, Iterator

from ....files import lookup
from ....messages.services.survey import SwitchedLink

LIVE = frozenset(("current", "latest", "live", "release", "active", "stable", "now"))
"""Names that deploy tools give to such a link."""

RELEASES = frozenset(("releases", "versions", "builds", "deploys", "deployments", "revisions"))
"""Names of directories in which releases lie side by side."""

HISTORY = (".dep", "revisions.log")
"""What deploy tools leave beside the link: Deployer, and Capistrano."""


def links(places: Iterable[str]) -> Iterator[SwitchedLink]:
    """Yield the links on the way to some directories that name one of several releases."""
    seen: Dict[str, None] = {}
    for place in places:
        parts = place.split("/")
        seen.update(("/".join(parts[:end]), None) for end in range(2, len(parts) + 1))
    for path in seen:
        if lookup.kind(path, follow=False) == "symlink" and lookup.kind(path) == "directory":
            found = _switched(path)
            if found:
                yield found


def _switched(path: str) -> SwitchedLink | None:
    """Return a link that a deploy tool switches, by its name or what lies around it."""
    target, real = lookup.target(path), os.path.realpath(path)
    above = os.path.dirname(real)
    why = ""
    if os.path.basename(path) in LIVE:
        why = f"{path} -> {target}"
    elif os.path.basename(above) in RELEASES:
        why = f"{path} -> {target}, in {above}"
    history = next((each for each in HISTORY if _is_beside(path, each)), "")
    why = why or (f"{path} -> {target}, beside {history}" if history else "")
    if not why:
        return None
    try:
        names = lookup.names(above)
    except OSError:
        names = []
    kinds = (lookup.kind(os.path.join(above, name), follow=False) for name in names)
    return SwitchedLink(path, real, sum(kind == "directory" for kind in kinds), why)


def _is_beside(path: str, name: str) -> bool:
    return bool(lookup.kind(os.path.join(os.path.dirname(path), name), follow=False))
