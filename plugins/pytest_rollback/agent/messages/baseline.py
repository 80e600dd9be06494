"""The baseline: the response times of a healthy system, kept in the state directory."""

from typing import Dict, NamedTuple, Tuple

from ..protocol import Route


class BaselineRequest(NamedTuple):
    """The state directory in which the baseline is."""

    state: str


class BaselineTimes(NamedTuple):
    """The response times of one probe in milliseconds, of so many samples.

    `when` is the moment at which they were stored, in UTC; the host sets it.
    """

    p50: float
    p95: float
    max: float
    samples: int
    when: str = ""


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
