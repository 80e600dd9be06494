"""The time at the head of a log line, in the forms that logs write it.

Every expression is anchored, and each of its repetitions has a bound: what a line costs does not
depend on its length, whatever was written to it.
"""

from __future__ import annotations

import calendar
import functools
import re
import time
from typing import NamedTuple, Optional

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ZONES = {"Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3}
ZONES.update({"JST": 9, "EDT": -4, "EST": -5, "CDT": -5, "CST": -6, "MDT": -6, "MST": -7})
ZONES.update({"PDT": -7, "PST": -8})
"""Hours that a zone with a name is ahead of UTC; other names are taken for the host's own zone."""

AHEAD = 86400.0
"""Seconds that a time without a year may lie ahead of the clock; beyond, it is of last year."""

ALMOST = 0.999999
"""Seconds after a whole second that still are written like it."""

EPOCHS = (1e9, 4e9)
"""Numbers between these are taken for seconds since the epoch: 2001 to 2096."""

LEVEL = r"(?:[A-Za-z]{4,8}|(?i:err|crit|ftl|wrn|inf|dbg|trc))"
BEFORE = re.compile(
    r"(?:[\w.-]{1,60}[ \t]{0,8}\|[ \t]{1,4})?"  # the name of a container
    r"(?:<\d{1,3}>(?:1 )?)?"  # a priority, as in <3>
    r"(?:[DIWEFAU], )?"  # a level in one letter
    r"(?:\d{1,7}:[A-Z] |\[[A-Z][a-z]{1,9}\] \d{1,8} {1,4}- )?"  # a process and its role
    r"[\[(\"'=]{0,3}"
    rf"(?:{LEVEL}[\]):|,]{{0,2}}[ \t]{{1,8}}(?:\[[^\]\d][^\]]{{0,80}}\] )?[\[(]{{0,2}})?"
    r"(?:\[\d{1,8}\] ?\[?)?"  # a process
    r"(?:@?(?:time|timestamp|ts|t|date|datetime|asctime)=[\"']?)?"
)
KEYED = re.compile(r"(?<![\w.@-])@?(?:time|timestamp|ts|t|date|datetime|asctime)=[\"']?(?=\d)")
ACCESS = re.compile(r"[^\s\"]{1,80} [^\s\"]{1,80} [^\"\[]{1,80}\[(?=\d)")
CLOCK = r"(?P<clock>(?:[01]?\d|2[0-3]):[0-5]\d:[0-6]\d)(?:[.,](?P<part>\d{1,9}))?"
CLOCK += r"(?: (?P<half>[AP]M)\b)?"
ZONE = r"(?:\s?(?P<zone>Z|[A-Z]{3,4}\b|[+-]\d\d:?\d\d))?"
NAMED = rf"(?P<named>{'|'.join(MONTHS)})"
LATE = r"(?: [A-Z]{3,4})?(?: (?P<late>\d{4})\b)?"
WEEKDAY = r"(?:[A-Z][a-z]{2},? )?"
FORMS = tuple(
    re.compile(form)
    for form in (
        rf"(?P<year>\d{{4}})[-/](?P<month>[01]\d)[-/](?P<day>[0-3]\d)(?:[T_]|,? ){CLOCK}{ZONE}",
        rf"{WEEKDAY}{NAMED} {{1,2}}(?P<day>[0-3]?\d)(?:,? (?P<year>\d{{4}}),?)? {CLOCK}{LATE}",
        rf"{WEEKDAY}(?P<day>[0-3]?\d)[-/ ]{NAMED}[-/ ](?P<year>\d{{4}})(?:[ :]|::){CLOCK}{ZONE}",
        rf"[IWEF](?P<month>[01]\d)(?P<day>[0-3]\d) {CLOCK}",
        rf"(?P<short>\d\d)/(?P<month>[01]\d)/(?P<day>[0-3]\d) {CLOCK}",
        rf"(?P<month>[0-3]?\d)/(?P<day>[0-3]?\d)/(?P<year>\d{{4}}),? {CLOCK}",
        rf"(?P<month>[01]\d)-(?P<day>[0-3]\d) {CLOCK}",
        r"(?P<epoch>\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}|\d{19})(?![\w.-])",
        rf"{CLOCK}(?![\w.-])",
    )
)


class Moment(NamedTuple):
    """A time in seconds since the epoch, and the place in the line where its writing ends."""

    when: float
    end: int


def moment(line: str) -> Optional[Moment]:
    """Return the latest moment that the time at the head of a line may stand for.

    None where there is no time. Whole seconds stand for any part of theirs. A time without a zone
    is local time of this host. A line that begins with white space goes on from the one above,
    whatever it holds.
    """
    if not line or line[0].isspace():
        return None
    before = BEFORE.match(line)
    places = [before.end() if before else 0, 0]
    access = ACCESS.match(line, 0, 300)
    places += [access.end()] if access else []
    keyed = KEYED.search(line, 0, 300) if "=" in line[:300] else None
    places += [keyed.end()] if keyed else []
    for place in dict.fromkeys(places):
        for form in FORMS:
            found = form.match(line, place)
            when = None if found is None else _when(found.groupdict())
            if found is not None and when is not None:
                return Moment(when, found.end())
    return None


def of_number(number: float) -> Optional[float]:
    """Return the seconds of a number of seconds, milliseconds, micro- or nanoseconds."""
    for unit in (1.0, 1e3, 1e6, 1e9):
        if EPOCHS[0] <= number / unit < EPOCHS[1]:
            return number / unit
    return None


def _when(found: dict[str, Optional[str]]) -> Optional[float]:
    """Return the seconds of what an expression found; None where there is no such day."""
    if found.get("epoch"):
        return of_number(float(str(found["epoch"])))
    clock = str(found["clock"])
    if found.get("half"):
        hour, rest = int(clock.partition(":")[0]) % 12, clock.partition(":")[2]
        clock = f"{hour + 12 * (found['half'] == 'PM')}:{rest}"
    year = found.get("year") or found.get("late") or ""
    if found.get("short"):
        year = f"20{found['short']}"
    name = found.get("named")
    month = MONTHS.index(name) + 1 if name else int(found.get("month") or 0)
    try:
        whole = dated(int(year or 0), month, int(found.get("day") or 0), clock, found.get("zone"))
    except (ValueError, OverflowError):
        return None
    return whole + (float(f"0.{found['part']}") if found["part"] else ALMOST)


@functools.lru_cache(4096)
def dated(year: int, month: int, day: int, clock: str, zone: Optional[str]) -> float:
    """Return the time of a date; without a year, or a day, it is the latest one.

    Raises:
        ValueError: there is no such day.
    """
    hour, minute, second = map(int, clock.split(":"))
    now = time.time()
    today = time.localtime(now)
    if month > len(MONTHS) >= day:  # day and month the other way round
        month, day = day, month
    if year and not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise ValueError(month, day)
    if not day:
        year, month, day = today.tm_year, today.tm_mon, today.tm_mday
        found = time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
        return found if found <= now + AHEAD / 2 else found - AHEAD
    fields = (year or today.tm_year, month, day, hour, minute, second, 0, 0, -1)
    if zone is not None and (zone in ZONES or zone[0] in "+-"):
        return calendar.timegm(fields) - offset(zone)
    found = time.mktime(fields)
    if year or found <= now + AHEAD:
        return found
    return time.mktime((fields[0] - 1, *fields[1:]))


def offset(zone: str) -> float:
    """Return the seconds that a zone such as `+01:00` is ahead of UTC."""
    if zone[0] not in "+-":
        return ZONES[zone] * 3600.0
    seconds = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -seconds if zone[0] == "-" else seconds
