"""Which values of a declared secret file are secrets, and what else must be hidden with them."""

from __future__ import annotations

import binascii
import json
import re
from typing import Any, FrozenSet, Iterator, List, Set, Tuple

from ...system.masking.layers import ESCAPE, narrow, widen
from ...system.masking.ordinary import NAMED, NAMES, URL, is_secret
from ...system.masking.writings import reread

Pair = Tuple[str, str]
"""The name of a value, or "" where it has none, and the value."""

AUTHORITY = re.compile(r"://([^/?#\s]*)@|://([^/\s:@]*:[^\s]*)@")
INNER = re.compile(
    r"(?i)(?:pass\w{0,20}|pwd|\w{0,30}(?:secret|token|key)|sig)\s{0,2}=\s{0,2}([^\s;&]+)"
)
PIECES = re.compile(r"[\s,;|]+")
TOKEN = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[^\s]{12,}")
DEEPEST = 4
LOOSE = "*"
"""The name of a word that looks like a secret, wherever it stands in a file."""

WORD = re.compile(r"[A-Za-z0-9]{10,}")
RUNS, RUN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"), 2.4
"""Parts of a name such as `oauth2ClientSecret`, and how long they are in a word that is none."""

PIECE = 16
"""Bytes of a key that a value may be the base64 of."""


def secrets_of(pairs: List[Pair], spared: FrozenSet[str]) -> FrozenSet[str]:
    """Return the secrets among pairs of name and value, and what they hold that is one of its own.

    `spared` are texts that the one who asks has said: a value under an open name is no secret then.
    """
    found: Set[str] = set()
    ordinary: Set[str] = set()
    for name, value in pairs:
        for inner, each in ((name, value), *within(name, value, 0)) if name != LOOSE else ():
            (found if is_secret(inner, each, spared) else ordinary).add(each)
    open_ = {word for value in ordinary for word in words(value)}
    return frozenset(found | {value for name, value in pairs if name == LOOSE} - open_)


def words(text: str) -> List[str]:
    """Return the words of a text that are long enough to be a secret of their own."""
    return WORD.findall(text)


def is_random(word: str) -> bool:
    """Return whether letters and digits of a word follow each other at random: `nZl8RHv4x9`."""
    runs = len(RUNS.findall(word))
    return len(word) < runs * RUN and not word.isdigit() and not word.isalpha()


def within(name: str, value: str, depth: int) -> Iterator[Pair]:
    """Yield what a value holds: passwords of addresses, settings, lists, JSON, base64, escapes."""
    if depth > DEEPEST:
        return
    for inner, each in _within(name, value):
        if each and each != value:
            yield inner, each
            yield from within(inner, each, depth + 1)


def _within(name: str, value: str) -> Iterator[Pair]:
    yield name, value.strip()
    if URL.search(value):
        yield from of_address(value)
    for found in INNER.findall(value):
        yield "password", found.strip("'\"")
    yield name, widen(reread(narrow(value), ESCAPE))
    if "\\" in value:
        yield name, value.replace("\\r", "").replace("\\n", "\n")
    if value[:1] in "{[" and value[-1:] in "}]":
        yield from of_json(value)
    told = re.match(r"([A-Za-z_][\w.]{0,80})=(.+)", value)
    if told:
        yield told[1], told[2]
    if value[:1] in {"$", "{"}:
        yield "hash", re.split("[$}]", value)[-1]
    if NAMES.search(name) and value.count(":") == 1 and "/" not in value:
        yield name, value.partition(":")[2]  # user:token
    yield from ((name, piece) for piece in PIECES.split(value) if TOKEN.fullmatch(piece))
    yield from of_base64(name, value)


def of_address(value: str) -> Iterator[Pair]:
    """Yield passwords of addresses, and long parts of their paths and questions."""
    for plain, odd in AUTHORITY.findall(value):
        user, _, password = (plain or odd).partition(":")
        yield "password", password
        if TOKEN.fullmatch(user):
            yield "token", user
    for piece in re.split(r"[/?&#=@:]", value):
        if "." not in piece and TOKEN.fullmatch(piece):
            yield "token", piece


def of_json(value: str) -> Iterator[Pair]:
    """Yield what a JSON document in a value holds."""
    try:
        yield from leaves("", json.loads(value))
    except (ValueError, RecursionError):
        return


def leaves(name: str, value: Any) -> Iterator[Pair]:  # noqa: ANN401 - any document
    """Yield the names and values of a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            if NAMES.search(name) and TOKEN.fullmatch(str(key)):
                yield "", str(key)  # a table of tokens
            yield from leaves(str(key), item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(name, item)
    elif value is not None and not isinstance(value, bool):
        yield name, value if isinstance(value, str) else str(value)


def of_base64(name: str, value: str) -> Iterator[Pair]:
    """Yield what a value is the base64 of: a text, of `user:token` the token as well, or a key."""
    text = "".join(value.split())
    if not re.fullmatch(r"[A-Za-z0-9+/_-]{12,}={0,2}", text):
        return
    try:
        standard = text.rstrip("=").replace("-", "+").replace("_", "/")
        raw = binascii.a2b_base64(f"{standard}===")
    except (binascii.Error, ValueError):
        return
    inner = raw.decode("utf-8", "surrogateescape")
    if "".join(inner.split()).isprintable() and len(inner) >= NAMED:
        yield name, inner
        if ":" in inner:
            yield "token", inner.partition(":")[2]
    elif len(raw) >= PIECE and is_random(text[:PIECE]):
        yield name, inner  # a key that is no text
