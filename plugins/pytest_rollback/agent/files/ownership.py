"""Who can change a tree or a program besides root and us: asked before code of it runs as we."""

from __future__ import annotations

import os
import pwd
import shutil
from typing import Dict, FrozenSet, Iterable, Set

from ..errors import HostError
from . import reach

CHECKED: Set[str] = set()
"""Programs of root's that were looked at by this process."""


def changed_by(path: str) -> str:
    """Return that somebody else can change what a path leads to, in words; "" for nobody."""
    try:
        who = changers(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path} {error.strerror}"
    return told(path, who)


def changers(path: str) -> FrozenSet[int]:
    """Return who besides root and us can change what a path leads to: its content or its name.

    Raises:
        OSError: it is missing, or is not for whoever placed a link to it.
    """
    with reach.reach(path) as found:
        above = os.fstat(found.directory)
        end = os.stat(found.name, dir_fd=found.directory, follow_symlinks=False)
    return found.led | found.movers | reach.renamers(above, end) | reach.writers(end)


def checked(program: str, here: str, places: str) -> None:
    """See to it that nobody but root can change a program that we are to run as root.

    Args:
        program: its path, or its name in one of the places.
        here: the directory that it is started in; "" for ours.
        places: directories, as in PATH.

    Raises:
        HostError: somebody else can.
    """
    given = os.path.join(here, program) if "/" in program else program
    path = os.path.abspath(shutil.which(given, path=places) or given)
    if os.geteuid() == 0 and path not in CHECKED:
        words = changed_by(path)
        if words:
            raise HostError(
                f"{words}, and is not run as root",
                f"namei -l {path}; let root alone own it and what it lies in, or take "
                f"{os.path.dirname(path)} out of root's PATH, or of the setting that names it",
            )
        CHECKED.add(path)


def told(path: str, who: FrozenSet[int]) -> str:
    """Return who can change a path, in words; "" for nobody."""
    return f"{path} can be changed by {reach.account(max(who))}" if who else ""


def as_changer(path: str) -> str:
    """Return what stands before a command that somebody types for a path; "" for nothing.

    It becomes who can change the path: root would write and delete through a link of his.
    """
    try:
        who = changers(path)
    except OSError:
        who = frozenset()
    if not who:
        return ""
    name = "nobody" if max(who) == reach.ANYBODY else reach.account(max(who))
    numbers = f"--reuid={name} --regid={name} --clear-groups"
    return f"setpriv {numbers} " if name.isdigit() else f"runuser -u {name} -- "


def runner(paths: Iterable[str]) -> str:
    """Return whose account runs what these paths hold: whoever can change it; "" for our own.

    He who owns it runs it where several can change it. What is not there is nobody's.

    Raises:
        HostError: that is not one account, or none that we can become.
    """
    found: Dict[int, str] = {}
    for path in paths:
        try:
            who, owner = changers(path), reach.status(path).st_uid
        except FileNotFoundError:
            continue
        except OSError as error:
            raise HostError(f"{path} is not run: {error.strerror}", f"namei -l {path}") from error
        if who:
            found[owner if owner in who else max(who)] = path
    if not found:
        return ""
    uid, path = found.popitem()
    try:
        name = pwd.getpwuid(uid).pw_name if not found and os.geteuid() == 0 else ""
    except KeyError:
        name = ""
    if name:
        return name
    others = " and ".join(map(reach.account, sorted([uid, *found])))
    us = "root" if os.geteuid() == 0 else "us"
    raise HostError(
        f"{path} can be changed by {others}, and is not run as {us}",
        f"namei -l {path}; give it to one account, or to root alone",
    )
