"""Pairs of name and value of a text, by its format: that of its name, or the one that it has.

A reader returns what it finds and whether it understood all of it. It may find too much, never too
little: what one program takes for a comment is another one's value.
"""

from __future__ import annotations

import json
import os
import re
from typing import Callable, Dict, List, NamedTuple

from .. import env_file
from .lexical import COMMENT, SETTING, Read, lexical
from .values import Pair, leaves

BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]+-----END \1-----")
ASSIGNED = re.compile(r"\s*(export\s+)?[A-Za-z_][\w.]*\s*=")
BARE = 3
"""Lines that a file with nothing but a key has at most."""

BINARY = 512
"""Bytes of a file that may be one key, as it is."""

COPIES = (".example", ".dist", ".template", ".bak", ".old", ".orig", ".save", ".erb", ".j2")
CLOSED = (".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".gpg", ".age", ".sqlite", ".db", ".gz")
"""Ends of names of files that nobody reads without a program of its own or a password."""

SEALED = (b"$ANSIBLE_VAULT", b"-----BEGIN PGP MESSAGE", b"age-encryption.org", b"Salted__")
"""How files begin that are encrypted as a whole."""

KINDS = {
    "env": (".env", ".envrc", "environment"),
    "pgpass": ("pgpass", "pgpass.conf"),
    "netrc": ("netrc",),
    "JSON": (".json", ".dockercfg"),
    "YAML": (".yml", ".yaml", "kubeconfig"),
    "TOML": (".toml",),
    "htpasswd": ("htpasswd", "git-credentials"),
    "INI": (".ini", ".cfg", ".cnf", "credentials", "pypirc", "npmrc", "s3cfg", "boto"),
    "Python": (".py",),
    "properties": (".properties",),
    "XML": (".xml", ".config"),
}
"""Kinds of files by the ends of their names."""


class FilePairs(NamedTuple):
    """The pairs of a file, and why there may be others; "" where all are known."""

    pairs: List[Pair]
    why: str = ""


def read(name: str, content: bytes) -> FilePairs:
    """Return the pairs of a file by its name, and of what stands in it."""
    if content.startswith(SEALED) or name.lower().endswith(CLOSED):
        return FilePairs([], "is encrypted, or has a format of its own")
    if not is_text(content):
        key_ = [("key", content.decode("utf-8", "surrogateescape"))]
        return FilePairs(key_) if len(content) <= BINARY else FilePairs([], "is not text")
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    kind = guessed(name, text)
    found, understood = read_as(kind, text)
    found += [("key", block[0]) for block in BLOCK.finditer(text)]
    why = "" if understood else f"is not understood as {kind}"
    return FilePairs([*found, *(lexical(text) if why else ())], why)


def is_text(content: bytes) -> bool:
    """Return whether bytes are a text in UTF-8."""
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def guessed(name: str, text: str) -> str:
    """Return the kind of a file: by its name without ends of copies, then by its text."""
    base = os.path.basename(name).lower()
    while base.endswith(COPIES):
        base = base.rpartition(".")[0]
    if base.startswith(".env"):
        return "env"
    for kind, ends in KINDS.items():
        if base.endswith(ends):
            return kind
    return looked_at(text.strip())


def looked_at(text: str) -> str:
    """Return the kind of a text by what stands in it."""
    lines = [line.strip() for line in text.split("\n") if line.strip()[:1] not in {"", "#", ";"}]
    if text[:1] == "{" and text[-1:] == "}":
        return "JSON"
    if re.match(r"<[\w!]|<\?xml", text):
        return "XML"
    if text.startswith("-----BEGIN") or (
        len(lines) <= BARE and not any(re.search(r"[=:\s]", line.rstrip("=")) for line in lines)
    ):
        return "key"
    if all(ASSIGNED.match(line) for line in lines):
        return "env"
    return "text"


def read_as(kind: str, text: str) -> Read:
    """Return the pairs of a text of a kind, and whether all of it is understood."""
    if kind not in READERS:
        from .formats import READERS as RARE  # noqa: PLC0415 - half of its time is regular expressions

        return RARE[kind](text)
    return READERS[kind](text)


def env(text: str) -> Read:
    """Read an environment file as systemd, as shells and dotenv, and each value as it stands."""
    entries = [*env_file.systemd(text), *env_file.entries(text)]
    found = [(each.key, each.value) for each in entries if each.key and not each.problem]
    for line in text.split("\n"):
        told = SETTING.match(line)
        if told:
            bare = COMMENT.sub("", told[2]).strip()
            found += [(told[1], told[2].strip().strip("'\"")), (told[1], bare.strip("'\""))]
        elif not re.search(r"^\s*[#;]|\S\s+\S", line):
            found.append(("key", line.strip().strip("'\"")))
    return found, not any("quotes are not closed" in each.problem for each in entries)


def json_(text: str) -> Read:
    """Read one JSON document, or one in each line."""
    try:
        return list(leaves("", json.loads(text))), True
    except (ValueError, RecursionError):
        lines = [line for line in text.split("\n") if line.strip()]
    try:
        return [pair for line in lines for pair in leaves("", json.loads(line))], True
    except (ValueError, RecursionError):
        return [], False


def key(text: str) -> Read:
    """Take a file that is one key, and each of its lines."""
    return [("key", text.strip()), *(("key", line.strip()) for line in text.split("\n"))], True


def text_(text: str) -> Read:
    """Take a text of no known format: all that looks like a value is one."""
    found = lexical(text)
    return found, bool(found) or not text.strip()


READERS: Dict[str, Callable[[str], Read]] = {"env": env, "JSON": json_, "key": key, "text": text_}
"""What most systems have; the others are read by `formats`."""
