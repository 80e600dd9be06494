"""The creation of backups: files that a deploy will change, and the saved ones."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import Location, Release


class SaveRequest(NamedTuple):
    """The files that a deploy will change, to be saved before.

    `files` are changed or removed by the deploy and are saved, `added` are created by it; both are
    relative to the root. `system` is its name, `user` the account that its units run as, `by` who
    asks. `replace` discards a backup set of other releases. `partial` is why these are a part of
    the files of the release only, "" when they are all; `whole` is how many it changes then.
    `parts` is what strategies remember beside files, as JSON, by their names. `keep` is how many
    sets are kept in the state directory, 0 where backups lie beside their files.
    """

    location: Location
    system: str
    user: str
    by: str
    previous: Release
    current: Release
    files: Tuple[str, ...]
    added: Tuple[str, ...]
    replace: bool = False
    partial: str = ""
    whole: int = 0
    parts: Dict[str, str] = {}  # noqa: RUF012 - nobody changes a request
    keep: int = 0


class ReplacedSet(NamedTuple):
    """The releases of a replaced backup set, by name."""

    previous: str
    current: str


class SaveResult(NamedTuple):
    """What was saved, or would be.

    `changed` tells whether anything was written. `saved` backups were made now, `kept` stood
    already, `retired` were removed with the replaced set; `files`, `bytes` and `added` count the
    whole set. `unsaved` are paths that no backup can be made of, each with the reason; readiness
    lists them. `differ` are live files that are no longer as recorded. `record` is the path of the
    record and `sha256` its digest. `sets` is how many there are in the state directory.
    `parts` is what the record has of strategies, as `SaveRequest` does, and `joined` what of it was
    named later than the rest of its set.
    """

    changed: bool
    saved: int
    kept: int
    retired: int
    files: int
    bytes: int
    added: int
    differ: Tuple[str, ...]
    record: str
    sha256: str
    replaced: Optional[ReplacedSet]
    unsaved: Tuple[str, ...] = ()
    sets: int = 0
    parts: Dict[str, str] = {}  # noqa: RUF012 - nobody changes an answer
    joined: Tuple[str, ...] = ()


SAVE = Route("backups.save", SaveRequest, SaveResult)
FORESEE = Route("backups.foresee", SaveRequest, SaveResult)
