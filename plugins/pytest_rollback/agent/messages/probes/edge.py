"""The answers of the edge over some time."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route


class PageAnswer(NamedTuple):
    """What the edge answers while the maintenance page is shown: its status, and two patterns.

    `body` is found in it where the status is that one, `text` in it alone, whatever the status is.
    """

    status: int
    body: str
    text: str = ""


class WatchedEdge(NamedTuple):
    """What users ask, and the status of the system's answer; seconds of timeout and interval.

    `body` is a pattern that is found in the system's answer, "" for any.
    """

    url: str
    status: int = 200
    timeout: float = 2.0
    interval: float = 0.1
    page: Optional[PageAnswer] = None
    method: str = "GET"
    body: str = ""


class WatchRequest(NamedTuple):
    """An edge, and for how many seconds it is asked."""

    edge: WatchedEdge
    seconds: float


class EdgeWindow(NamedTuple):
    """What users got for some time.

    Each of `samples` is when it was asked and answered, in seconds since the beginning, and its
    kind: `up`, `maintenance` or `error`. `seconds` is how long was asked; `problem` is the last
    reason why no answer came.
    """

    samples: Tuple[Tuple[float, float, str], ...]
    seconds: float
    problem: Optional[str]


WATCH = Route("edge.watch", WatchRequest, EdgeWindow)
