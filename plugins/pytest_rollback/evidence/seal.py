"""A run's folder as evidence: complete, sealed, with checksums and in one archive.

`seals.jsonl` says what the folder held each time it was sealed: when the run ended, and after each
tick of the checklist. Every seal holds the hash of the one before it; `origin` is about who keeps
them elsewhere, so that a later edit shows. The timeline only ever grows. Report and record as they
were when the run ended stay in `ended/` once people add to them: nothing but the checklist and what
became of the run differs.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.state import journal
from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import signing
from pytest_rollback.evidence.archive import archive_of, archived, files
from pytest_rollback.evidence.json_data import Json, loads
from pytest_rollback.evidence.run_folder import DATA, REPORT, TIMELINE, private, write_private

SUMS, SEALS, HOST = "SHA256SUMS", "seals.jsonl", "host"
JOURNALS = f"{HOST}/journals"
CHANGING = frozenset({TIMELINE, DATA, REPORT})
"""Files that a tick changes: a later seal may hold them in another state."""

ENDED = "ended"
"""Where report and record stay as they were when the run ended, once a tick changes them."""

CHECKLIST = re.compile(r'<section aria-labelledby="checklists".*?</section>\n?', re.DOTALL)
"""The part of a page that a tick changes."""

AFTERWARDS = re.compile(r'<aside class="afterwards".*?</aside>\n?', re.DOTALL)
"""The part of a page that says what became of the run."""

BLOCK = 1 << 20
START = "0" * 64


class SealedFile(NamedTuple):
    """One file as a seal knows it."""

    sha256: str
    size: int


@dataclass(frozen=True)
class FolderSeal:
    """One line of `seals.jsonl`.

    Args:
        at, why: when the folder was sealed, and after what.
        files: what it held then, by name.
        hash: of the line before this one and of `content`.
        content: everything that the line says but its hash.
    """

    at: str
    why: str
    files: Mapping[str, SealedFile]
    hash: str
    content: dict[str, Json]

    @property
    def line(self) -> str:
        """The seal as it is written."""
        return json.dumps({**self.content, "hash": self.hash})


def digest(path: Path, size: int | None = None) -> str:
    """Return the sha256 of a file, or of its first bytes."""
    left = path.stat().st_size if size is None else size
    found = hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            found.update(block)
            left -= len(block)
    return found.hexdigest()


def close(folder: Path, why: str) -> str:
    """Seal a folder as it is, write its checksums and its archive; return the seal's hash.

    Raises:
        OSError: something cannot be read or written.
    """
    names = [name for name in files(folder) if name not in {SUMS, SEALS, signing.SIGNATURE}]
    held = {
        name: SealedFile(digest(folder / name), (folder / name).stat().st_size) for name in names
    }
    before = seals(folder)
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    content: dict[str, Json] = {"at": at, "why": why, "files": held}
    head = journal.chained(before[-1].hash if before else START, content)
    last = FolderSeal(at, why, held, head, content)
    replaced(folder / SEALS, written([*before, last]))
    sign(folder)
    replaced(folder / SUMS, sums(last, digest(folder / SEALS)))
    private(folder)
    archived(folder)
    return head


def written(held: Iterable[FolderSeal]) -> str:
    """Return the text of `seals.jsonl`."""
    return "".join(f"{each.line}\n" for each in held)


def sign(folder: Path) -> None:
    """Sign the seals with the operator's key, where there is one that needs nobody."""
    place = folder / signing.SIGNATURE
    place.unlink(missing_ok=True)  # that of the seals before this one says nothing any more
    by = signing.key()
    signature = signing.sign(folder / SEALS, by) if by else ""
    if signature:
        write_private(place, signature)


def replaced(path: Path, text: str) -> None:
    """Put a text in the place of a file, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    write_private(fresh, text)
    fresh.replace(path)


def seals(folder: Path) -> list[FolderSeal]:
    """Return the seals of a bundle as they are written, the first one first."""
    try:
        text = (folder / SEALS).read_bytes()
        lines = text.rstrip(b"\n").split(b"\n") if text else []
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(seal_of(line))
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"{folder / SEALS} is damaged at line {number}",
                hint=f"compare with the archive: tar -xOf {archive_of(folder)} "
                f"{folder.name}/{SEALS}",
            ) from error
    return found


def seal_of(line: bytes) -> FolderSeal:
    """Return a seal from its line.

    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    data = loads(line)
    if not isinstance(data, dict):
        raise TypeError("a seal is an object")
    held = {str(name): SealedFile(*value) for name, value in dict(data["files"]).items()}
    if not all(isinstance(each.size, int) and each.size >= 0 for each in held.values()):
        raise ValueError("a size is a number of bytes")
    content = {key: value for key, value in data.items() if key != "hash"}
    return FolderSeal(str(data.get("at")), str(data.get("why")), held, str(data["hash"]), content)


def sums(seal: FolderSeal, seals_digest: str) -> str:
    """Return the text of SHA256SUMS after a seal: for `sha256sum -c`, which knows no seals."""
    held = [(each.sha256, name) for name, each in seal.files.items()]
    every = sorted([*held, (seals_digest, SEALS)], key=str)
    return "".join(f"{sha}  {name}\n" for sha, name in every)


def stated(folder: Path) -> bytes:
    """Return the checksums that a bundle states.

    Raises:
        UsageError: it states none.
    """
    try:
        return (folder / SUMS).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{folder} is not sealed: {SUMS} is missing or unreadable",
            hint=f"if the run was killed: rollback report rebuild {folder} "
            "--target=PATH, PATH being your rollback.toml of its host",
        ) from error


def kept(folder: Path, name: str) -> None:
    """Keep a file as it was when the run ended, before the first tick changes it."""
    place = folder / ENDED / name
    if not place.exists():
        place.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(place, (folder / name).read_text("utf-8", "replace"))


def heads(journals: Mapping[str, str]) -> dict[str, str]:
    """Return the hash of the last entry of each journal that holds together."""
    found = {}
    for name, text in journals.items():
        with contextlib.suppress(HostError):
            raw = text.encode("utf-8", "surrogateescape")
            found[name] = journal.parsed(raw, name, is_copy=True).head
    return found


def combined(found: Mapping[str, str]) -> str:
    """Return one hash for the heads of all journals of a run; "" where there is none."""
    text = "".join(f"{head}  {name}\n" for name, head in sorted(found.items()))
    return hashlib.sha256(text.encode()).hexdigest() if text else ""
