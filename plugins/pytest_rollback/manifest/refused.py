"""Values that are well formed and would empty a check, harm the host, or mean something else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit

BARE = (
    "",
    "ERROR",
    "CRITICAL",
    "FATAL",
    "error",
    "boom",
    "Traceback (most recent call last):",
    "2026-11-28T12:00:00Z ERROR ",
    "[error] 7#7: *1 ",
    '{"level":"error"}',
)
"""Lines that say nothing of what went wrong: a pattern that matches one of them is about any."""

RESERVED = ("shared",)
"""Names that reports give to what belongs to no component."""

ENDINGS = (
    ".bash .c .cfg .conf .crt .css .csv .db .env .go .gz .h .html .ini .java .js .json .key .lock "
    ".log .md .mjs .pem .php .py .pyc .rb .rs .service .sh .so .socket .sql .sqlite .tar .timer "
    ".toml .ts .txt .xml .yaml .yml .zip"
)
"""Endings of files that systems consist of: as that of backups they would mean live files."""

FOLDERS = (
    "/bin /boot /dev /etc/cron.d /etc/pam.d /etc/ssh /etc/sudoers.d /etc/systemd /lib /lib64 /proc "
    "/root /run/systemd /sbin /sys /usr/bin /usr/lib /usr/lib64 /usr/sbin"
)
"""Folders of the operating system, in which nothing is a maintenance page."""

MOST_PORT = 65535


REPLACED = {
    "database.restore": 'not known any more, expected return = "restore" where it is true, and '
    'return = "keep" where it is false',
}
"""Keys of earlier versions, and what says the same now."""


def too_wide(pattern: str) -> str:
    """Return a pattern of noise that is about particular lines.

    Raises:
        ValueError: it matches lines that say nothing, and so would excuse any error.
    """
    matched = next((line for line in BARE if re.search(pattern, line)), None)
    if matched is not None:
        raise ValueError(
            f"expected a pattern of particular lines: it matches {matched!r}, and so any error"
        )
    return pattern


def matches_all(pattern: str) -> str:
    """Return a pattern of errors that not every line matches.

    Raises:
        ValueError: it matches an empty line.
    """
    if re.search(pattern, ""):
        raise ValueError("expected a pattern that an empty line does not match")
    return pattern


def name_of_component(name: str) -> str:
    """Return a name that reports use for nothing else.

    Raises:
        ValueError: it is reserved.
    """
    if name in RESERVED:
        raise ValueError(f"expected another name: reports call {name!r} what no component owns")
    return name


def own_suffix(text: str) -> str:
    """Return a suffix of backups that no file of a system has.

    Raises:
        ValueError: it is that of live files.
    """
    if text.lower() in ENDINGS.split():
        raise ValueError("expected a suffix that no file of a system has, such as '.backup'")
    return text


def askable_url(text: str) -> str:
    """Return an address that can be asked.

    Raises:
        ValueError: it has no host, or a port that is no number.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"expected a URL: {error}") from error
    if not host:
        raise ValueError("expected a URL with a host, such as http://localhost:8080/health")
    if port == 0 or re.search(r"[\s{}$<>]", text):
        raise ValueError("expected a URL without spaces and placeholders, and a port from 1")
    return text


def address(text: str) -> str:
    """Return a host and a port that can be connected to.

    Raises:
        ValueError: the port is none.
    """
    if not 1 <= int(text.rpartition(":")[2][:6]) <= MOST_PORT:
        raise ValueError(f"expected a port from 1 to {MOST_PORT}")
    return text


def harmless_page(path: str) -> str:
    """Return a path that a maintenance page may have.

    Raises:
        ValueError: it is a file of the operating system, which the page would replace.
    """
    folder = path.rpartition("/")[0]
    if folder in ("", "/etc") or any(f"{path}/".startswith(f"{one}/") for one in FOLDERS.split()):
        raise ValueError("expected a file in a folder of the web server, not of the system")
    return path


def reached_at(given: object) -> object:
    """Return a `[database]` table with host and port of its engine, where it names none."""
    if isinstance(given, dict) and given.get("engine") == "mariadb":
        return {"host": "/run/mysqld/mysqld.sock", "port": 3306, **given}
    return given


def misplaced(engine: str, name: str, given: AbstractSet[str]) -> None:
    """Refuse a file of SQLite that is no absolute path, a server for it, and what needs another.

    `given` are the keys that are set.
    """
    if engine == "mariadb" and "previous" in given:
        raise ValueError(
            "a copy of the live schema, for the previous release, is made of PostgreSQL alone: "
            "leave out previous"
        )
    if engine == "mariadb" and not name.strip("\0/"):
        raise ValueError('engine = "mariadb" needs the name of the live database')
    if engine != "sqlite":
        return
    if not name.startswith("/") or "/../" in f"{name}/":
        raise ValueError('engine = "sqlite" needs the absolute path of the live file as name')
    server = sorted({"host", "port", "user", "tools", "previous"} & given)
    if server:
        raise ValueError(f"a file of SQLite has no server: leave out {', '.join(server)}")


def migrating(how: str, engine: str, *, named: bool) -> None:
    """Refuse migrations back where no command is named, or no copy of the database can be made.

    `how` is what a rollback does to data, `named` whether commands are.
    """
    if how == "migrate" and engine != "postgresql":
        raise ValueError(
            'return = "migrate" is rehearsed on a copy of the live database, which is made of '
            'PostgreSQL alone: set return = "keep" or "restore"'
        )
    if how == "migrate" and not named:
        raise ValueError(
            'return = "migrate" needs the commands that migrate back: down in [database.migrate]'
        )


def run_as(component: object, names: Sequence[str]) -> Iterator[str]:
    """Yield that commands run as a component which is none, or as one of several."""
    key, among = "database.migrate.component", ", ".join(names)
    if component is None and len(names) > 1:
        yield f"{key}: missing, expected as whose account and where the commands run: {among}"
    if isinstance(component, str) and component not in names:
        yield f"{key}: found {component!r}, expected one of {among}"
