"""Names and patterns of files in the description under which there is no file.

What nothing matches selects nothing: the files of that component would count as shared, and a
secret under another name as no secret.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import re
from typing import Iterable, Iterator, Pattern

from ..files import lookup
from ..files.handles import Irregular
from ..files.tree import Tree
from ..messages.backup.verify import DescribedName
from ..messages.location import Selection, is_below
from .owners import compiled
from .selection import SKIPPED

GLOB = re.compile(r"[*?\[]")


def unfound(
    root: str,
    selection: Selection,
    recorded: Iterable[str],
    names: Iterable[DescribedName] = (),
) -> Iterator[str]:
    """Yield each pattern and name that no file below the root has, recorded ones included.

    Args:
        root: the system's root.
        selection: patterns of components, names of configuration files and of secrets.
        recorded: paths of the backup set, saved and added.
        names: further names, of files anywhere and of accounts.
    """
    paths = tuple(recorded)
    keys = {each.name: each.key for each in names if not each.is_account}
    for component in selection.components:
        for pattern in component.patterns:
            wanted = compiled(pattern)
            if not any(map(wanted.fullmatch, paths)) and not _lies_there(root, pattern, wanted):
                yield f"{pattern}, in files of component {component.name}"
    for where, listed in (
        ("files of [configuration]", selection.configuration),
        ("secrets of [system]", selection.secrets),
    ):
        for name in listed:
            if not _is_file(root, name, paths) and name not in keys:
                yield f"{name}, in {where}"
    for each in names:
        if not (_is_account(each.name) if each.is_account else _is_file(root, each.name, paths)):
            yield f"{each.name}, in {each.key}"


def _is_account(name: str) -> bool:
    """Return whether this host has an account."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _is_file(root: str, name: str, paths: Iterable[str]) -> bool:
    """Return whether a name is that of a file or directory, now or in the set."""
    known = any(is_below(path, [name]) for path in paths)
    return known or bool(lookup.kind(os.path.join(root, name), follow=False))


def _lies_there(root: str, pattern: str, wanted: Pattern[str]) -> bool:
    """Return whether a file matches a pattern, looking only where one can."""
    fixed = GLOB.split(pattern, maxsplit=1)[0]
    begin = os.path.dirname(fixed)
    with contextlib.suppress(Irregular, OSError), Tree(root) as tree:
        for here, folders, files, _ in os.fwalk(".", dir_fd=tree.directory(begin)):
            folders[:] = [each for each in folders if each not in SKIPPED]
            below = os.path.normpath(os.path.join(begin, here))
            prefix = "" if below == "." else f"{below}/"
            if any(wanted.fullmatch(prefix + name) for name in files):
                return True
    return False
