"""Which files a command runs as code: its program, and what scripts of it name."""

from __future__ import annotations

import os
import re
import shutil
import stat
from typing import Iterator, List, Sequence, Set

from . import reach

PATHS = re.compile(r"/[^\s;|&'\"<>()=,]+")
BECOMING = frozenset(
    ["sudo", "doas", "su", "runuser", "setpriv", "chpst", "gosu", "su-exec", "setuidgid"]
)
"""Programs that root calls to become somebody else."""

LANGUAGES = (".js", ".lua", ".mjs", ".php", ".pl", ".py", ".rb", ".sh", ".bash")
"""Ends of names of files that an interpreter reads."""

DATA = ("/dev/", "/proc/", "/run/", "/sys/", "/var/")
"""Directories whose directories hold data; a program in them is still one."""

LONGEST, MOST = 1 << 16, 64
"""Bytes of a script that are read, and how many files are looked at."""


def of_command(argv: Sequence[str], places: str) -> Iterator[str]:
    """Yield the program of a command, all paths in its words, and what scripts among them name.

    What becomes another account by itself says whose code the rest is.

    Args:
        argv: the command.
        places: the directories in which a program without a slash is looked for, as in PATH.
    """
    left = [os.path.abspath(shutil.which(argv[0], path=places) or argv[0])]
    if os.path.basename(argv[0]) not in BECOMING:
        left += PATHS.findall(" ".join(argv[1:]))
    told: Set[str] = set()
    while left and len(told) < MOST:
        path = left.pop(0)
        if path not in told and holds_code(path):
            told.add(path)
            yield path
            left += [each for each in named(path) if is_program(each)]


def holds_code(path: str) -> bool:
    """Return whether a path leads to what can be run, or to a directory of such."""
    try:
        found = reach.status(path)
    except OSError:
        return True  # whoever asks is told why
    if stat.S_ISDIR(found.st_mode):
        return not found.st_mode & stat.S_ISVTX
    return stat.S_ISREG(found.st_mode)


def is_program(path: str) -> bool:
    """Return whether a path that a script names is run, read by an interpreter, or searched."""
    try:
        found = reach.status(path)
    except OSError:
        return False
    if stat.S_ISDIR(found.st_mode):
        return not f"{path}/".startswith(DATA)
    return stat.S_ISREG(found.st_mode) and (bool(found.st_mode & 0o111) or path.endswith(LANGUAGES))


def named(path: str) -> List[str]:
    """Return the paths in a script, that of its interpreter first; none of any other file."""
    try:
        with reach.file(path) as file:
            text = file.read(LONGEST)
    except OSError:
        return []
    is_script = text[:2] == b"#!" or (path.endswith(LANGUAGES) and b"\0" not in text)
    return PATHS.findall(os.fsdecode(text)) if is_script else []
