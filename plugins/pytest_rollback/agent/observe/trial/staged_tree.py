"""A tree as it would be after the rollback, built outside the live root, which is only read.

Directories on the way to what is restored, removed or started in are real; all else is a link.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from contextlib import contextmanager
from typing import Iterable, Iterator, Mapping, Optional

from ...errors import HostError
from ...files import handles, links, state
from ...files import tree as files_tree
from ...files.metadata import FileEntry
from ...files.read import blocks, poured
from ...messages.location import is_below
from ...messages.trial import TrialRequest
from ...state.evidence import make
from ...state.releases import copies
from ...state.releases.copies import OpenCopies
from ...system import temporary
from .trial_site import Fetch, TrialSite


class StagedTree:
    """One staged tree: what is copied, what is gone, and what could not be staged, in words.

    Whoever can write the live tree changes it meanwhile as he likes, so it is read by handles that
    follow no link, and what is copied is compared with the record as it was copied. The stage is
    ours alone while it is built: owners and modes are given last.
    """

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
        self.place, self.suffix = request.location, request.location.suffix
        places = request.location.places if request.location.within else ()
        self.site = TrialSite(self.root, self.live, (), "", 0.0, places)
        named = frozenset(request.files or ())
        self.gone = frozenset(request.added)
        self.owner, self.entries = owner(request.user), entries
        with files_tree.Tree(self.live) as tree:
            self.files = frozenset(path for path in named if not self.stays(tree, path))
        self.faults: dict[str, str] = {}
        self.dress: list[tuple[str, tuple[int, int] | None, int]] = []

    def stays(self, tree: files_tree.Tree, path: str) -> bool:
        """Return whether a path is a directory, recorded and live: what it holds now stays."""
        entry = self.entries.get(path)
        return bool(entry and entry.is_directory) and state.live(tree, path, 0).kind == "directory"

    def build(self, directories: Iterable[str]) -> None:
        """Build the tree, and make these directories real too: a link would lead out of it."""
        refuse_detours((*self.files, *self.gone))
        wanted = set(ancestors((*self.files, *self.gone)))
        for directory in directories:
            wanted.update(ancestors((f"{directory}/.",)) if directory != "." else ())
        os.mkdir(self.root, 0o700)
        with files_tree.Tree(self.live) as tree, files_tree.Tree(self.root) as stage:
            for place in self.place.within or ("",):
                if not place or self.begin(tree, stage, place):
                    self.fill(tree, stage, wanted, place)
            for above in sorted(set(map(os.path.dirname, self.files))):
                make(stage, above, 0o755)  # a deploy may have deleted it
            with OpenCopies(copies.recorded(self.place), tree) as backups:
                for path in sorted(self.files):
                    self.restore(backups, stage, path)
            if self.fetch and self.faults:
                self.fetched(stage, self.fetch)
            for path, ids, mode in reversed(self.dress):
                dressed(stage.directory(path), ids, mode)

    def fetched(self, stage: files_tree.Tree, fetch: Fetch) -> None:
        """Put in place what has no usable backup, from where the restore will have it as well."""
        lacking = [self.entries[path] for path in sorted(self.faults) if path in self.entries]
        try:
            for entry, content in fetch(lacking):
                digest = hashlib.sha256(content or b"").hexdigest()
                if content is not None and entry.holds(len(content), digest):
                    self.given(stage, entry, content)
                    del self.faults[entry.path]
        except HostError:
            pass  # the faults say what is missing

    def given(self, stage: files_tree.Tree, entry: FileEntry, content: bytes) -> None:
        """Put content of the recorded commit in its place: of a link the name it leads to."""
        if entry.is_link:
            self.link(stage, entry, content)
        else:
            self.put(stage, entry.path, ([content], entry.mode), entry)

    def link(self, stage: files_tree.Tree, entry: FileEntry, target: bytes) -> None:
        """Make a recorded link; one that stays inside leads into the stage."""
        directory, name = stage.parent(entry.path)
        os.symlink(self.led(entry.path, os.fsdecode(target)), name, dir_fd=directory)

    def begin(self, tree: files_tree.Tree, stage: files_tree.Tree, place: str) -> bool:
        """Make the way to one of several places; return whether it is a directory, made as well."""
        make(stage, os.path.dirname(place), 0o755)
        self.dress += [(each, None, 0o755) for each in ("", *ancestors((place,)))]
        kind = state.live(tree, place, 0).kind
        if kind == "directory":
            make(stage, place)
        elif kind != state.ABSENT and place not in (*self.gone, *self.files):
            directory, name = stage.parent(place)
            os.symlink(os.path.join(self.live, place), name, dir_fd=directory)
        return kind == "directory"

    def fill(
        self, tree: files_tree.Tree, stage: files_tree.Tree, wanted: set[str], begin: str = ""
    ) -> None:
        """Make one directory after the other real, from the first on, and links of all the rest."""
        left = [begin]
        while left:
            path = left.pop()
            there, here = tree.directory(path), stage.directory(path)
            found = os.fstat(there)
            self.dress.append((path, (found.st_uid, found.st_gid), found.st_mode & 0o7777))
            for name in os.listdir(there):
                below = f"{path}/{name}" if path else name
                if self.left_out(below, name):
                    continue
                mode = os.stat(name, dir_fd=there, follow_symlinks=False).st_mode
                if below in wanted and stat.S_ISDIR(mode):
                    os.mkdir(name, 0o700, dir_fd=here)
                    left.append(below)
                else:
                    to = self.target(there, below, mode)
                    os.symlink(to, name, dir_fd=here)

    def left_out(self, path: str, name: str) -> bool:
        """Return whether a live entry has no place in the stage, or will be put there as a copy."""
        saved = name.endswith(self.suffix) or name == "__pycache__"
        return saved or path in self.gone or path in self.files

    def target(self, directory: int, path: str, mode: int) -> str:
        """Return what a link in the stage leads to: a live link that stays inside is kept."""
        if not stat.S_ISLNK(mode):
            return os.path.join(self.live, path)
        return self.led(path, os.readlink(os.path.basename(path), dir_fd=directory))

    def led(self, path: str, to: str) -> str:
        """Return where a link at a path leads in the stage, given where it leads live."""
        moved = next((each for each in self.site.trees if to.startswith(f"{each[0]}/")), None)
        if moved:
            return moved[1] + to[len(moved[0]) :]
        end = os.path.normpath(os.path.join(self.live, os.path.dirname(path), to))
        return to if is_below(end, self.site.lives) else end

    def restore(self, backups: OpenCopies, stage: files_tree.Tree, path: str) -> None:
        """Copy one backup to where its file would be, with the recorded owner and mode."""
        entry = self.entries.get(path)
        if entry and entry.is_directory:
            directory, name = stage.parent(path)
            os.mkdir(name, 0o700, dir_fd=directory)
            self.dress.append((path, (entry.uid, entry.gid), mode_of(entry.mode, entry)))
            return
        try:
            directory, name = backups.parent(path)
            if entry and entry.is_link:
                self.restore_link(stage, entry, links.read(directory, name).target)
                return
            source, found = handles.regular(directory, name)
        except (OSError, handles.Irregular) as error:
            self.faults[path] = f"its backup cannot be read: {getattr(error, 'strerror', error)}"
            return
        try:
            other = entry is not None and entry.size != found.st_size
            content = blocks(source, found.st_size)
            if other or not self.put(stage, path, (content, found.st_mode), entry):
                self.faults[path] = "its backup has other content than recorded"
        finally:
            os.close(source)

    def restore_link(self, stage: files_tree.Tree, entry: FileEntry, target: bytes) -> None:
        """Make a recorded link again, if its backup leads where it should."""
        if entry.holds(len(target), hashlib.sha256(target).hexdigest()):
            self.link(stage, entry, target)
        else:
            self.faults[entry.path] = "its backup leads elsewhere than recorded"

    def put(
        self,
        stage: files_tree.Tree,
        path: str,
        source: tuple[Iterable[bytes], int],
        entry: FileEntry | None,
    ) -> bool:
        """Write a file, and return whether it is the recorded one; another is taken away again.

        `source` is its content and mode. One that the record does not know is for the user alone.
        """
        (content, mode), (directory, name) = source, stage.parent(path)
        opened = os.open(name, handles.FRESH, 0o600, dir_fd=directory)
        try:
            digest, size = poured(content, opened, holes=True)
            same = entry is None or entry.holds(size, digest)
            ids = (entry.uid, entry.gid) if entry else self.owner
            if same:
                dressed(opened, ids, mode_of(mode, entry))
        finally:
            os.close(opened)
        if not same:
            os.unlink(name, dir_fd=directory)
        return same


def dressed(opened: int, ids: tuple[int, int] | None, mode: int) -> None:
    """Give a staged file or directory its owner and mode; a directory we can still remove."""
    if ids is not None and os.geteuid() == 0:
        os.fchown(opened, *ids)
    os.fchmod(opened, mode | (0o700 if stat.S_ISDIR(os.fstat(opened).st_mode) else 0))


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
        stage = StagedTree(place, request, entries, fetch)
        try:
            stage.build(directories)
            os.chmod(place, 0o711)  # noqa: S103 - the service user passes through, and lists nothing
        except OSError as error:
            raise HostError(
                f"the restored tree cannot be staged in {place}: {error}",
                f"free some space with 'df -h {os.path.dirname(place)}', or set TMPDIR",
            ) from error
        except handles.Irregular as error:
            raise HostError(
                f"the restored tree cannot be staged: below {stage.live} {error}, which was a "
                "directory before; somebody changes the tree meanwhile",
                f"see who writes there: ls -ld {stage.live}; then run the same command again",
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
