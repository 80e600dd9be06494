"""What changed in a bundle since it was sealed: in its files, its seals, its journals.

A tick of the checklist changes a few files and seals them again; that is allowed, and nothing else
of them. Whether the seals are those that the run made is the matter of `origin`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.state import journal
from pytest_rollback.evidence import signing
from pytest_rollback.evidence.json_data import Json, loads
from pytest_rollback.evidence.run_folder import DATA, REPORT, TIMELINE
from pytest_rollback.evidence.seal import (
    AFTERWARDS,
    CHANGING,
    CHECKLIST,
    ENDED,
    JOURNALS,
    SEALS,
    START,
    SUMS,
    FolderSeal,
    digest,
    files,
    listed,
    seals,
)


def changed(folder: Path, head: str | None = None) -> Iterator[str]:
    """Yield what is not as it was sealed, a line each; nothing where all is.

    Args:
        folder: the bundle.
        head: the hash that its first seal had, as it was printed or told.
    """
    beside = {SUMS, signing.SIGNATURE}
    known, there = listed(folder), [name for name in files(folder) if name not in beside]
    for name in sorted({*known, *there}):
        if name not in there:
            yield f"{name}: is missing"
        elif name not in known:
            yield f"{name}: was added"
        elif digest(folder / name) != known[name]:
            yield f"{name}: was changed"
    for path in folder.rglob("*"):
        if path.is_symlink():
            yield f"{path.relative_to(folder)}: is a link"
    yield from broken(folder, head)
    yield from damaged(folder)


def broken(folder: Path, head: str | None) -> Iterator[str]:
    """Yield where the chain of seals does not hold, and what changed between two of them."""
    previous, held = START, seals(folder)
    if not held:
        yield f"{SEALS}: has no seal"
    for number, seal in enumerate(held, 1):
        if journal.chained(previous, seal.content) != seal.hash:
            yield f"{SEALS}: seal {number} was changed"
        previous = seal.hash
    for earlier, later in itertools.pairwise(held):
        for name, value in earlier.files.items():
            if name not in CHANGING and later.files.get(name) != value:
                yield f"{name}: was changed before the next seal at {later.at}"
    yield from grown(folder, held)
    yield from amended(folder, held)
    if head is not None and not any(seal.hash.startswith(head.lower()) for seal in held):
        yield f"{SEALS}: no seal has the hash {head}"


def grown(folder: Path, held: Iterable[FolderSeal]) -> Iterator[str]:
    """Yield the seals whose timeline is not the beginning of the one that is there."""
    for seal in held:
        with contextlib.suppress(KeyError, OSError):
            known = seal.files[TIMELINE]
            if digest(folder / TIMELINE, known.size) != known.sha256:
                yield f"{TIMELINE}: does not begin with the events that were sealed at {seal.at}"


def amended(folder: Path, held: Sequence[FolderSeal]) -> Iterator[str]:
    """Yield the files that were changed since the run ended in more than what people add."""
    for name, essence in ((DATA, of_record), (REPORT, of_page)):
        first = held[0].files.get(name) if held else None
        if first is None or not (folder / name).is_file():
            continue
        if digest(folder / name) == first.sha256:
            continue
        ended = folder / ENDED / name
        if not ended.is_file() or digest(ended) != first.sha256:
            yield f"{name}: was changed, and {ENDED}/{name} is not what the run had written"
        elif essence(text_of(ended)) != essence(text_of(folder / name)):
            yield f"{name}: differs in more than what people add from what the run had written"


def text_of(path: Path) -> str:
    """Return a file that may have been damaged, as text."""
    return path.read_text("utf-8", "surrogateescape")


def of_record(text: str) -> Json:
    """Return what a record says beside what people add to it; its text where it is none."""
    try:
        data = loads(text)
    except ValueError:
        return text
    if not isinstance(data, dict):
        return text
    return {key: value for key, value in data.items() if key not in {"checklist", "afterwards"}}


def of_page(text: str) -> Json:
    """Return a page without what people add to it."""
    return AFTERWARDS.sub("", CHECKLIST.sub("", text, count=1), count=1)


def damaged(folder: Path) -> Iterator[str]:
    """Yield the journals whose entries do not follow from each other."""
    for path in sorted((folder / JOURNALS).glob("*")):
        try:
            journal.parsed(path.read_bytes(), path.name)
        except HostError as problem:
            yield f"{JOURNALS}/{path.name}: {problem.message}"
