"""The last resort for configuration that is broken: the release's own defaults, by confirmation.

Only files are replaced that would be broken after the restore: no backup or commit has what was
recorded, or what was recorded cannot be read. What was live is kept, and undo brings it back.
"""

from __future__ import annotations

import base64
import contextlib
import difflib
import hashlib
import json
import os
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set

from ..configuration import env_file, formats
from ..errors import HostError
from ..files import metadata, state
from ..files.handles import FRESH, Irregular, open_regular
from ..files.tree import Tree
from ..messages.rollback.default_configuration import (
    BrokenFile,
    DefaultsPlan,
    DefaultsRequest,
    DefaultsUsed,
)
from ..restore import git_source
from ..state import backup_set, evidence
from ..state.backup_set import FileEntry
from ..state.lock import working
from ..state.releases import copies
from ..state.releases.copies import OpenCopies
from .default_undo import DEFAULTING, kept, named

PRIVATE = 0o600
LINES = 60
"""Lines of a difference that are shown."""


class DefaultFile(NamedTuple):
    """One broken file, why it is, its default's bytes, and the digest of what is live ("")."""

    path: str
    why: str
    content: bytes
    live: str
    saved: Optional[FileEntry]

    @property
    def sha256(self) -> str:
        """The digest of the default."""
        return hashlib.sha256(self.content).hexdigest()


def look(request: DefaultsRequest) -> DefaultsPlan:
    """Return the broken files, and what their defaults would change."""
    found, lacking = broken(request)
    left = [each for each in found if each.live != each.sha256]
    secrets = request.selection.secrets
    with Tree(request.location.root) as tree:
        files = tuple(
            BrokenFile(each.path, each.why, tuple(difference(tree, each, secrets))) for each in left
        )
    return DefaultsPlan(files, tuple(each.path for each in found), lacking, digest(left))


def digest(items: List[DefaultFile]) -> str:
    """Return what binds a plan to the very contents it was made from."""
    text = repr([(each.path, each.sha256, each.live) for each in items])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def broken(request: DefaultsRequest) -> tuple[List[DefaultFile], Dict[str, str]]:
    """Return broken files with their defaults, and why others that are broken have none."""
    location = request.location
    known = {saved.path: saved for saved in backup_set.read(location.state).files}
    found: List[DefaultFile] = []
    lacking: Dict[str, str] = {}
    with Tree(location.root) as tree:
        for path in request.files:
            why = _broken(request, tree, path, known)
            if not why:
                continue
            content, wrong = _default(tree, location.root, request.defaults, path)
            if wrong:
                lacking[path] = f"{why}; its default {wrong}"
            else:
                live = state.live(tree, path).sha256
                found.append(DefaultFile(path, why, content, live, known.get(path)))
    return found, lacking


def _broken(request: DefaultsRequest, tree: Tree, path: str, known: Mapping[str, FileEntry]) -> str:
    """Return why a file could not be read after a restore, "" when it could."""
    root, saved, where = request.location.root, known.get(path), copies.recorded(request.location)
    there = formats.restored(root, where, known, path)
    if saved is None:
        return _unread(there, "")
    with OpenCopies(where, tree) as backups:
        copy = backups.look(path, saved.size)
    if copy.has_content(saved):
        return _unread(there, where.end)
    lost = git_source.lacking(request.location.state, request.selection.git, [saved])[path]
    return f"its backup is {copy.kind}, not as recorded; {lost}" if lost else ""


def _unread(path: str, suffix: str) -> str:
    why = formats.problem(path, suffix) or ""
    return "" if why.startswith(formats.UNCHECKED) else why


def _default(tree: Tree, root: str, defaults: str, path: str) -> tuple[bytes, str]:
    """Return the content of a file's default, and why it cannot be used."""
    name = f"{defaults}/{os.path.basename(path)}"
    try:
        with os.fdopen(open_regular(*tree.parent(name)), "rb") as file:
            content = file.read()
    except Irregular as other:
        return b"", f"is a {other.kind}"
    except OSError as error:
        return b"", str(error.strerror)
    wrong = _unread(os.path.join(root, name), "")
    return content, f"cannot be read either: {wrong}" if wrong else ""


def difference(tree: Tree, item: DefaultFile, secrets: Sequence[str]) -> List[str]:
    """Return how a default differs from what is live: of secret files the names of keys alone."""
    live = b""
    with contextlib.suppress(OSError, Irregular), os.fdopen(
        open_regular(*tree.parent(item.path)), "rb"
    ) as file:
        live = file.read()
    before, after = (raw.decode("utf-8", "replace") for raw in (live, item.content))
    if item.path in secrets:
        return list(_keys(item.path, before, after))
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return list(lines)[2:][:LINES]


def _keys(path: str, before: str, after: str) -> Iterator[str]:
    """Yield the removed, added and changed keys, without values."""
    old, new = _values(path, before), _values(path, after)
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield f"-{key}"
        elif key not in old:
            yield f"+{key}"
        elif old[key] != new[key]:
            yield f"~{key}"


def _values(path: str, text: str) -> Dict[str, object]:
    """Return the settings of a file by name; of a kind that we do not know, none."""
    if formats.guessed(os.path.basename(path)) == "env":
        return {each.key: each.value for each in env_file.entries(text) if each.key}
    with contextlib.suppress(ValueError):
        found = json.loads(text)
        if isinstance(found, dict):
            return dict(found)
    return {}


def apply(request: DefaultsRequest) -> DefaultsUsed:
    """Put the defaults of broken files in their place, what was live kept in the evidence.

    Raises:
        HostError: something changed since the plan was made.
    """
    root = request.location.root
    with working(request.location) as work:
        left = [each for each in broken(request)[0] if each.live != each.sha256]
        if digest(left) != request.digest:
            raise HostError("configuration changed since the plan", "run the same command again")
        secrets = set(request.selection.secrets)
        with Tree(root) as tree, Tree(evidence.home(work)) as store:
            for each in left:
                _keep(tree, store, each)
                facts = {"before": each.live, "after": each.sha256, "path": each.path}
                work.journal.add(DEFAULTING, root=root, **facts)
                with tree.naming(each.path):
                    _put(tree, each, secrets)
        return DefaultsUsed(tuple(each.path for each in left))


def _keep(tree: Tree, store: Tree, item: DefaultFile) -> None:
    """Keep what is live, under its digest: a file may be replaced twice."""
    place = kept(item.path, item.live)
    if item.live and state.live(store, place).sha256 != item.live:
        evidence.make(store, place.rpartition("/")[0])
        evidence.copy(tree.parent(item.path), store.parent(place))


def _put(tree: Tree, item: DefaultFile, secrets: Set[str]) -> None:
    """Give the default its name in one step, with the metadata that the file has or had."""
    directory, name = tree.parent(item.path)
    new = named(item.path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory)
    opened = os.open(new, FRESH, PRIVATE, dir_fd=directory)
    with os.fdopen(opened, "wb") as file:
        file.write(item.content)
        file.flush()
        wanted = _like(directory, name, item, os.fstat(opened))
        if wanted:
            mode = wanted.mode & PRIVATE if item.path in secrets else wanted.mode
            metadata.apply(opened, wanted._replace(mode=mode))
        os.fsync(opened)
    os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)


def _like(
    directory: int, name: str, item: DefaultFile, now: os.stat_result
) -> Optional[metadata.Metadata]:
    """Return the metadata to give: the record's, else the live file's, else ours alone."""
    if item.saved is not None and not item.saved.is_link:
        saved = item.saved
        xattrs = {key: base64.b64decode(value) for key, value in saved.xattrs.items()}
        wanted = metadata.Metadata(saved.mode, saved.uid, saved.gid, 0, 0, xattrs)
    elif state.look(directory, name, -1).is_file:
        before = open_regular(directory, name)
        try:
            wanted = metadata.read(before)
        finally:
            os.close(before)
    else:
        return None
    return wanted._replace(atime_ns=now.st_atime_ns, mtime_ns=now.st_mtime_ns)
