"""The time at the head of a log line, in the forms that logs write it."""

from __future__ import annotations

import calendar
import functools
import re
import time

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

AHEAD = 86400.0
"""Seconds that a time without a year may lie ahead of the clock; beyond, it is of last year."""

ALMOST = 0.999999
"""Seconds after a whole second that still are written like it."""

BEFORE = (
    r"(?:<\d{1,3}>)?"  # a priority, as in <3>
    r"(?:\{.{0,160}?\"[@\w]*(?:time|ts|date)\w*\"\s*:\s*\")?"  # a key of a JSON log
    r"[\[(]*(?:[A-Za-z]{4,8}[\]):]*\s+[\[(]*)?"  # a level
)
CLOCK = r"(?P<clock>(?:[01]\d|2[0-3]):[0-5]\d:[0-6]\d)(?:[.,](?P<part>\d{1,9}))?"
STAMP = re.compile(
    BEFORE
    + r"(?:(?P<day>\d{4}[-/][01]\d[-/][0-3]\d)[T ]"
    + CLOCK
    + r"\s?(?P<zone>Z|UTC|GMT|[+-]\d\d:?\d\d)?"
    + r"|(?:[A-Z][a-z]{2} )?(?P<named>(?:"
    + "|".join(MONTHS)
    + r") [ 0-3]?\d) "
    + CLOCK.replace("<", "<at_")
    + r"(?: (?P<year>\d{4})\b)?)"
)


def stamp(line: str) -> float | None:
    """Return the latest moment that the time at the head of a line may stand for.

    In seconds since the epoch; None where there is no time. Whole seconds stand for any part of
    theirs. A time without a zone is local time of this host. A line that begins with white space
    goes on from the one above, whatever it holds.
    """
    found = STAMP.match(line)
    if found is None:
        return None
    day, clock, part, zone, named, at, fraction, year = found.groups()
    try:
        whole = dated(day, clock, zone) if day else called(named, at, year)
    except (ValueError, OverflowError):
        return None
    digits = part or fraction
    return whole + (float(f"0.{digits}") if digits else ALMOST)


@functools.lru_cache(4096)
def dated(day: str, clock: str, zone: str | None) -> float:
    """Return the time of a date in digits."""
    year, month, date = int(day[:4]), int(day[5:7]), int(day[8:])
    hour, minute, second = map(int, clock.split(":"))
    fields = (year, month, date, hour, minute, second, 0, 0, -1)
    return time.mktime(fields) if zone is None else calendar.timegm(fields) - offset(zone)


def offset(zone: str) -> float:
    """Return the seconds that a zone such as `+01:00` is ahead of UTC."""
    if zone[0] not in "+-":
        return 0.0
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def called(named: str, clock: str, year: str | None) -> float:
    """Return the time of a date whose month has a name; without a year it is the latest one."""
    month, date = MONTHS.index(named[:3]) + 1, int(named[4:])
    hour, minute, second = map(int, clock.split(":"))
    if year:
        return time.mktime((int(year), month, date, hour, minute, second, 0, 0, -1))
    now = time.time()
    this = time.localtime(now).tm_year
    found = time.mktime((this, month, date, hour, minute, second, 0, 0, -1))
    if found <= now + AHEAD:
        return found
    return time.mktime((this - 1, month, date, hour, minute, second, 0, 0, -1))
