"""Files from the recorded commit of the previous release, where a backup cannot be used.

Only content that has the recorded digest counts, so it is as good as the backup; owner, mode, times
and attributes come from the record. Nothing of the repository is run, its index and its work tree
are left alone, and as root it is read as its owner.
"""

from __future__ import annotations

import hashlib
from typing import Iterator, List, Optional, Sequence, Tuple

from ..errors import HostError
from ..state import backup_set
from ..state.backup_set import FileEntry

GROUP = 32 << 20
"""Bytes of files that are asked for in one command."""


def lacking(state: str, repository: Optional[str], files: Sequence[FileEntry]) -> dict[str, str]:
    """Return, for each file, why the recorded commit cannot give it; "" where it can.

    Without a repository nothing can be given.
    """
    said = {saved.path: "no repository in [fallback] git" for saved in files}
    if not (files and repository):
        return said
    try:
        for saved, content in contents(state, repository, files):
            said[saved.path] = wrong(saved, content)
    except HostError as problem:
        return dict.fromkeys(said, problem.message)
    return said


def wrong(saved: FileEntry, content: Optional[bytes]) -> str:
    """Return why content is not that of the recorded file, "" when it is."""
    if content is None:
        return "not a file in the recorded commit"
    if not saved.has_bytes(hashlib.sha256(content).hexdigest()):
        return "the recorded commit has other content"
    return ""


def contents(
    state: str, repository: str, files: Sequence[FileEntry]
) -> Iterator[Tuple[FileEntry, Optional[bytes]]]:
    """Yield each file with its content in the recorded commit, None where that has no such file.

    Raises:
        HostError: no commit is recorded, or the repository cannot be read.
    """
    from ..backup import git  # noqa: PLC0415 - only some systems are deployed from a repository

    commit = backup_set.read(state).previous.commit
    if not commit:
        raise HostError("the record has no commit", "pass the deployed commit to rollback save")
    (found,) = git.resolved(repository, [commit])
    wanted = {saved.path: saved.is_link for saved in files}
    objects = {
        entry.path: entry.object
        for entry in git.listing(repository, found)
        if entry.kind == "blob" and wanted.get(entry.path) is entry.is_link
    }
    for group in _groups([saved for saved in files if saved.path in objects]):
        yield from zip(group, _read(repository, [objects[saved.path] for saved in group]))
    for saved in files:
        if saved.path not in objects:
            yield saved, None


def _groups(files: Sequence[FileEntry]) -> Iterator[List[FileEntry]]:
    """Yield the files in groups that fit into memory."""
    group: List[FileEntry] = []
    for saved in files:
        if group and sum(each.size for each in group) + saved.size > GROUP:
            yield group
            group = []
        group.append(saved)
    if group:
        yield group


def _read(repository: str, objects: Sequence[str]) -> List[Optional[bytes]]:
    """Return the content of objects, None where the repository has lost one."""
    from ..backup import git  # noqa: PLC0415 - only some systems are deployed from a repository

    given = "".join(f"{name}\n" for name in objects)
    answer = git.output(repository, "cat-file", "--batch", given=given)
    raw, at = answer.encode("utf-8", "surrogateescape"), 0
    found: List[Optional[bytes]] = []
    for _ in objects:
        head, _, _ = raw[at : at + 200].partition(b"\n")
        words = head.split(b" ")
        at += len(head) + 1
        if len(words) != 3:  # noqa: PLR2004 - id, kind, size; else "id missing"
            found.append(None)
            continue
        size = int(words[2])
        found.append(raw[at : at + size])
        at += size + 1
    return found
