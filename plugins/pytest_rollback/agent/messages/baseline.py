"""The baseline: the response times of a healthy system, kept in the state directory."""

from typing import Dict, NamedTuple, Tuple

from ..protocol import Route


class BaselineRequest(NamedTuple):
    """The state directory in which the baseline is.

    `previous` asks for the times of the release that a rollback brings back, not of the last one
    that stored any.
    """

    state: str
    previous: bool = False


class BaselineTimes(NamedTuple):
    """The response times of one probe in milliseconds, of so many samples.

    `when` is the moment at which they were stored, in UTC, and `release` the one that was live
    then, "" where no record names it; the host sets both.
    """

    p50: float
    p95: float
    max: float
    samples: int
    when: str = ""
    release: str = ""


class Baseline(NamedTuple):
    """The file, and what it holds of each probe; of none where there is no baseline yet.

    `first` are the times that were stored when there were none: those that later ones have crept
    away from, after so many `stores`.
    """

    path: str
    probes: Dict[str, BaselineTimes]
    first: Dict[str, BaselineTimes]
    stores: Dict[str, int]


class BaselineUpdate(NamedTuple):
    """The state directory, and the probes whose times replace those that are stored."""

    state: str
    probes: Dict[str, BaselineTimes]


class BaselineSaved(NamedTuple):
    """The file, and the probes whose times were stored in it now."""

    path: str
    stored: Tuple[str, ...]


LOOK = Route("baseline.look", BaselineRequest, Baseline)
SAVE = Route("baseline.save", BaselineUpdate, BaselineSaved)
