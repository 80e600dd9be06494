"""New files: created under a free name; a file that appears meanwhile is never replaced.

By a second name where the file system gives one, else by a rename that replaces nothing.
"""

from __future__ import annotations

import os
import shlex
from typing import Sequence

from ..errors import HostError
from ..files import exchange
from ..files.handles import FRESH
from ..files.ownership import as_changer
from ..files.tree import Tree
from . import stage
from .context import BatchContext
from .plan import PlanItem


def put(directory: int, staged: str, name: str) -> None:
    """Give a staged file its name in the directory, in one step.

    Raises:
        OSError: the name is taken, or this cannot be done here.
    """
    try:
        os.link(staged, name, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except OSError as error:
        if error.errno not in stage.UNLINKED:
            raise
        exchange.rename(directory, staged, name, exchange.NOREPLACE)
    else:
        os.unlink(staged, dir_fd=directory)


def refuse(where: BatchContext, items: Sequence[PlanItem]) -> None:
    """Refuse files that are not there, and cannot be put there without a risk.

    Raises:
        HostError: no live file was touched yet.
    """
    first: dict[str, str] = {}
    with Tree(where.root) as tree:
        for item in items:
            if not _is_there(tree, item.saved.path):
                first.setdefault(item.saved.path.rpartition("/")[0], item.saved.path)
    lacking = exchange.unable(where.root, first, where.mark, _tried)
    if lacking:
        live = os.path.join(where.root, first[lacking[0]])
        raise HostError(
            "no new file can be put into "
            f"{', '.join(os.path.join(where.root, each) for each in lacking)}: the file system "
            "has neither hard links nor a rename that replaces nothing",
            "put back by hand what the deploy deleted there: "
            f"{as_changer(os.path.dirname(live))}cp -a "
            f"{shlex.quote(where.where.place(first[lacking[0]]))} {shlex.quote(live)}; "
            "then run the same command again",
        )


def _is_there(tree: Tree, path: str) -> bool:
    with tree.naming(path):
        directory, name = tree.parent(path)
        try:
            os.stat(name, dir_fd=directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
    return True


def _tried(directory: int, one: str, other: str) -> bool:
    """Return whether a file of a directory can be put where there is none."""
    os.close(os.open(one, FRESH, 0o600, dir_fd=directory))
    put(directory, one, other)
    return True
