"""The maintenance page."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import ChangeTime, Location
from ..probes.sample import ProbeSpec


class PageRequest(NamedTuple):
    """The maintenance page: its path, its text, and what users should get, None to ask nobody.

    `check` and `reload` are commands of the edge, empty for none.
    """

    location: Location
    page: str
    text: str
    probe: Optional[ProbeSpec] = None
    check: Tuple[str, ...] = ()
    reload: Tuple[str, ...] = ()


class PageState(NamedTuple):
    """Whether the page exists, its `kind`, and its effect.

    `kind` is file, symlink, directory, other or absent.
    `ours` says that it has our text; `edge` what users get instead of what they should, None where
    that is right or nobody was asked; `reloaded` that this run reloaded the edge since it wrote.
    """

    exists: bool
    kind: str
    ours: bool
    edge: Optional[str]
    reloaded: bool


PAGE = Route("page.look", PageRequest, PageState)
PAGE_ON = Route("page.on", PageRequest, ChangeTime)
PAGE_OFF = Route("page.off", PageRequest, ChangeTime)
