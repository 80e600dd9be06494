"""Maintainer scripts: which services they would touch, and how that is kept from happening.

`systemctl` and all that calls it (`deb-systemd-invoke`, `invoke-rc.d`, `service`) leaves the
manager alone where `SYSTEMD_OFFLINE` is set, a variable that is gone with the process. A file
`policy-rc.d` would do the same and would be a change of the host, which a kill leaves there.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

from .database import asked

QUIET: Dict[str, str] = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBCONF_NONINTERACTIVE_SEEN": "true",
    "APT_LISTCHANGES_FRONTEND": "none",
    "NEEDRESTART_SUSPEND": "1",
    "SYSTEMD_OFFLINE": "1",
    "RUNLEVEL": "1",
}
"""The environment of an installation: nobody is asked anything, and no service is touched."""

MANAGED = re.compile(r"\b(systemctl|deb-systemd-invoke|invoke-rc\.d|service)\s+[^\n#]*\w")
DIRECT = re.compile(r"/etc/init\.d/|\bstart-stop-daemon\b|\bsupervisorctl\b|\bnohup\b")
COMING, GOING = ("preinst", "postinst"), ("prerm", "postrm")


class ScriptServices(NamedTuple):
    """Maintainer scripts that touch services: those that are kept from it, and those that are not.

    Each is told in a line for people.
    """

    managed: List[str]
    direct: List[str]


def services(name: str, archive: str) -> ScriptServices:
    """Return which scripts of a return touch services.

    Those of the archive that comes, and those of the installed package that goes.
    """
    found = ScriptServices([], [])
    for script, text in _texts(name, archive):
        for kind, pattern in ((found.managed, MANAGED), (found.direct, DIRECT)):
            for line in text.splitlines():
                if pattern.search(line.partition("#")[0] + "\n"):
                    kind.append(f"{script} of {name}: {line.strip()[:100]}")
                    break
    return found


def _texts(name: str, archive: str) -> Iterator[Tuple[str, str]]:
    for script in COMING if archive else ():
        done = asked("dpkg-deb", "--info", archive, script)
        if not done.code:
            yield script, done.out
    for script in GOING:
        done = asked("dpkg-query", "--control-show", name, script)
        if not done.code:
            yield script, done.out
