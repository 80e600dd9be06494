"""Defaults for broken configuration."""

from typing import Dict, NamedTuple, Tuple

from ...protocol import Route
from ..location import Location, Selection


class DefaultsRequest(NamedTuple):
    """Asks for broken configuration `files`; `defaults` is the directory of their defaults.

    `digest` is that of the plan which is carried out, "" for a look.
    """

    location: Location
    selection: Selection
    files: Tuple[str, ...]
    defaults: str
    digest: str = ""


class BrokenFile(NamedTuple):
    """A broken file, why it is, and lines of how its default differs from what is live."""

    path: str
    why: str
    diff: Tuple[str, ...]


class DefaultsPlan(NamedTuple):
    """Broken configuration files.

    `files` get their default, `instead` are all that have one, which a restore leaves alone;
    `lacking` says why others have none that can be read. `digest` binds the plan to the contents.
    """

    files: Tuple[BrokenFile, ...] = ()
    instead: Tuple[str, ...] = ()
    lacking: Dict[str, str] = {}  # noqa: RUF012 - never changed: it is frozen data
    digest: str = ""


class DefaultsUsed(NamedTuple):
    """The files that have their default now."""

    paths: Tuple[str, ...]


DEFAULTS_PLAN = Route("defaults.look", DefaultsRequest, DefaultsPlan)
USE_DEFAULTS = Route("defaults.apply", DefaultsRequest, DefaultsUsed)
