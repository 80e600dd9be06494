"""The maintenance page."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route
from ..location import ChangeTime, Location
from ..probes.sample import ProbeSpec


class PageCommands(NamedTuple):
    """What switches maintenance, and says how it is: `shown` and `lifted` are in its output.

    `timeout` is in seconds, for each of them.
    """

    on: Tuple[str, ...]
    off: Tuple[str, ...]
    look: Tuple[str, ...]
    shown: str
    lifted: str
    timeout: float


class PageRequest(NamedTuple):
    """The maintenance page: its path, its text, and what users should get, None to ask nobody.

    `check` and `reload` are commands of the edge, empty for none. With `commands` there is no page.
    """

    location: Location
    page: str
    text: str
    probe: Optional[ProbeSpec] = None
    check: Tuple[str, ...] = ()
    reload: Tuple[str, ...] = ()
    commands: Optional[PageCommands] = None


class PageState(NamedTuple):
    """Whether the page exists, its `kind`, and its effect.

    `kind` is file, symlink, directory, other or absent.
    `ours` says that it has our text; `edge` what users get instead of what they should, None where
    that is right or nobody was asked; `reloaded` that this run reloaded the edge since it wrote.
    Where commands switch it, it is a file of ours while it is on, and absent while it is off.
    """

    exists: bool
    kind: str
    ours: bool
    edge: Optional[str]
    reloaded: bool


PAGE = Route("page.look", PageRequest, PageState)
PAGE_ON = Route("page.on", PageRequest, ChangeTime)
PAGE_OFF = Route("page.off", PageRequest, ChangeTime)
