"""A log line that holds a JSON object: its time, its level, and what it says."""

from __future__ import annotations

import json
import re
from typing import Any, Mapping, NamedTuple, Optional

from .levels import of_fields
from .timestamps import moment
from .timestamps import of_number as of_epoch

TIMES = (
    "time timestamp @timestamp ts @t asctime datetime date t eventTime Timestamp time_iso8601 "
    "timeMillis _time log_time created instant __REALTIME_TIMESTAMP"
)
MESSAGES = ("log", "message", "msg", "MESSAGE", "@m", "event", "text")

LONGEST = 1 << 16
"""Characters of an object that is read as one; in a longer one only its fields are looked for."""

FIELD = re.compile(
    r"\"(?P<key>@?[A-Za-z_.]{1,20})\"\s{0,4}:\s{0,4}(?:\"(?P<text>[^\"\\]{1,64})\"|(?P<number>\d{1,19}))"
)


class Structured(NamedTuple):
    """What an object says: when (seconds since the epoch), whether its level is one of errors."""

    when: Optional[float]
    level: Optional[bool]
    message: str


def read(text: str) -> Optional[Structured]:
    """Return what a text that is one JSON object says; None where it is none."""
    if len(text) > LONGEST:
        pieces = (text[: LONGEST // 16], text[-LONGEST // 16 :])
        pairs = [found for piece in pieces for found in FIELD.finditer(piece)]
        fields: Any = {one["key"]: one["text"] or int(one["number"] or 0) for one in pairs}
        return Structured(when(fields), of_fields(fields), "")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    said = next((fields[key] for key in MESSAGES if isinstance(fields.get(key), str)), "")
    return Structured(when(fields), of_fields(fields), said)


def when(fields: Mapping[str, Any]) -> Optional[float]:
    """Return the time of an object, in seconds since the epoch; None where it has none."""
    for key in TIMES.split():
        value = fields.get(key)
        if isinstance(value, dict):  # MongoDB, Log4j 2
            value = value.get("$date", value.get("epochSecond"))
        if isinstance(value, str):
            found = moment(value)
            if found:
                return found.when
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found_at = of_epoch(value)
            if found_at is not None:
                return found_at
    return None
