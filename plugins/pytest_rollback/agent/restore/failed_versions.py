"""Is the failed version of a file still kept, and does a link among them still lead to its release?

An undo asks before it begins: what is gone it cannot bring back.
"""

from __future__ import annotations

import os
from typing import Mapping, Optional

from ..errors import HostError
from ..files import links as link_files
from ..files import lookup, state
from ..files.handles import Irregular
from ..files.tree import Tree
from ..state import backup_set
from ..state.releases import linked
from .context import BatchContext
from .plan import PlanItem


def lacking(
    where: BatchContext,
    item: PlanItem,
    trees: tuple[Tree, Tree],
    away: Mapping[str, str],
    links: frozenset[str],
) -> str:
    """Return why the failed version of a file cannot come back; "" where it can.

    Args:
        where: the batch that restored it.
        item: the file.
        trees: the system's root, and the run's folder.
        away: where failed versions are in the run's folder, "" for what is made again.
        links: those that a deploy switches.
    """
    path = item.saved.path
    if not item.live:
        return ""
    above, names = os.path.dirname(path), where.names(path)
    beside = [os.path.join(above, name) for name in names]
    kept = next((each for each in beside[::-1] if _is_failed(trees[0], each, item)), None)
    if kept is not None:
        return _released(where, trees[0], kept, path) if path in links else ""
    inside = away.get(beside[1])
    if inside == "":
        return ""
    if inside is None or not _is_failed(trees[1], inside, item):
        return f"{path}: its failed version is gone, or changed, since the restore"
    return _released(where, trees[1], inside, path) if path in links else ""


def _is_failed(tree: Tree, path: str, item: PlanItem) -> bool:
    return item.is_failed(state.live(tree, path))


def _released(where: BatchContext, tree: Tree, kept: str, path: str) -> str:
    """Return that the release is gone to which the kept link of a deploy led."""
    led = _target(tree, kept)
    if led is None:
        return ""
    place = os.path.normpath(os.path.join(where.root, os.path.dirname(path), led))
    if lookup.kind(place) != "directory":
        return f"{path}: {place}, the failed release, is no directory any more"
    return "" if lookup.names(place, 1) else f"{path}: {place}, the failed release, is empty"


def released(place: str) -> frozenset[str]:
    """Return the links that a deploy switches, by the record in a state directory."""
    try:
        return frozenset(each.link for each in linked.of(backup_set.read(place)))
    except HostError:  # there is no record, or others tell why it cannot be read
        return frozenset()


def _target(tree: Tree, path: str) -> Optional[str]:
    try:
        return os.fsdecode(link_files.read(*tree.parent(path)).target)
    except (OSError, Irregular):
        return None
