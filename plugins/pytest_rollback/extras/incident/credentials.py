"""Secrets of channels: read from where `rollback.toml` says, and split into parts to redact."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from pytest_rollback.errors import Refused
from pytest_rollback.manifest.contacts import Secret

MOST = 64 * 1024
"""Bytes of a secret file that are read."""

PART, LONG = 8, 20
"""Letters of a piece of an address that make it a secret: with a digit in it, and without."""


def read(secret: Secret) -> str:
    """Return a secret.

    Raises:
        Refused: it is missing, empty, broken over lines, or others can read it.
    """
    if secret.variable is not None:
        value, where = os.environ.get(secret.variable, ""), f"the variable {secret.variable}"
        hint = f"export {secret.variable} with the value from your secret store"
    else:
        value, where = of_file(str(secret.file)), str(secret.file)
        hint = f"write the secret into it, as one line: ls -l {secret.file}"
    value = value.strip()
    if not value:
        raise Refused(f"{where} is not set, or empty", hint=hint)
    if any(ord(letter) < ord(" ") or ord(letter) > ord("~") for letter in value):
        raise Refused(f"{where} has more than one line, or unprintable characters", hint=hint)
    return value


def of_file(path: str) -> str:
    """Return what a private file holds.

    Raises:
        Refused: it is missing, no file, or not private.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}", hint=f"see 'ls -l {path}'"
        ) from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
            raise Refused(f"{path} can be read by others", hint=f"chmod 0600 {path}")
        if found.st_uid not in {0, os.geteuid()}:
            raise Refused(f"{path} belongs to another user", hint=f"chown root {path}")
        return os.read(handle, MOST).decode("utf-8", "replace")
    finally:
        os.close(handle)


def pieces(url: str) -> Iterator[str]:
    """Yield what in an address could be a secret of its own: passwords, tokens."""
    try:
        parts = urlsplit(url)
        place = [parts.username, *parts.path.split("/"), parts.fragment]
        place += [parts.hostname if "." not in (parts.hostname or ".") else None]
    except ValueError:
        return
    given = [*place, *(value for _, value in parse_qsl(parts.query))]
    found = {one for part in given if part for one in (part, unquote(part)) if is_token(one)}
    yield from {*found, *filter(None, (parts.password, unquote(parts.password or "")))}


def is_token(text: str) -> bool:
    """Return whether a piece of an address looks like a token, and not like a word."""
    mixed = any(map(str.isdigit, text)) and any(map(str.isalpha, text))
    return len(text) >= (PART if mixed else LONG)
