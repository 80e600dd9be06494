"""What changed in a bundle since it was sealed: in its files, its seals, its journals.

A tick of the checklist changes a few files and seals them again; that is allowed, and nothing else
of them. Whether the seals are those that the run made is the matter of `origin`.
"""

from __future__ import annotations

import contextlib
import itertools
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.state import journal
from pytest_rollback.evidence import signing
from pytest_rollback.evidence.archive import files
from pytest_rollback.evidence.events import (
    LevelCalled,
    MessageSent,
    PersonEvent,
    kind_of,
    parsed,
)
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
    seals,
    stated,
    sums,
    written,
)

KEPT = frozenset({f"{ENDED}/{DATA}", f"{ENDED}/{REPORT}"})
"""Files that a tick adds."""

AFTER = (MessageSent, LevelCalled, *get_args(PersonEvent))
"""Events that follow the end of a run: what people do, and whom the escalation calls."""


def changed(folder: Path, head: str | None = None) -> Iterator[str]:
    """Yield what is not as it was sealed, a line each; nothing where all is.

    Args:
        folder: the bundle.
        head: the hash that its first seal had, as it was printed or told.
    """
    said, held = stated(folder), seals(folder)
    yield from unlike(folder, held)
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            yield f"{path.relative_to(folder)}: is {'a link' if stat.S_ISLNK(mode) else 'no file'}"
    yield from broken(folder, held, head)
    yield from damaged(folder)
    if held and said != sums(held[-1], digest(folder / SEALS)).encode():
        yield f"{SUMS}: was changed"


def unlike(folder: Path, held: Sequence[FolderSeal]) -> Iterator[str]:
    """Yield the files that are not as the last seal has them: it alone is signed, or kept."""
    if not held:
        yield f"{SEALS}: has no seal"
        return
    known = held[-1].files
    there = set(files(folder)) - {SUMS, SEALS, signing.SIGNATURE}
    for name in sorted({*known, *there}):
        if name not in there:
            yield f"{name}: is missing"
        elif name not in known:
            yield f"{name}: was added"
        elif digest(folder / name) != known[name].sha256:
            yield f"{name}: was changed"


def broken(folder: Path, held: Sequence[FolderSeal], head: str | None) -> Iterator[str]:
    """Yield where the chain of seals does not hold, and what changed between two of them."""
    previous = START
    if held and (folder / SEALS).read_bytes() != written(held).encode():
        yield f"{SEALS}: is not as seals are written"
    for number, seal in enumerate(held, 1):
        if journal.chained(previous, seal.content) != seal.hash:
            yield f"{SEALS}: seal {number} was changed"
        previous = seal.hash
    for earlier, later in itertools.pairwise(held):
        for name, value in earlier.files.items():
            if name not in CHANGING and later.files.get(name) != value:
                yield f"{name}: was changed before the next seal at {later.at}"
    yield from grown(folder, held)
    yield from added(folder, held)
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


def added(folder: Path, held: Sequence[FolderSeal]) -> Iterator[str]:
    """Yield what later seals add to a run, or take from it, that no person does."""
    if not held:
        return
    first, last = held[0].files, held[-1].files
    yield from (f"{name}: is new in a later seal" for name in sorted({*last} - {*first, *KEPT}))
    yield from (f"{name}: is gone in a later seal" for name in sorted({*first} - {*last}))
    path = folder / TIMELINE
    if TIMELINE in first and path.is_file():
        more = path.read_bytes()[first[TIMELINE].size :]
        events = [*parsed(more)]
        foreign = sorted({kind_of(each) for each in events if not isinstance(each, AFTER)})
        yield from (f"{TIMELINE}: {name!r} was added after the run ended" for name in foreign)
        if len(events) != len(more.splitlines()):
            yield f"{TIMELINE}: what was added after the run ended are no events"


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
            journal.parsed(path.read_bytes(), path.name, is_copy=True)
        except HostError as problem:
            yield f"{JOURNALS}/{path.name}: {problem.message}"
