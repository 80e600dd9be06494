"""A backup set, compared with the releases in the repository: what is missing, what is another's.

Contents are compared as git stores them, by the ids of blobs: of the files on disk they are made
here, those of a commit are looked up by path. So nothing is read but the files of the set.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from typing import Container, Dict, Iterable, NamedTuple, Optional, Sequence

from ..files import lookup, state
from ..files.handles import Irregular, open_regular
from ..files.read import blocks
from ..files.tree import Tree
from ..messages.backup.verify import BackupsRequest, ReleaseContent
from ..state.backup_set import BackupSet
from ..state.releases import copies
from ..state.releases.copies import Copies
from . import git

TAGS = 30
"""Tags that are tried when files are not those of the recorded commit, the youngest first."""

LATER = "changed since the set was saved, and has the content of another commit"
ALONE = "changed since the set was saved, and has content of no commit"

LARGEST = 16 << 20
"""Bytes of a file whose line ends are looked at."""


class SetInRepository(NamedTuple):
    """What the repository says of a set: files it lacks, and its content beside both commits.

    `later` are files that it lacks and that changed since it was saved, beside the current one.
    """

    undeclared: tuple[str, ...]
    previous: ReleaseContent
    current: ReleaseContent
    later: ReleaseContent


def compared(request: BackupsRequest, known: BackupSet) -> Optional[SetInRepository]:
    """Return what the repository says of a set; None where none, or no commits, are known.

    Raises:
        HostError: the repository cannot be read.
    """
    repository, root = request.selection.git, request.location.root
    if not repository or not (known.previous.commit and known.current.commit):
        return None
    commits = git.resolved(repository, [known.previous.commit, known.current.commit])
    place = Repository(repository, root, *commits)
    files, added = [saved.path for saved in known.files], list(known.added)
    where = copies.of(request.location, known)
    with Tree(root) as tree:
        return SetInRepository(
            place.undeclared({*files, *added}),
            _saved(place, where, files),
            place.content(tree, commits[1], {path: path for path in files + added}, live=True),
            place.later(tree, {*files, *added}, known.created),
        )


def _saved(place: Repository, where: Copies, files: list[str]) -> ReleaseContent:
    """Return what the repository says of backups; of a folder that is gone other criteria tell."""
    if lookup.kind(where.base, follow=False) != "directory":
        return ReleaseContent(place.previous, 0, {})
    with Tree(where.base) as tree:
        return place.content(tree, place.previous, {path: path + where.end for path in files})


class Repository(NamedTuple):
    """A repository, the root that it is deployed to, and the two recorded commits."""

    path: str
    root: str
    previous: str
    current: str

    @property
    def below(self) -> str:
        """What the repository's paths begin with that are deployed."""
        inside = os.path.relpath(os.path.realpath(self.root), os.path.realpath(self.path))
        return "" if self.is_apart or inside == "." else f"{inside}/"

    def undeclared(self, declared: set[str]) -> tuple[str, ...]:
        """Return which paths of the release diff a set lacks."""
        diff = git.changed(self.path, self.previous, self.current)
        below = self.below
        lacking = set(git.within(below, diff.changed + diff.added)) - declared
        gone = set(git.within(below, diff.removed)) - declared
        found = {path for path in lacking if self._is_deployed(path)}
        return tuple(sorted(found.union(path for path in gone if self._was_deployed(path))))

    def later(self, tree: Tree, declared: set[str], created: str) -> ReleaseContent:
        """Return which live files changed since a set was saved that does not have them.

        Those of the current release are told by their times, others by the commits that came after
        it, where the root is the repository itself.
        """
        since = dt.datetime.fromisoformat(created).timestamp()
        listed = [entry.path for entry in git.listing(self.path, self.current)]
        names = git.within(self.below, listed)
        paths = [path for path in names if self._changed(tree, path) > since]
        if not self.is_apart:
            diff = git.changed(self.path, self.current, "HEAD")
            paths += git.within(self.below, diff.changed + diff.added)
        there = [path for path in dict.fromkeys(paths) if path not in declared]
        disk = {path: on_disk(tree, path, len(self.current)) for path in there}
        wanted = self.blobs(self.current, there)
        differ = {path: one for path, one in disk.items() if one and one != wanted[path]}
        known = self.known(differ)
        said = {path: LATER if one in known else ALONE for path, one in differ.items()}
        number = sum(one in known for one in differ.values())
        return ReleaseContent(self.current, len(there), said, number)

    @staticmethod
    def _changed(tree: Tree, path: str) -> float:
        """Return when a deployed file was changed last, in epoch seconds; 0 where there is none."""
        try:
            return tree.status(path).st_ctime
        except (OSError, Irregular):
            return 0.0

    @property
    def is_apart(self) -> bool:
        """Return whether the root is no part of the repository: some of its files are not used."""
        top, here = os.path.realpath(self.path), os.path.realpath(self.root)
        return os.path.commonpath([top, here]) != top

    def _is_deployed(self, path: str) -> bool:
        """Return whether a path is part of the system: tests and documents may not be."""
        return not self.is_apart or bool(lookup.kind(f"{self.root}/{path}", follow=False))

    def _was_deployed(self, path: str) -> bool:
        """Return whether a path that the release removes was part of the system, or may have been.

        It was if its directory is; it was not if its top directory is in the release, and is not
        deployed. What vanished with all of its top directory may have been.
        """
        if self._is_deployed(path):
            return True
        above = os.path.dirname(path)
        while above:
            if lookup.kind(f"{self.root}/{above}") == "directory":
                return True
            above = os.path.dirname(above)
        tops = git.output(self.path, "ls-tree", "-z", "--name-only", self.current).split("\0")
        if "/" in path:
            return path.partition("/")[0] not in tops
        return any(lookup.kind(f"{self.root}/{name}") == "file" for name in tops if name)

    def content(
        self, tree: Tree, commit: str, names: Dict[str, str], *, live: bool = False
    ) -> ReleaseContent:
        """Return which files are not those of a commit.

        Args:
            tree: the root.
            commit: its full id.
            names: each path of the set, with the path of the file on disk to compare.
            live: whether a file that the commit lacks, and the previous release has, is one.
        """
        paths = list(names)
        wanted = self.blobs(commit, paths)
        before = self.blobs(self.previous, paths) if live else {}
        meant = [path for path in paths if wanted[path] or before.get(path)]
        disk = {path: on_disk(tree, names[path], len(commit)) for path in meant}
        if not live:  # what is not there is told elsewhere
            meant = [path for path in meant if disk[path]]
        differ = [path for path in meant if disk[path] != wanted[path]]
        plain = {path: on_disk(tree, names[path], len(commit), plain=True) for path in differ}
        known = self.known({path: disk[path] for path in differ})
        said = {
            path: "has other line ends than the commit"
            if disk[path] and plain[path] == wanted[path]
            else _words(disk[path], wanted[path], known)
            for path in differ
        }
        ids = {path: disk[path] for path in meant}
        return ReleaseContent(
            commit,
            len(meant),
            said,
            sum(one in known for one in map(disk.get, differ)),
            self._tag(ids) if differ else "",
        )

    def blobs(self, commit: str, paths: Sequence[str]) -> Dict[str, str]:
        """Return the id of each path's blob in a commit, "" where it has no such file."""
        told = [path for path in paths if "\n" not in path]
        found = git.kinds(self.path, [f"{commit}:{self.below}{path}" for path in told])
        ids = {path: one for path, (one, kind) in zip(told, found) if kind == "blob"}
        return {path: ids.get(path, "") for path in paths}

    def known(self, differ: Dict[str, str]) -> set[str]:
        """Return which ids are those of blobs in the repository: some commit has them."""
        return {one for one, kind in git.kinds(self.path, list(differ.values())) if kind == "blob"}

    def _tag(self, disk: Dict[str, str]) -> str:
        """Return a tag that has all of these files as they are on disk, "" if none has."""
        listed = git.output(
            self.path,
            "for-each-ref",
            f"--count={TAGS}",
            "--sort=-creatordate",
            "--format=%(refname)",
            "refs/tags",
        )
        for tag in listed.split():
            if any(disk.values()) and self.blobs(tag, list(disk)) == disk:
                return tag[len("refs/tags/") :]
        return ""


def _words(found: str, wanted: str, known: Container[str]) -> str:
    """Return how the blob on disk is not that of a commit."""
    if not found:
        return "is missing"
    if not wanted:
        return "is there, and the release deletes it"
    return f"has {'the content of another commit' if found in known else 'content of no commit'}"


def on_disk(tree: Tree, path: str, length: int, *, plain: bool = False) -> str:
    """Return the id, of so many hexadecimal digits, that git would store a file or link under.

    "" where there is none. `plain` takes line feeds alone for the ends of its lines, unless it is
    too large for that.
    """
    kind = "sha1" if length == 40 else "sha256"  # noqa: PLR2004 - the two formats of git
    try:
        directory, name = tree.parent(path)
        if state.look(directory, name, -1).kind == "symlink":
            return blob_id(kind, [os.fsencode(os.readlink(name, dir_fd=directory))])
        opened = open_regular(directory, name)
    except (OSError, Irregular):
        return ""
    with os.fdopen(opened, "rb") as file:
        size = os.fstat(opened).st_size
        if not plain or size > LARGEST:
            return blob_id(kind, blocks(opened, size), size)
        return blob_id(kind, [file.read(LARGEST).replace(b"\r\n", b"\n")])


def blob_id(kind: str, content: Iterable[bytes], size: Optional[int] = None) -> str:
    """Return the id of a blob; `size` in bytes is needed where the content is no list."""
    if size is None:
        content = list(content)
        size = sum(map(len, content))
    found = hashlib.new(kind, b"blob %d\0" % size)
    for block in content:
        found.update(block)
    return found.hexdigest()
