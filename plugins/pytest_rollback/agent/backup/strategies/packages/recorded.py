"""What a record remembers of each package: the version, its archive, its configuration files."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from ....errors import HostError
from ....files.metadata import FileEntry
from ....files.tree import fault
from ....state.backup_set import BackupSet, checked_entry

PART = "packages"
"""Under which name a record has what this strategy remembers."""

RETURNING = "packages"
"""The event of a journal that has what packages were before a run."""

DIGEST = re.compile(r"[0-9a-f]{64}")
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?")
VERSION = re.compile(r"[0-9A-Za-z.+~:-]+")
AGAIN = "the next deploy saves a new one: rollback save, before it installs packages"


class RecordedPackage(NamedTuple):
    """A package as it was installed.

    `archive` is the name of its archive in the pool, with the digest `sha256` and `size` in bytes;
    "" where none is kept. `held` is whether it was on hold. `conffiles` are its configuration files
    as they were, by paths below `/`, and `absent` are those that were not there. `unclean` is what
    `dpkg --verify` said already then. `coming` is the version that apt would have installed next,
    where its archive is kept as well: an undo needs it.
    """

    name: str
    version: str
    architecture: str
    archive: str
    sha256: str
    size: int
    held: bool
    conffiles: Tuple[FileEntry, ...]
    absent: Tuple[str, ...]
    unclean: Tuple[str, ...]
    coming: str = ""

    @property
    def words(self) -> str:
        """It for people: name, version and architecture."""
        return f"{self.name} {self.version} ({self.architecture})"


def document(found: Iterable[RecordedPackage]) -> List[Dict[str, Any]]:
    """Return packages as plain data, for a record or a journal."""
    return [
        {**each._asdict(), "conffiles": [list(entry) for entry in each.conffiles]} for each in found
    ]


def text(found: Iterable[RecordedPackage]) -> str:
    """Return the JSON that a record has of packages."""
    return json.dumps(document(found))


def of(record: BackupSet) -> List[RecordedPackage]:
    """Return the packages of a record; none where it has none.

    Raises:
        HostError: what it has of them is damaged.
    """
    return read(record.parts.get(PART, []))


def read(rows: Any) -> List[RecordedPackage]:  # noqa: ANN401 - JSON of a record or a journal
    """Return packages from plain data.

    Raises:
        HostError: it is damaged.
    """
    try:
        return [_read(each) for each in rows]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise HostError(f"the record of packages is damaged: {error}", AGAIN) from error


def _read(found: Dict[str, Any]) -> RecordedPackage:
    known = RecordedPackage(**{name: found[name] for name in RecordedPackage._fields})
    entries = tuple(checked_entry(FileEntry(*row)) for row in known.conffiles)
    known = known._replace(
        conffiles=entries, absent=tuple(known.absent), unclean=tuple(known.unclean)
    )
    if not (NAME.fullmatch(known.name) and VERSION.fullmatch(known.version)):
        raise ValueError(f"{known.name!r} {known.version!r} is no package")
    if known.archive and (not DIGEST.fullmatch(known.sha256) or "/" in known.archive):
        raise ValueError(f"{known.archive!r} is no archive")
    for path in (*(each.path for each in entries), *known.absent):
        if fault(path):
            raise ValueError(f"the path {path!r} {fault(path)}")
    return known
