"""Response times, measured with many samples."""

from typing import Dict, NamedTuple, Optional, Tuple

from ...protocol import Route
from .sample import ProbeSpec


class MeasureRequest(NamedTuple):
    """Probes by name, each measured for its number of samples; seconds for all of them."""

    probes: Dict[str, ProbeSpec]
    timeout: float


class Percentiles(NamedTuple):
    """Percentiles of response times, in milliseconds; the true p95 lies between low and high."""

    p50: float
    p95: float
    low: float
    high: float
    max: float


class CpuWait(NamedTuple):
    """How busy a host was: one of both is known, or neither.

    `share` is the part of the last ten seconds in which something waited for a CPU, 0 to 1; `load`
    is how many tasks wanted each CPU in the last minute.
    """

    share: Optional[float] = None
    load: Optional[float] = None


class ResponseTimes(NamedTuple):
    """How long a probe's answers took, in milliseconds.

    `samples_ms` are the right answers, `failed` counts the others, `problem` is what was wrong
    first. `overhead_ms` is what asking takes against a peer that does nothing. There are no
    `percentiles` where no answer was right. `cpu` is how busy the host was meanwhile.
    """

    samples_ms: Tuple[float, ...]
    failed: int
    problem: Optional[str]
    overhead_ms: Optional[float]
    percentiles: Optional[Percentiles]
    cpu: CpuWait = CpuWait()


class Measurements(NamedTuple):
    """The response times of each probe, by its name."""

    probes: Dict[str, ResponseTimes]


MEASURE = Route("probes.measure", MeasureRequest, Measurements)
