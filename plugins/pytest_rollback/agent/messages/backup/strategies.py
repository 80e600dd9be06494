"""How a part of a system is kept and comes back: requests and answers that strategies share."""

from typing import NamedTuple, Tuple

from ...protocol import Route
from ..location import Location
from ..services.units import ManagerAddress


class RecordedPart(NamedTuple):
    """What a strategy has to remember of a part until a rollback.

    `text` is JSON that only the strategy reads. `files` and `bytes` are how much of the previous
    release was read for it, `words` what it is, for people. `release` is how the strategy names
    it, where nobody says.
    """

    text: str
    files: int
    bytes: int
    words: str
    release: str = ""


class PartFault(NamedTuple):
    """What is wrong with the previous version of a part.

    `fault` is missing, altered, unread, dangling, unstartable, blocked or unrecorded.
    """

    path: str
    fault: str
    detail: str


class PreviousPart(NamedTuple):
    """The previous version of a part: where it is, whether it is whole, what would take it away.

    `place` is where it is, "" where nobody knows. `faults` make it unusable, `more` are files in it
    that were not there when it was recorded, `threats` what would take it away. `live` is what is
    live now, `is_back` whether that is the previous version; `unexpected` is why what is live is
    not what was recorded as the current one. `files` and `bytes` are how much was compared. `hint`
    is the way out of all that, "" for the usual one. `risks` are less usual than threats.
    `cautions` are what a return does besides, or cannot do; `notes` what is merely good to know.
    `unpinned` are names in it that can mean something else by the time of a rollback, each with
    what is to be written instead.
    """

    place: str
    release: str
    live: str
    is_back: bool = False
    faults: Tuple[PartFault, ...] = ()
    more: Tuple[str, ...] = ()
    threats: Tuple[str, ...] = ()
    unexpected: str = ""
    files: int = 0
    bytes: int = 0
    hint: str = ""
    risks: Tuple[str, ...] = ()
    cautions: Tuple[str, ...] = ()
    notes: Tuple[str, ...] = ()
    unpinned: Tuple[str, ...] = ()


class LinksRequest(NamedTuple):
    """Links that a deploy switches, below the root, each of which names the release that is live.

    `besides` are patterns of files that the system writes into a release's directory, `keep` how
    many releases the deploy tool keeps, 0 where nobody says. `current` is the release that will be
    deployed, for a record; `dry` asks what would be recorded, and keeps nothing.
    """

    location: Location
    links: Tuple[str, ...]
    besides: Tuple[str, ...] = ()
    keep: int = 0
    current: str = ""
    dry: bool = False


class ImagesRequest(NamedTuple):
    """Units that run images of containers, which the files of a release name.

    `name` is that of the system, for what is kept of it. `files` are those that name images, below
    the root.
    """

    location: Location
    manager: ManagerAddress
    units: Tuple[str, ...]
    name: str
    files: Tuple[str, ...] = ()


class PreviousParts(NamedTuple):
    """The previous version of each part that a strategy answers for."""

    parts: Tuple[PreviousPart, ...]


LINKS_RECORD = Route("links.record", LinksRequest, RecordedPart)
LINKS_PREVIOUS = Route("links.previous", LinksRequest, PreviousParts)
IMAGES_RECORD = Route("images.record", ImagesRequest, RecordedPart)
IMAGES_PREVIOUS = Route("images.previous", ImagesRequest, PreviousParts)
