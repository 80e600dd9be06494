"""Which lines of a log are errors that count: a traceback is one, known noise is none."""

from __future__ import annotations

import datetime as dt
import re
from typing import Callable, Iterator, NamedTuple, Sequence

from ...errors import shortened
from ...messages.logs import KnownNoise, LogsRequest
from .reading import LineRead
from .timelimit import Slow

LONGEST = 300
"""Characters of one finding."""

PIECE = 4096
"""Characters of a line that a pattern sees at once: it may be slow in them, not in the line."""

OVERLAP = 256
"""Characters that two such pieces share."""

EXCEPTION = r"(?:[\w$]{1,60}\.){0,12}[\w$]{0,60}(?:Error|Exception)(?: \[\w{1,40}\])?(?:: |$)"
"""How an exception names itself at the beginning of a line."""

CRASH = re.compile(
    r"(?:^|(?<=[\s:\[\]|]))(?:panic: |fatal error: |http: panic serving |npm ERR! "
    r"|thread '[^']{0,80}' (?:\(\d{1,9}\) )?panicked at |Exception in thread "
    r"|PHP (?:Fatal|Parse) error: |Fatal Python error: |Traceback \(most recent call last\)"
    r"|Segmentation fault|SIGSEGV|segfault at |kernel BUG at |terminate called "
    r"|Out of memory: Kill|oom-kill:|killed by the OOM killer|[\w.-]{1,40} invoked oom-killer"
    r"|(?:Uncaught|Unhandled)[ \w]{0,30}(?:[Ee]xception|[Ee]rror|[Rr]ejection)"
    r"|\*\*\* stack smashing detected|double free or corruption)"
    rf"|^{EXCEPTION}"
    r"|^\S{1,200}:\d{1,7}:in [`'].{0,300}\(\w{0,60}(?:Error|Exception)\)"
)
"""What programs print, without a level, when they die of an error."""

WORDS = re.compile(
    r"\W{0,3}(?:errors?|err|fatal|critical|crit|severe|panic|exception|"
    r"traceback \(most recent call last\))\W{0,3}",
    re.IGNORECASE,
)
"""A match that only names a level: a level that is stated says more."""

NONE_BEFORE = re.compile(r"(?:\b(?:0|no|zero|without)(?: any)? |=)$", re.IGNORECASE)
NONE_AFTER = re.compile(r"s?[\"']?\]?\s{0,3}[=:]\s{0,3}(?:0\b|null|nil|none|false|\"\"|\[\]|\{\})")

CHAIN = re.compile(
    r"During handling of the above|The above exception was|Caused by: |Suppressed: |\.\.\. \d+ more"
    r"|goroutine \d+ \[|Stack trace:|stack backtrace:|#\d+ |note: run with|created by |exit status "
    r"|Node\.js v|\^|\[signal "
    rf"|{EXCEPTION}"
)
"""A line that goes on from an error above it."""

DATED = re.compile(r"(?:SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): ")
"""How java.util.logging begins the second line of an entry; the first one holds its time."""


class NoiseFilter(NamedTuple):
    """A known pattern; `over` says whose it was and until when, once that day has passed."""

    pattern: re.Pattern[str]
    over: str


class ErrorRules(NamedTuple):
    """What an error looks like, and what only looks like one."""

    errors: re.Pattern[str]
    noise: tuple[NoiseFilter, ...]


class LogErrors(NamedTuple):
    """Errors that count, one line each, and how many known ones do not.

    `met` tells of each noise pattern whether any error matched it.
    """

    findings: list[str]
    noise: int
    met: tuple[bool, ...] = ()


def rules(request: LogsRequest) -> ErrorRules:
    """Return the rules that a request states."""
    return ErrorRules(re.compile(request.errors), tuple(map(known, request.noise)))


def known(noise: KnownNoise) -> NoiseFilter:
    """Return a noise pattern; it holds until the end of its last day, UTC."""
    today = dt.datetime.now(dt.timezone.utc).date()
    over = dt.date.fromisoformat(noise.until) < today
    words = f" (expired noise entry of {noise.owner}, last day {noise.until})"
    return NoiseFilter(re.compile(noise.pattern), words if over else "")


def nowhere(_first: int, _last: int) -> bool:
    """Tell that no line is out of what was asked for."""
    return False


def is_error(reading: LineRead, errors: re.Pattern[str]) -> bool:
    """Return whether a line is an error: by the level it states, or else by its text.

    A match that is more than the name of a level counts whatever the level is: it was asked for.
    """
    if reading.level:
        return True
    for piece in pieces(reading.text):
        for found in errors.finditer(piece):
            is_word = WORDS.fullmatch(found.group()) is not None
            if not is_word or (reading.level is None and not is_nought(piece, found)):
                return True
    return reading.level is None and CRASH.search(reading.text, 0, PIECE) is not None


def is_nought(text: str, found: re.Match[str]) -> bool:
    """Return whether a word of errors counts none of them, as in `0 errors` and `error=null`."""
    before = text[max(0, found.start() - 16) : found.start()]
    return bool(NONE_BEFORE.search(before) or NONE_AFTER.match(text, found.end()))


def pieces(text: str) -> Sequence[str]:
    """Return a text in pieces of bounded length, which overlap."""
    if len(text) <= PIECE:
        return (text,)
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE - OVERLAP)]


def counted(
    lines: Sequence[LineRead],
    rules: ErrorRules,
    urgent: set[int],
    is_out: Callable[[int, int], bool] = nowhere,
) -> LogErrors:
    """Return the errors among lines; a traceback is one error with the line above it."""
    hits = set(hit_lines(lines, rules.errors)) | urgent
    findings, noise, done = [], 0, -1
    met: set[str] = set()
    for hit in sorted(hits):
        if hit <= done:
            continue
        first, last = around(lines, hit, hits)
        done = last
        if is_out(first, last):
            continue
        whole = "\n".join(line.text for line in lines[first : last + 1])
        matching = [one for one in rules.noise if any(map(one.pattern.search, pieces(whole)))]
        met.update(one.pattern.pattern for one in matching)
        if any(not one.over for one in matching):
            noise += 1
            continue
        findings.append(shown(lines, first, hit, last) + "".join(one.over for one in matching))
    return LogErrors(findings, noise, tuple(one.pattern.pattern in met for one in rules.noise))


def hit_lines(lines: Sequence[LineRead], errors: re.Pattern[str]) -> Iterator[int]:
    """Yield the places of lines that are errors; one that takes too long is named."""
    at = 0
    try:
        for at, line in enumerate(lines):
            if is_error(line, errors):
                yield at
    except Slow as slow:
        slow.line = lines[at].text
        raise


def around(lines: Sequence[LineRead], hit: int, hits: set[int]) -> tuple[int, int]:
    """Return the first and the last line of what belongs together with a line."""
    first = last = hit
    while follows(lines, first, hits):
        first -= 1
    while last + 1 < len(lines) and follows(lines, last + 1, hits):
        last += 1
    return first, last


def follows(lines: Sequence[LineRead], at: int, hits: set[int]) -> bool:
    """Return whether a line continues the one above: indented, part of a traceback, or its end."""
    line, above = lines[at], lines[at - 1]
    text = line.text
    if at == 0 or not text or line.when is not None:
        return False
    if DATED.match(text):
        return above.when is not None and above.level is None
    if text[0].isspace():
        return True
    if CHAIN.match(text):
        return at - 1 in hits or above.when is None
    if text.startswith("Traceback ("):
        return at - 1 in hits or CHAIN.match(above.text) is not None
    return above.text[:1].isspace() and line.level is None


def shown(lines: Sequence[LineRead], first: int, hit: int, last: int) -> str:
    """Return an error as one line: how it begins, what makes it one, and how it ends."""
    chosen = dict.fromkeys((first, hit, last))
    words = [lines[at].text.strip() for at in chosen]
    words = [word for word in words if word and not word.startswith("Traceback (")] or words[:1]
    share = (LONGEST - 3 * (len(words) - 1)) // len(words)
    return " … ".join(shortened(word, share) for word in words)
