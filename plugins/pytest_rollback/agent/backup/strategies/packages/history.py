"""What the log of dpkg says was installed before what is installed now: a second witness."""

from __future__ import annotations

import re
from typing import Iterator, Tuple

from ....files import reach
from .database import InstalledPackage
from .recorded import RecordedPackage

LOGS = ("/var/log/dpkg.log.1", "/var/log/dpkg.log")
"""Older ones are compressed, and older than any record that matters."""

LINE = re.compile(r"^\S+ \S+ (?:upgrade|install) (\S+) (\S+) (\S+)$")


def unexpected(known: RecordedPackage, now: InstalledPackage) -> str:
    """Return why what is installed is not what was installed over the recorded version."""
    found = before(known.name, now.version)
    if now.version == known.version or found in ("", known.version):
        return ""
    return (
        f"{now.name} {now.version} is installed, and the log of dpkg says that it came over "
        f"{found}, not over {known.version}"
    )


def before(name: str, version: str) -> str:
    """Return the version over which a version of a package was installed last, "" if unknown."""
    plain = name.partition(":")[0]
    found = ""
    for package, old, new in _steps():
        if package.partition(":")[0] == plain and new == version and old not in (new, "<none>"):
            found = old
    return found


def _steps() -> Iterator[Tuple[str, str, str]]:
    for path in LOGS:
        try:
            text = reach.text(path)
        except OSError:
            continue
        for line in text.splitlines():
            found = LINE.match(line)
            if found:
                yield found[1], found[2], found[3]
