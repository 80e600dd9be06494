"""Which values are ordinary texts and no secrets: by their names, and by what they look like."""

from __future__ import annotations

import os
import re
from typing import FrozenSet

NAMES = re.compile(
    r"(?i)secret|token|pass|pwd|key|credential|dsn|auth|salt|sign|private|cert|cookie|hash|pin$"
)
"""Names whose values are secrets from six letters on."""

OF_ONE = re.compile(
    r"(?i)(?:ttl|timeout|expir\w{0,20}|file|path|dir|name|type|count|length|size|limit|method|algorithm"
    r"|mode|scope|issuer|enabled|required|header|id|port|uri|url)$"
)
"""Names that say something about a secret, and hold none."""

OPEN_NAMES = re.compile(
    r"(?i)(?:host|hostname|domain|address|addr|bind|listen|region|zone|tz|timezone|locale|lang|level"
    r"|version|release|commit|revision|sha|build|tag|branch|image|environment|env|user|username"
    r"|engine|driver|backend|schema|database|db)$"
)
"""Names of settings whose values stand in ordinary texts: places, versions, accounts."""

PLAIN = re.compile(
    r"[A-Za-z][A-Za-z_.-]{0,62}|[a-f0-9]{40}|[a-z0-9.-]{1,253}|[\w./:@-]{0,200}\d{1,20}\.\d{1,20}[\w.:-]{0,200}"
)
"""What a value of such a setting looks like: words, a commit, a host, a version."""

UNTOLD = re.compile(
    r"(?i)\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d{1,5})?"  # an address, with a port or a mask
    r"|v?\d{1,4}(?:\.\d{1,6}){1,4}(?:[a-z+-][\w.+-]{0,20})?"  # a version, a number
    r"|\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?[\d.+:Z-]*)?"  # a time
    r"|[\d.]{1,11}\s*(?:ms|s|m|min|h|d|[kmgt]i?b?|%)?"  # a duration, a size
    r"|[a-z]{2}[_-][a-z]{2}(?:\.utf-?8)?|[a-z]{2}-[a-z]+-\d"  # a language, a region
    r"|(?:application|text|image|audio|video)/[\w.+-]+|[a-z]+/[a-z_]+"  # a type, a time zone
    r"|[\w.-]+@[\w-]+(?:\.[\w-]+)+"  # an address of mail, and names of hosts
    r"|[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|local|internal|lan|example|test|svc|home)(?::\d+)?"
)
"""Values that tell nobody anything under a name that says nothing of a secret."""

EMPTY = re.compile(r"\$\{\w+\}|\$[A-Z_]{2,}|%\(\w+\)s|\{\{.*\}\}|<[\w -]+>|\*+|[xX]+|change-?me")
"""What stands for a value that is filled in elsewhere, whatever its name."""

HARMLESS_WORDS = (
    "production development staging testing preproduction sandbox acceptance integration "
    "default disabled disable enabled enable localhost information informational warning "
    "critical verbose standard internal external automatic optional required always never "
    "unless-stopped on-failure verify-full verify-ca preferred gunicorn uvicorn asyncio "
    "postgres postgresql mariadb sqlite3 rabbitmq memcached elasticsearch prometheus "
    "kubernetes console logfmt anonymous readonly read-only read-write readwrite operator "
    "administrator username password passwords secret secrets undefined unlimited infinity "
    "bearer session sessions database filesystem container systemd supervisord journald "
    "syslog request response lifespan isolated committed serializable read-committed utf-8 "
    "us-ascii iso-8859-1 sha256 sha384 sha512 rs256 hs256 es256 pbkdf2 argon2 argon2id "
    "bcrypt strict-origin same-origin sameorigin none true false null"
)
HARMLESS = frozenset(HARMLESS_WORDS.split())
"""Words that are values of settings everywhere."""

SHORTEST, NAMED = 8, 6
"""Letters of a secret at least: under any name, and under the name of a secret."""

DIGITS = 8
DATE = re.compile(r"(?:19|20)\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])")
URL = re.compile(r"[a-z][a-z0-9+.-]{1,30}://", re.IGNORECASE)


def is_secret(name: str, value: str, spared: FrozenSet[str]) -> bool:
    """Return whether a value is a secret: by its name, or because nothing says that it is none."""
    said = value.strip()
    named = NAMES.search(name) and not OF_ONE.search(name) and not OPEN_NAMES.search(name)
    if said.startswith("-----") and "\n" not in said:
        return False  # the first or last line of a key
    if not name and said.isupper() and "_" in said and NAMES.search(said):
        return False  # the name of a setting
    if len(said) < (NAMED if named else SHORTEST) or said.lower() in HARMLESS:
        return False
    if said.isdigit() and (len(said) < DIGITS or DATE.fullmatch(said)):
        return bool(named)
    if is_place(said) or URL.match(said) or EMPTY.fullmatch(said):
        return False  # of an address its parts are secrets, not the whole
    return bool(named) or not (said in spared or UNTOLD.fullmatch(said) or is_open(name, said))


def is_place(value: str) -> bool:
    """Return whether a value is a path that is there."""
    try:
        return value.startswith("/") and os.path.exists(value)
    except (OSError, ValueError):
        return False


def is_open(name: str, value: str) -> bool:
    """Return whether a setting and its value are of the kind that ordinary texts name."""
    return bool(OPEN_NAMES.search(name) and PLAIN.fullmatch(value))
