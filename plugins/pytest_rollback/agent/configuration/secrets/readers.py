"""Pairs of name and value of a text, by its format: that of its name, or the one that it has.

A reader returns what it finds and whether it understood all of it. It may find too much, never too
little: what one program takes for a comment is another one's value.
"""

from __future__ import annotations

import json
import os
import re
from typing import Callable, Dict, List, NamedTuple

from . import charsets
from .lexical import COMMENT, SETTING, Read, lexical, pieces, settings
from .values import Pair, leaves

BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]+-----END \1-----")
ASSIGNED = re.compile(r"\s*(export\s+)?[A-Za-z_][\w.]*\s*=")
SET = re.compile(
    r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*="
    r"((?:\"(?:[^\"\\]|\\[\s\S])*\"|'[^']*'|\\[\s\S]|[^\n\"'\\#]|(?<!\s)#)*)(?:#.*)?"
)
QUOTES = re.compile(r"\"((?:[^\"\\]|\\[\s\S])*)\"|'([^']*)'")
OPEN = re.compile(r"\0[\"']")
"""Settings, what is in quotes in their values, and quotes that are left open."""

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
    "htpasswd": ("htpasswd", "shadow", "git-credentials"),
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
    told = charsets.decoded(content)
    key_ = [("key", content.decode("utf-8", "surrogateescape"))] if len(content) <= BINARY else []
    if not told:
        return FilePairs(key_, "" if key_ else "is not text")
    text = told.text.replace("\r\n", "\n").replace("\r", "\n")
    kind = guessed(name, text)
    found, understood = read_as(kind, text)
    found += [("key", block[0]) for block in BLOCK.finditer(text)]
    found += pieces(text)
    if not understood:
        return FilePairs([*found, *lexical(text)], f"is not understood as {kind}")
    if told.sure or all(value.isascii() for _, value in found):
        return FilePairs(found)
    return FilePairs([*found, *key_], "has letters that are not in UTF-8: save it in UTF-8")


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
    """Read an environment file as systemd, shells and dotenv do, and each value as it stands."""
    found: List[Pair] = []
    for name, raw in SET.findall(text):
        plain = QUOTES.sub(lambda told: told[1] or told[2] or "", raw)
        found += [(name, plain.strip()), (name, COMMENT.sub("", plain).strip())]
    for line in [*text.split("\n"), *re.sub(r"\\\n", "", text).split("\n")]:
        told = SETTING.match(line)
        if told:
            bare = COMMENT.sub("", told[2]).strip()
            found += [(told[1], told[2].strip().strip("'\"")), (told[1], bare.strip("'\""))]
        elif not re.search(r"^\s*[#;]|\S\s+\S", line):
            found.append(("key", line.strip().strip("'\"")))
        found += settings(line)
    return found, not OPEN.search(SET.sub("\0", text))


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
