"""Percentiles of response times, and the interval in which the true 95th lies."""

from __future__ import annotations

import math
from typing import Optional, Sequence

from ...messages.probes.measurement import Percentiles

SURE = 1.96
"""Standard deviations on each side that hold 95 % of a normal distribution."""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def interval(ordered: Sequence[float], share: float) -> tuple[float, float]:
    """Return the values between which the true percentile lies, with 95 % confidence.

    From the ranks alone, whatever the distribution. Where there are too few values for an upper
    bound (less than 93 for the 95th percentile) it is the largest one.
    """
    number = len(ordered)
    spread = SURE * math.sqrt(number * share * (1 - share))
    low = math.floor(number * share - spread)
    high = math.ceil(number * share + spread) + 1
    return ordered[max(1, low) - 1], ordered[min(number, high) - 1]


def summary(samples: Sequence[float]) -> Optional[Percentiles]:
    """Return p50, p95 with its interval, and the largest; None where there are no samples."""
    ordered = sorted(samples)
    if not ordered:
        return None
    low, high = interval(ordered, 0.95)
    return Percentiles(
        percentile(ordered, 0.5), percentile(ordered, 0.95), low, high, max=ordered[-1]
    )
