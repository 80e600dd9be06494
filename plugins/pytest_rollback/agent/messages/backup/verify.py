"""The verification of backups: the record, and the faults of each backup."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import Location, Release, Selection


class DescribedName(NamedTuple):
    """A name that a description uses, and the key that has it, in words.

    It is that of a file or directory, absolute or below the root, or of an account.
    """

    key: str
    name: str
    is_account: bool = False


class BackupsRequest(NamedTuple):
    """Which backups are verified. `user` is the account of the units, "" where none is known.

    `names` are further names of the description that should be those of something.
    """

    location: Location
    selection: Selection
    user: str = ""
    names: Tuple[DescribedName, ...] = ()


class BackupRecord(NamedTuple):
    """The header of the record of a backup set.

    `found` is False where there is none; `problems` tell why it cannot be used. `files` is the
    number of backups and `bytes` their size in all, `added` are the files that the deploy created.
    The releases are None where the record cannot be read. `spent` is the run that rolled the set
    back and moved its backups into the evidence, "" for a set that is there. `partial` is why the
    set was declared to be a part of the release, "" for a whole one; `whole` is how many files the
    release changes then, 0 where that is not known. `parts` are the strategies that remember
    something beside files.
    """

    found: bool
    problems: Tuple[str, ...] = ()
    previous: Optional[Release] = None
    current: Optional[Release] = None
    created: str = ""
    sha256: str = ""
    files: int = 0
    bytes: int = 0
    added: Tuple[str, ...] = ()
    spent: str = ""
    partial: str = ""
    whole: int = 0
    parts: Tuple[str, ...] = ()

    @property
    def share(self) -> str:
        """How much of the release a set declared partial rolls back, for people; "" of others."""
        if not self.partial:
            return ""
        mine = self.files + len(self.added)
        number = f"{self.whole:,} files differ" if self.whole else "more files differ"
        verb = "is" if mine == 1 else "are"
        return f"{number}, {mine:,} {verb} rolled back; declared partial: {self.partial}"


class BackupFault(NamedTuple):
    """What is wrong with one backup.

    `fault` is missing, unread, irregular, empty, altered, exposed or ownership.
    """

    path: str
    fault: str
    detail: str


class TightenedMode(NamedTuple):
    """A secret file that is restored for its owner alone, and was readable by others.

    `lost` tells whether the units' account could read it and cannot any more.
    """

    path: str
    detail: str
    lost: bool


class ComponentBackups(NamedTuple):
    """The backups of one component: their number, their size in bytes, their faults."""

    files: int
    bytes: int
    faults: Tuple[BackupFault, ...]
    tightened: Tuple[TightenedMode, ...]


class ReleaseContent(NamedTuple):
    """Files of a set beside a commit.

    Of `compared` files that the commit has, `differ` says how some are not its; files without a
    place in the repository are not compared. `known` is how many of them have content that is in
    the repository, of another commit, and `tag` is another release that has all files as they are.
    """

    commit: str
    compared: int
    differ: Dict[str, str]
    known: int = 0
    tag: str = ""


class Backups(NamedTuple):
    """The record, and the backups by component; files of no component are those of `shared`.

    `orphans` are files named like a backup that no record knows. `undeclared` are files of the
    release diff that the record lacks, those that no backup could be made of first; of others it
    says nothing unless `compared`: there was a diff.
    `changes` is how many recorded files are live in another version, or were added and are there.
    `previous` are the backups beside the recorded commit, `current` the live files, and `later`
    live files that no backup holds and that changed since the set was saved.
    `unfound` are patterns and names of the description under which there is no file.
    `uncompared` is why the repository could not be read, "" where it could, or is none.
    `left_over` are names of ours below the root that a run has left, each with that run.
    `databases` are recorded files that are databases, each with its kind.
    """

    record: BackupRecord
    components: Dict[str, ComponentBackups]
    orphans: Tuple[str, ...]
    undeclared: Tuple[str, ...]
    compared: bool
    changes: int = 0
    previous: Optional[ReleaseContent] = None
    current: Optional[ReleaseContent] = None
    later: Optional[ReleaseContent] = None
    unfound: Tuple[str, ...] = ()
    uncompared: str = ""
    left_over: Tuple[str, ...] = ()
    databases: Tuple[str, ...] = ()


BACKUPS = Route("backups.look", BackupsRequest, Backups)
HEADING = Route("backups.heading", Location, BackupRecord)
