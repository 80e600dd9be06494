"""The level that a log line states: in words, letters or numbers, as the usual writers have it.

A level stands before the text of a line. What is no time, number, name, tag or bracket is text,
and behind the first word of text there is no level any more.
"""

from __future__ import annotations

import re
from typing import Any, Mapping, Optional

SYSLOG, SYSLOG_END, OPEN_TELEMETRY, PYTHON, PINO, MONOLOG, CLOUD = 3, 8, 17, 40, 50, 400, 500
"""Where errors begin in each scale of numbers; syslog's go down, and it has eight."""

HUNDRED = 100
HEAD = 400
"""Characters at the beginning of a line in which its level is looked for."""

FIELDS = 4096
"""Characters of a line of `key=value` in which its level is looked for."""


def listed(words: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(words.split())


SEVERE = listed(
    "emerg emergency alert crit critical fatal fata ftl severe error err erro eror panic pani "
    "dpanic"
)
MILD = listed(
    "trace trce trac trc debug dbug debu dbg verbose verb vrb info information informational inf "
    "notice warn warning wrn warni"
)
CAPITAL = dict.fromkeys(listed("fine finer finest config audit success"), False)
CAPITAL.update(dict.fromkeys(listed("failed failure fail"), True))
"""Levels only in capital letters: in small ones they are words like others."""

TAGS = listed("log detail hint statement context query")
"""What PostgreSQL writes before what belongs to the line above."""

FIRST = {"fail": True, "e": True, "w": False, "n": False, "i": False}
"""Levels only as the first word of a line, with a colon."""

NONE = listed("0 no zero without any")
PROSE = listed(
    "rate rates ratio count counts counter budget handler handlers handling page pages log logs "
    "level levels code codes reporting reporter tracking monitor monitoring boundary correction of"
)
"""Words behind a bare `error` that make it the subject of a sentence."""

BARE = ("error", "fatal")
COUNT = re.compile(r"s?\]?\s{0,3}[=:]\s{0,3}(?:0\b|null|nil|none|no |\[\])")
"""What follows a word that is no level, but the name of a number that is nought."""

QUOTES = ("'", '"', "`")
PARTS = re.compile(r"[:./-]")
WORD = re.compile(r"[^\s\[\](){}<>|,;\"'`]{1,200}")
TIMELIKE = re.compile(
    r"[\d:.,+TZ/#=-]{1,60}|UTC|GMT|[A-Z]{3,4}T|[AP]M|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?"
    r"|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|std(?:out|err)|[FP]"
)
NAMELIKE = re.compile(r".*[\d_./=@:*#-].*|[^\w]+")
LETTER = re.compile(r"(?P<level>[IWEFCDAT])(?:\d{4} \d\d:|, \[)")
PRIORITY = re.compile(r"<(?P<priority>\d{1,3})>")
REPORT = re.compile(r"=(?P<level>[A-Z]{4,8}) REPORT=")
FIELD = re.compile(
    r"(?<![\w.@-])(?:log\.)?(?:level|lvl|severity|loglevel|log_level|levelname)"
    r"=[\"']?(?P<value>[A-Za-z]{1,13}|\d{1,3})\b"
)
HEADED = re.compile(r"<\d{1,3}>1 (?:\S{1,255} ){5}(?:-|(?:\[[^\]]{0,500}\]){1,8}) |<\d{1,3}>")
"""What RFC 5424, or a bare priority, writes before the text."""

CODED = re.compile(r" {1,8}(?:[A-Z]{3,10} |[\w.$-]{1,40}\s{0,20}: )")
"""What follows a level in one letter: a component of MongoDB, or a tag of logcat."""

LETTERS = {"E": True, "F": True, "C": True, "A": True, "W": False, "I": False, "D": False}
LETTERS["T"] = LETTERS["V"] = LETTERS["N"] = False
KEYS = (
    "level levelname level_name severity severityText SeverityText log.level loglevel logLevel "
    "LogLevel log_level Level lvl @l s levelno severity_number severityNumber SeverityNumber "
    "PRIORITY priority"
)


def of_word(word: str) -> Optional[bool]:
    """Return whether a level is one of errors; None for a word that is no level."""
    lower = word.lower()
    if lower in SEVERE:
        return True
    if lower in MILD:
        return False
    return CAPITAL.get(lower) if word.isupper() else None


def of_number(key: str, number: float) -> Optional[bool]:
    """Return whether a level in digits is one of errors, by its key and its size.

    syslog has 0 to 7, the worst first; pino and bunyan 10 to 60; Python's `levelno` up to 50;
    OpenTelemetry's severity number 1 to 24; monolog 100 to 600, and Google Cloud the same numbers
    one step apart.
    """
    if "umber" in key and number < HUNDRED:
        return number >= OPEN_TELEMETRY
    if number < SYSLOG_END:
        return number <= SYSLOG
    if number < HUNDRED:
        return number >= (PYTHON if key == "levelno" else PINO)
    return number >= (MONOLOG if key == "level" else CLOUD)


def of_fields(fields: Mapping[str, Any]) -> Optional[bool]:
    """Return whether the level of a JSON line is one of errors; None where it has none."""
    for key in KEYS.split():
        value = fields.get(key)
        if isinstance(value, dict):
            value = value.get("name")
        if isinstance(value, str) and not value.isdigit():
            found = of_word(value)
            found = LETTERS.get(value) if found is None and len(value) == 1 else found
            if found is not None:
                return found
        elif value is not None and not isinstance(value, (bool, list)):
            return of_number(key, float(value))
    nested = fields.get("log")
    return of_fields({"level": nested.get("level")}) if isinstance(nested, dict) else None


def stated(line: str) -> Optional[bool]:
    """Return whether the level that a line of text states is one of errors; None without one."""
    head = line[:HEAD]
    priority = PRIORITY.match(head)
    if priority and int(priority["priority"]) % SYSLOG_END <= SYSLOG:
        return True
    letter = LETTER.match(head)
    if letter:
        return LETTERS.get(letter["level"])
    report = REPORT.match(head)
    if report:
        return of_word(report["level"])
    headed = HEADED.match(head) if priority else None
    found = _positional(head, headed.end() if headed else 0)
    if found is None and "=" in line:
        field = FIELD.search(line[:FIELDS])
        if field:
            value = field["value"]
            return of_number("level", int(value)) if value.isdigit() else of_word(value)
    return found


def _positional(head: str, start: int) -> Optional[bool]:
    """Return the level that stands before the text of a line."""
    names, last = 0, ""
    for found in WORD.finditer(head, start):
        word, at, end = found.group(), found.start(), found.end()
        before, after = head[max(0, at - 1) : at], head[end : end + 24]
        if (last in NONE and before not in ("[", "<", "|")) or (
            before in QUOTES and not TIMELIKE.fullmatch(word)
        ):
            return None
        level = _level(word, before, after, is_first=not names)
        if level is not None:
            return level
        last = word
        if TIMELIKE.fullmatch(word) or NAMELIKE.fullmatch(word):
            continue
        if before and before in "[(<{|":
            continue
        names += not after.startswith(("[", ":"))
        if names > 1 or word.istitle():
            return None
    return None


def _level(word: str, before: str, after: str, *, is_first: bool) -> Optional[bool]:
    """Return the level that a word is, from how it is written and from what stands around it."""
    if "=" in word or COUNT.match(word[-1] + after if word.endswith(":") else after):
        return None
    parts = [part for part in PARTS.split(word) if part]
    is_tag = word.endswith(":") or after.startswith(":")
    is_held = before in ("[", "<", "(", "|") and after[:1] in ("]", ">", ")", "|", ":", " ")
    is_column = before in ("", "\t") and after[:1] in ("", "\t")
    for part in dict.fromkeys(parts[:1] + parts[-1:]):
        if part.isupper() and is_tag and part.lower() in TAGS:
            return False
        level = of_word(part)
        if level is not None and (part.isupper() or is_held or is_tag or is_column):
            return level
    return _first(word, after, is_tag=is_tag) if is_first else None


def _first(word: str, after: str, *, is_tag: bool) -> Optional[bool]:
    """Return the level that only the first word of a line can be: one letter, `fail:`, `error`."""
    if word in LETTERS and CODED.match(after):
        return LETTERS[word]
    if is_tag:
        return FIRST.get(word.rstrip(":").lower())
    follow = after.split()
    return True if word in BARE and follow and follow[0].strip(":") not in PROSE else None
