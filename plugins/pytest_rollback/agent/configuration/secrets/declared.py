"""The declared secret files of a system and every copy of them that is on the host."""

from __future__ import annotations

import glob
import hashlib
import os
import stat
from typing import Any, FrozenSet, Iterator, List, NamedTuple, Set

from ...messages.secrets import SecretFiles, SecretsLook, UnknownSecrets
from ...system.masking.writings import ValueMask
from . import readers
from .values import secrets_of

LARGEST = 4 << 20
"""Bytes of a secret file that are read."""

HANDLE = os.O_PATH | os.O_CLOEXEC
"""A link is followed, whoever placed it and whatever he may read: what a service, or its manager as
root, reads through it is what must not get out, and nothing of it is told. So it is not opened
through `files/`, which would refuse some. Nothing but a regular file is opened at all."""

SPARE = ("~", ".bak", ".old", ".orig", ".save", ".new", ".swp", ".dpkg-old", ".rpmsave")
"""Ends of names of copies that editors, packages and people make."""


class KnownSecrets(NamedTuple):
    """What the declared files hold: secrets, the files that are there, and those not understood."""

    values: FrozenSet[str]
    found: List[str]
    unknown: List[UnknownSecrets]


def look(request: SecretFiles) -> SecretsLook:
    """Return which declared files are there, and whose values cannot be known."""
    told = known(request)
    return SecretsLook(tuple(told.found), tuple(told.unknown))


def masked(answers: Any, files: SecretFiles, asked: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return answers without the values of the declared files.

    `asked` are the questions. What they say, such as names of units, is no secret of the host.
    """
    return ValueMask(known(files, frozenset(said(asked))).values).data(answers)


def known(files: SecretFiles, spared: FrozenSet[str] = frozenset()) -> KnownSecrets:
    """Return the secret values of files and of their copies; what is not there has none.

    A copy that is not understood says nothing against its file.
    """
    values: Set[str] = set()
    there: List[str] = []
    unknown: List[UnknownSecrets] = []
    for path in files.paths:
        place = os.path.join(files.root, path)
        for each in (place, *copies(files, path)):
            try:
                told = readers.read(path, whole(each))
            except FileNotFoundError:
                continue  # whether it should be there is for a criterion to say
            except OSError as error:
                told = readers.FilePairs([], error.strerror or "cannot be read")
            values |= secrets_of(told.pairs, spared)
            if each == place:
                there.append(path)
                unknown += [UnknownSecrets(path, told.why)] if told.why else []
    return KnownSecrets(frozenset(values), there, unknown)


def copies(files: SecretFiles, path: str) -> Iterator[str]:
    """Yield the places of copies: beside the file, kept, of a restore under way, in evidence."""
    place = os.path.join(files.root, path)
    yield from (f"{place}{end}" for end in dict.fromkeys((files.suffix, *SPARE)))
    name = f".rollback-*-{hashlib.sha256(os.fsencode(path)).hexdigest()[:24]}.*"
    yield from glob.iglob(os.path.join(glob.escape(os.path.dirname(place)), name))
    name = glob.escape(path.lstrip("/"))
    yield from glob.iglob(os.path.join(glob.escape(files.state), "sets", "*", "files", name))
    runs = os.path.join(glob.escape(files.state), "runs", "*")
    for kind in (os.path.join("evidence", "*"), os.path.join("snapshot", "configuration")):
        yield from glob.iglob(os.path.join(runs, kind, f"{glob.escape(path.lstrip('/'))}*"))


def whole(path: str) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: it cannot be read, is not regular, or is too large.
    """
    handle = os.open(path, HANDLE)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(22, "is not a regular file")
        with open(f"/proc/self/fd/{handle}", "rb") as file:
            content = file.read(LARGEST + 1)
    finally:
        os.close(handle)
    if len(content) > LARGEST:
        raise OSError(27, f"is larger than {LARGEST >> 20} MiB")
    return content


def said(asked: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield every text of a question, and each part of a path."""
    if isinstance(asked, str):
        yield asked
        if "/" in asked and " " not in asked:
            yield from asked.split("/")
    elif isinstance(asked, dict):
        for item in asked.values():
            yield from said(item)
    elif isinstance(asked, (list, tuple)):
        for item in asked:
            yield from said(item)
