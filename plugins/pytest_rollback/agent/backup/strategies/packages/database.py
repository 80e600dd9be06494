"""What dpkg says of this host: how packages are, whether its database is whole, who holds it."""

from __future__ import annotations

import fcntl
import os
import re
import struct
from typing import Dict, List, NamedTuple, Sequence, Tuple

from ....errors import HostError
from ....files import reach
from ....system.command import CommandResult, run

SECONDS = 30.0
"""For one question; the largest database is read in a few."""

FIELDS = "${Package}\\t${Version}\\t${Architecture}\\t${db:Status-Want}\\t${db:Status-Eflag}"
FORMAT = f"P\\t{FIELDS}\\t${{db:Status-Status}}\\n${{Conffiles}}\\n"
LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")
DIVERTED = re.compile(r"(?:locally diverted|diverted by \S+) to: ")
"""What follows the name of a file that lies under another one."""

FLOCK = "hhqqi"
"""The kernel's `struct flock`: type, whence, start, length, process."""

NO_DPKG = "strategy = \"packages\" is for hosts with dpkg: see 'which dpkg-query' on the host"


ONLY_ROOT = "only root installs packages"
AS_ROOT = "set [target] sudo = true in rollback.toml, or connect as root"


class InstalledPackage(NamedTuple):
    """A package in the words of dpkg: what is wanted of it, its error flag, its state.

    `conffiles` are the paths of its configuration files with the MD5 that the version shipped;
    those of an older version that nobody removed (`obsolete`) are among them.
    """

    name: str
    version: str
    architecture: str
    want: str
    error: str
    state: str
    conffiles: Dict[str, str]

    @property
    def is_whole(self) -> bool:
        """Whether it is installed and configured."""
        return self.error == "ok" and self.state == "installed"

    @property
    def is_held(self) -> bool:
        """Whether it is on hold."""
        return self.want == "hold"

    @property
    def words(self) -> str:
        """It for people."""
        return f"{self.name} {self.version} ({self.want} {self.error} {self.state})"


def asked(*words: str, seconds: float = SECONDS) -> CommandResult:
    """Return how a command of dpkg or apt ended.

    Raises:
        HostError: there is no such command, or it did not end.
    """
    done = run(words, seconds)
    if done.missing:
        raise HostError(f"there is no {words[0]} on this host", NO_DPKG)
    if done.timed_out:
        raise HostError(
            f"{words[0]} did not end within {seconds:g} s",
            f"see what it waits for on the host: {' '.join(words[:2])}",
            "unreachable",
        )
    return done


def refuse_others() -> None:
    """Refuse whoever is not root: dpkg would, in the midst of it.

    Raises:
        HostError: we are not root.
    """
    if os.geteuid():
        raise HostError(f"{ONLY_ROOT}, and keeps what their return needs", AS_ROOT)


def packages(names: Sequence[str]) -> Dict[str, InstalledPackage]:
    """Return how packages are, by their names; one that dpkg does not know is missing.

    Raises:
        HostError: dpkg does not answer; or a name is that of two packages.
    """
    wanted = tuple(dict.fromkeys(names))
    done = asked("dpkg-query", "--show", f"--showformat={FORMAT}", "--", *wanted)
    found: Dict[str, InstalledPackage] = {}
    last = None
    for line in done.out.split("\n"):
        if line.startswith("P\t"):
            last = _package(line.split("\t")[1:])
            for name in (each for each in wanted if _is_of(each, last)):
                if name in found:
                    raise HostError(
                        f"{name} is installed for {found[name].architecture} and "
                        f"{last.architecture}",
                        f"name it with its architecture: {name}:{last.architecture}",
                    )
                found[name] = last._replace(name=name)
        elif last and line.startswith(" "):
            path, digest = line.split()[:2]
            last.conffiles[path] = digest
    if done.code not in (0, 1):
        raise HostError(f"dpkg-query does not answer: {done.words}", "dpkg --audit, on the host")
    return found


def _package(fields: List[str]) -> InstalledPackage:
    name, version, architecture, want, error, state = fields
    return InstalledPackage(name, version, architecture, want, error, state, {})


def _is_of(name: str, found: InstalledPackage) -> bool:
    plain, _, architecture = name.partition(":")
    return plain == found.name and architecture in ("", found.architecture)


def broken() -> List[str]:
    """Return what `dpkg --audit` says: packages that are half installed, in lines for people."""
    done = asked("dpkg", "--audit")
    lines = [" ".join(line.split()) for line in done.out.splitlines() if line.startswith(" ")]
    return lines or ([done.words] if done.code else [])


def holder() -> str:
    """Return who works on the database of dpkg now, for people; "" where nobody does."""
    for path in LOCKS:
        try:
            opened, _ = reach.opened(path)
        except OSError:
            continue
        try:
            wanted = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, *_, pid = struct.unpack(FLOCK, fcntl.fcntl(opened, fcntl.F_GETLK, wanted))
        finally:
            os.close(opened)
        if kind != fcntl.F_UNLCK:
            return f"process {pid} holds {path}"
    return ""


def unverified(name: str) -> Tuple[str, ...]:
    """Return the files of a package that are not as shipped, conffiles aside; a line each.

    A file that is diverted lies elsewhere, and dpkg looks for it there: what has its name is told.
    """
    done = asked("dpkg", "--verify", name)
    wrong = tuple(line for line in _lines(done) if line.split()[1:2] != ["c"])
    failed = (done.words,) if done.code and not done.out else ()
    return (*(wrong or failed), *diverted(name))


def diverted(name: str) -> Tuple[str, ...]:
    """Return the files of a package that somebody else has diverted to other names; a line each."""
    found, path = [], ""
    for line in asked("dpkg-query", "--listfiles", name).out.splitlines():
        if line.startswith("/"):
            path = line
        elif DIVERTED.match(line):
            found.append(f"{path} is {line}")
    return tuple(found)


def edited(name: str) -> List[str]:
    """Return the configuration files of a package that are not as its version ships them."""
    found = (line.split(None, 2) for line in _lines(asked("dpkg", "--verify", name)))
    return [words[2] for words in found if words[1:2] == ["c"] and words[2:]]


def _lines(done: CommandResult) -> List[str]:
    return [" ".join(line.split()) for line in done.out.splitlines() if line.strip()]
