"""The variables of a unit: which files hold them, and which databases they name.

A value never leaves the host: of an address of a database the password is left out here.
"""

from __future__ import annotations

import os
import re
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple
from urllib.parse import unquote, urlsplit

from ....configuration import env_file
from ....configuration.units.program import CommandSite, of_line
from ....configuration.units.surroundings import Surroundings
from ....files import lookup, reach
from ....messages.services.survey import NamedDatabase, VariablesFile
from ....system.processes import environ

SECRET = re.compile(
    r"PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|DSN|(^|_)(API_?)?KEY$|(^|_)SALT$", re.IGNORECASE
)
"""Names of variables that hold secrets."""

KINDS = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mongodb": "mongodb",
    "redis": "redis",
}
PASSWORD = re.compile(r"://[^\s@]*:\S*@")
"""An address with a password in it, whatever that is."""

PLAIN = re.compile(r"[A-Za-z0-9_./-]{1,100}")
"""What is told of an address; whatever looks otherwise may be a part of a password."""

USUAL = (".env", "config/.env")
"""Files that programs read themselves, without their unit saying so."""

LARGEST, LONGEST = 1 << 20, 1 << 16
"""Bytes of a file of variables, and of a script."""

SHELL = re.compile(r"#![^\n]*\b(?:ba|da|k|z)?sh\b")
EXPORTS = re.compile(r"^\s*set\s+(-\w*a|-o\s+allexport)", re.MULTILINE)
ITSELF, SCRIPT = "its environment", "its start script reads it"


def seen(
    about: Optional[Surroundings], pid: int, places: Sequence[str]
) -> Tuple[Tuple[VariablesFile, ...], Tuple[NamedDatabase, ...]]:
    """Return the files of variables of a unit, and the databases that any of them names.

    Args:
        about: how its files say that it is started.
        pid: its main process, 0 for none.
        places: directories where it lives.
    """
    settings: List[Tuple[str, Mapping[str, str]]] = []
    files, scripts = [], dict(_sourced(about)) if about else {}
    for path, why in dict(_files(about, scripts, places)).items():
        found = _read(path)
        if found is not None:
            by_script = why == SCRIPT
            exported = by_script and scripts.get(path, False)
            files.append(VariablesFile(path, why, _secrets(found), by_script, exported))
            settings.append((path, found))
    settings.append((ITSELF, environ(pid) or {} if pid else {}))
    named: Dict[Tuple[object, ...], NamedDatabase] = {}
    for where, told in settings:
        for each in databases(where, told):
            named.setdefault(each[2:], each)
    return tuple(files), tuple(named.values())


def _secrets(found: Mapping[str, str]) -> Tuple[str, ...]:
    """Return the variables that hold secrets, by their names and by what addresses hold."""
    names = (name for name, value in found.items() if SECRET.search(name) or PASSWORD.search(value))
    return tuple(sorted(names))


def _files(
    about: Optional[Surroundings], scripts: Iterable[str], places: Sequence[str]
) -> Iterator[Tuple[str, str]]:
    """Yield the paths of files of variables, with who names them."""
    for place in reversed(places):
        for name in USUAL:
            yield os.path.join(place, name), f"{name} in {place}, a usual place"
    if about is None:
        return
    for path in scripts:
        yield path, SCRIPT
    for file in about.program.sourced:
        yield os.path.join(about.directory, file), "its command reads it"
    for named in about.unit.environment_files:
        path = os.path.join(about.directory, named.path)
        for each in lookup.matching(path) or [path]:
            yield each, "EnvironmentFile"


def _sourced(about: Surroundings) -> Iterator[Tuple[str, bool]]:
    """Yield the files that scripts of a shell read, which start a unit; and if they export all."""
    site = CommandSite(about.directory, "", str)
    for path in about.program.files:
        try:
            text = reach.text(path) if reach.status(path).st_size <= LONGEST else ""
        except OSError:
            continue
        if SHELL.match(text):
            named = (each for each in of_line(text, site, 1).sourced if "$" not in each)
            exports = bool(EXPORTS.search(text))
            yield from ((os.path.join(about.directory, each), exports) for each in named)


def _read(path: str) -> Optional[Dict[str, str]]:
    """Return the variables of a file, None where there is none that we may read."""
    try:
        if reach.status(path).st_size > LARGEST:
            return None
        text = reach.text(path)
    except (OSError, ValueError):
        return None
    return {each.key: each.value for each in env_file.entries(text) if each.key}


def databases(where: str, found: Mapping[str, str]) -> Iterator[NamedDatabase]:
    """Yield the databases that variables name, by an address or by those of libpq."""
    for name, value in found.items():
        scheme, mark, rest = value.partition("://")
        kind = KINDS.get(scheme.partition("+")[0]) if mark else None
        if kind:
            yield NamedDatabase(name, where, kind, *_parts(f"//{rest}"))
    if found.get("PGDATABASE"):
        host, database, user = (
            _plain(found.get(name, "")) for name in ("PGHOST", "PGDATABASE", "PGUSER")
        )
        given = found.get("PGPORT", "")
        port = int(given) if given.isdigit() and len(given) <= 5 else 0  # noqa: PLR2004 - as ports have
        yield NamedDatabase("PGDATABASE", where, "postgresql", host, port, database, user)


def _parts(address: str) -> Tuple[str, int, str, str]:
    """Return host, port, name and user of an address; nothing of one that can be read in two ways.

    A password with a slash or a mark of its own would be taken for one of them.
    """
    account, _, behind = address[2:].rpartition("@")
    try:
        parts = urlsplit(f"//{behind}")
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        return "", 0, "", ""
    if any(each in account for each in "/?#@"):
        return "", 0, "", ""
    user = unquote(account.partition(":")[0])
    return _plain(host), port, _plain(parts.path.lstrip("/")), _plain(user)


def _plain(text: str) -> str:
    return text if PLAIN.fullmatch(text) else ""
