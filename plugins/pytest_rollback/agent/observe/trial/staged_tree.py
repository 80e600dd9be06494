"""A tree as it would be after the rollback, built outside the live root, which is only read.

Directories on the way to a restored, removed or started-in place are real; everything else in
them is a link into the live tree. So the cost is that of the directories touched.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import re
from contextlib import contextmanager
from typing import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from ...configuration.units.definition import TriedTree
from ...errors import HostError
from ...files import links, temporary
from ...files import tree as files_tree
from ...files.metadata import FileEntry
from ...files.read import blocks, sha256
from ...messages.trial import TrialRequest

Fetch = Callable[[Sequence[FileEntry]], Iterator[Tuple[FileEntry, Optional[bytes]]]]
"""Gives the recorded content of files; None where it is not to be had."""


class TrialSite(NamedTuple):
    """Where a trial takes place: the staged root, the live one, and what differs between them."""

    root: str
    live: str
    touched: Tuple[str, ...]
    user: str
    until: float

    def moved(self, text: str) -> str:
        """Return a text whose paths below the live root lead into the staged one."""
        pattern = rf"(?<![\w.-]){re.escape(self.live)}(?![\w.-])"
        return re.sub(pattern, lambda _: self.root, text)

    def tree(self, *names: str) -> TriedTree:
        """Return where paths below the live root, or its other names, are read."""
        return TriedTree(tuple(dict.fromkeys((self.live, *names))), self.root)


class StagedTree:
    """One staged tree: what is copied, what is gone, and what could not be staged, in words."""

    def __init__(
        self,
        place: str,
        request: TrialRequest,
        entries: Mapping[str, FileEntry],
        fetch: Optional[Fetch] = None,
    ) -> None:
        self.fetch = fetch
        self.live = os.path.realpath(request.location.root)
        self.root = os.path.join(place, "root")
        self.suffix = request.location.suffix
        named = frozenset(request.files or ())
        self.files = frozenset(path for path in named if not self.stays(path, entries))
        self.gone = frozenset(request.added)
        self.owner, self.entries = owner(request.user), entries
        self.faults: dict[str, str] = {}

    def stays(self, path: str, entries: Mapping[str, FileEntry]) -> bool:
        """Return whether a path is a directory, recorded and live: what it holds now stays."""
        place, entry = os.path.join(self.live, path), entries.get(path)
        folder = os.path.isdir(place) and not os.path.islink(place)
        return entry is not None and entry.is_directory and folder

    def build(self, directories: Iterable[str]) -> None:
        """Build the tree, and make these directories real too: a link would lead out of it."""
        refuse_detours((*self.files, *self.gone))
        wanted = set(ancestors((*self.files, *self.gone)))
        for directory in directories:
            wanted.update(ancestors((f"{directory}/.",)) if directory != "." else ())
        self.fill("", wanted | {""})
        with files_tree.Tree(self.live) as tree:
            for path in sorted(self.files):
                self.restore(tree, path)
        if self.fetch and self.faults:
            self.fetched(self.fetch)

    def fetched(self, fetch: Fetch) -> None:
        """Put in place what has no usable backup, from where the restore will have it as well."""
        lacking = [self.entries[path] for path in sorted(self.faults) if path in self.entries]
        try:
            for entry, content in fetch(lacking):
                digest = hashlib.sha256(content or b"").hexdigest()
                if content is not None and entry.holds(len(content), digest):
                    self.given(entry, content)
                    del self.faults[entry.path]
        except HostError:
            pass  # the faults say what is missing

    def given(self, entry: FileEntry, content: bytes) -> None:
        """Put content of the recorded commit in its place: of a link the name it leads to."""
        if entry.is_link:
            self.link(entry, content)
        else:
            self.put(os.path.join(self.root, entry.path), [content], entry.mode, entry)

    def link(self, entry: FileEntry, target: bytes) -> None:
        """Make a recorded link; one that stays inside leads into the stage."""
        os.symlink(self.led(entry.path, os.fsdecode(target)), os.path.join(self.root, entry.path))

    def fill(self, directory: str, wanted: set[str]) -> None:
        """Make one directory real, and whatever below it has to be."""
        here, there = os.path.join(self.root, directory), os.path.join(self.live, directory)
        os.mkdir(here)
        with os.scandir(there) as found:
            for entry in found:
                path = f"{directory}/{entry.name}" if directory else entry.name
                if self.left_out(path, entry.name):
                    continue
                if path in wanted and entry.is_dir(follow_symlinks=False):
                    self.fill(path, wanted)
                else:
                    os.symlink(self.target(entry), os.path.join(here, entry.name))
        like(os.stat(there), here)

    def left_out(self, path: str, name: str) -> bool:
        """Return whether a live entry has no place in the stage, or will be put there as a copy."""
        saved = name.endswith(self.suffix) or name == "__pycache__"
        return saved or path in self.gone or path in self.files

    def target(self, entry: os.DirEntry[str]) -> str:
        """Return what a link in the stage leads to: a live link that stays inside is kept."""
        if not entry.is_symlink():
            return entry.path
        return self.led(os.path.relpath(entry.path, self.live), os.readlink(entry.path))

    def led(self, path: str, to: str) -> str:
        """Return where a link at a path leads in the stage, given where it leads live."""
        if to.startswith(self.live + "/"):
            return self.root + to[len(self.live) :]
        end = os.path.normpath(os.path.join(self.live, os.path.dirname(path), to))
        return to if end.startswith(self.live + "/") else end

    def restore(self, tree: files_tree.Tree, path: str) -> None:
        """Copy one backup to where its file would be, with the recorded owner and mode."""
        entry = self.entries.get(path)
        if entry and entry.is_directory:
            self.make(entry)
            return
        try:
            directory, name = tree.parent(path + self.suffix)
            if entry and entry.is_link:
                self.restore_link(entry, links.read(directory, name).target)
                return
            source = files_tree.open_regular(directory, name)
        except (OSError, files_tree.Irregular) as error:
            self.faults[path] = f"its backup cannot be read: {getattr(error, 'strerror', error)}"
            return
        try:
            state = os.fstat(source)
            if self.fetch and entry and not is_recorded(source, entry):
                self.faults[path] = "its backup has other content than recorded"
                return
            content = blocks(source, state.st_size)
            self.put(os.path.join(self.root, path), content, state.st_mode, entry)
        finally:
            os.close(source)

    def make(self, entry: FileEntry) -> None:
        """Make a recorded directory, which is empty."""
        place = os.path.join(self.root, entry.path)
        os.mkdir(place, 0o700)
        if os.geteuid() == 0:
            os.chown(place, entry.uid, entry.gid)
        os.chmod(place, mode_of(entry.mode, entry) | 0o700)

    def restore_link(self, entry: FileEntry, target: bytes) -> None:
        """Make a recorded link again, if its backup leads where it should."""
        if entry.holds(len(target), hashlib.sha256(target).hexdigest()):
            self.link(entry, target)
        else:
            self.faults[entry.path] = "its backup leads elsewhere than recorded"

    def put(self, path: str, content: Iterable[bytes], mode: int, entry: FileEntry | None) -> None:
        """Write a file; one that the record does not know is for the user alone."""
        with open(path, "xb", opener=private) as file:
            file.writelines(content)
            owned = (entry.uid, entry.gid) if entry else self.owner
            if owned is not None and os.geteuid() == 0:
                os.fchown(file.fileno(), *owned)
            os.fchmod(file.fileno(), mode_of(mode, entry))


def is_recorded(source: int, entry: FileEntry) -> bool:
    """Return whether an open file has the recorded content; it is at its beginning again."""
    size = os.fstat(source).st_size
    same = size == entry.size and entry.holds(size, sha256(source, size))
    os.lseek(source, 0, os.SEEK_SET)
    return same


def mode_of(mode: int, entry: FileEntry | None) -> int:
    """Return the mode of a staged copy: the recorded one, without set-user-id and its like."""
    if entry is None:
        return 0o700 if mode & 0o100 else 0o600
    return entry.mode & 0o777


@contextmanager
def staged(
    request: TrialRequest,
    directories: Iterable[str],
    entries: Mapping[str, FileEntry],
    fetch: Optional[Fetch] = None,
) -> Iterator[StagedTree]:
    """Yield the staged tree of a request; it is removed afterwards.

    `entries` are the recorded owners and modes of its files, by path.

    Raises:
        HostError: there is no room for it, or a path leads out of the root.
    """
    with temporary.directory() as place:
        os.chmod(place, 0o711)  # noqa: S103 - the service user passes through, and lists nothing
        stage = StagedTree(place, request, entries, fetch)
        try:
            stage.build(directories)
        except OSError as error:
            raise HostError(
                f"the restored tree cannot be staged in {place}: {error}",
                f"free some space with 'df -h {os.path.dirname(place)}', or set TMPDIR",
            ) from error
        yield stage


def ancestors(names: Iterable[str]) -> Iterator[str]:
    """Yield every directory above these paths, without the root."""
    for name in names:
        above = os.path.dirname(name)
        while above:
            yield above
            above = os.path.dirname(above)


def refuse_detours(names: Iterable[str]) -> None:
    """Refuse paths that could lead out of the root."""
    for name in names:
        fault = files_tree.fault(name)
        if fault:
            raise HostError(f"the path {name!r} {fault}", "save the backup set again")


def owner(user: str) -> tuple[int, int] | None:
    """Return the ids that copies get; None where they stay ours."""
    if not user or os.geteuid() != 0:
        return None
    account = pwd.getpwnam(user)
    return account.pw_uid, account.pw_gid


def like(state: os.stat_result, directory: str) -> None:
    """Give a staged directory the mode and owner of the live one; we can still remove it."""
    os.chmod(directory, state.st_mode & 0o7777 | 0o700)
    if os.geteuid() == 0:
        os.chown(directory, state.st_uid, state.st_gid)


def private(path: str, flags: int) -> int:
    """Open a new file that nobody else can read."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
