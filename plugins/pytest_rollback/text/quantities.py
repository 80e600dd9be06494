"""Numbers and times in words, and the colour of each verdict, outcome and state."""

from __future__ import annotations

import datetime as dt

NOTHING = "—"
MINUTE = 60
HOUR = 3600

VERDICTS = {
    "RECOVERED": "good",
    "READY": "good",
    "NOT RECOVERED": "bad",
    "NOT READY": "bad",
    "INCONCLUSIVE": "doubt",
    "REHEARSED": "note",
    "PARTIAL": "doubt",
    "STEADY": "good",
    "NOT STEADY": "bad",
    "ISOLATED": "doubt",
    "NOT ISOLATED": "bad",
    "MONITOR": "good",
    "ROLL BACK NOW": "bad",
    "UNDONE": "note",
}
OUTCOMES = {
    "not met": "bad",
    "inconclusive": "doubt",
    "not reached": "idle",
    "waived": "note",
    "advisory": "advice",
    "met": "good",
}
PHASES = {"done": "good", "failed": "bad", "over budget": "doubt", "not reached": "idle"}
TICKS = {"done": "good", "missing": "bad", "late": "doubt", "not checked": "idle"}


def clock(seconds: float | None) -> str:
    """Return minutes and seconds, such as 14m19s."""
    if seconds is None:
        return NOTHING
    whole = round(abs(seconds))
    sign = "-" if seconds < 0 and whole else ""
    if whole >= HOUR:
        return f"{sign}{whole // HOUR}h{whole % HOUR // MINUTE:02d}m{whole % MINUTE:02d}s"
    return f"{sign}{whole // MINUTE}m{whole % MINUTE:02d}s"


def span(seconds: float | None) -> str:
    """Return a short time with its unit: 80 ms, 2.1 s, 3m00s."""
    if seconds is None:
        return NOTHING
    if abs(seconds) >= MINUTE:
        return clock(seconds)
    if seconds and abs(seconds) < 0.95:  # noqa: PLR2004 - below a second one wants milliseconds
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds != int(seconds) else f"{seconds:.0f} s"


def milliseconds(value: float | None) -> str:
    """Return milliseconds with as many digits as they deserve."""
    if value is None:
        return NOTHING
    return f"{value:,.0f} ms" if abs(value) >= 100 else f"{value:.3g} ms"  # noqa: PLR2004 - three digits


def moment(iso: str) -> str:
    """Return a time in UTC, to the second; what is no time stays as it is."""
    try:
        when = dt.datetime.fromisoformat(iso)
    except ValueError:
        return iso or NOTHING
    aware = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    return aware.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def part(number: int, total: int, one: str, many: str = "") -> str:
    """Return a part of a total with its noun: 1 of 8 probes."""
    return f"{number:,} of {count(total, one, many)}"


def percent(share: float) -> str:
    """Return a share of 1 as SVG wants it."""
    return f"{100 * min(1.0, max(0.0, share)):.2f}%"
