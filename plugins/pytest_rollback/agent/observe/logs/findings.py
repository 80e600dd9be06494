"""Which lines of a log are errors that count: a traceback is one, known noise is none."""

from __future__ import annotations

import datetime as dt
import re
from typing import Callable, NamedTuple, Sequence

from ...messages.logs import KnownNoise, LogsRequest
from .timestamps import stamp

LONGEST = 300
"""Characters of one finding."""

CHAIN = re.compile(
    r"During handling of the above|The above exception was|Caused by: |\.\.\. \d+ more"
)


class NoiseFilter(NamedTuple):
    """A known pattern; `over` says whose it was and until when, once that day has passed."""

    pattern: re.Pattern[str]
    over: str


class ErrorRules(NamedTuple):
    """What an error looks like, and what only looks like one."""

    errors: re.Pattern[str]
    noise: tuple[NoiseFilter, ...]


class LogErrors(NamedTuple):
    """Errors that count, one line each, and how many known ones do not."""

    findings: list[str]
    noise: int


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


def counted(
    lines: Sequence[str],
    rules: ErrorRules,
    urgent: set[int],
    is_out: Callable[[int, int], bool] = nowhere,
) -> LogErrors:
    """Return the errors among lines; a traceback is one error with the line above it."""
    search = rules.errors.search
    hits = {at for at, line in enumerate(lines) if search(line)} | urgent
    findings, noise, done = [], 0, -1
    for hit in sorted(hits):
        if hit <= done:
            continue
        first, last = around(lines, hit, hits)
        done = last
        if is_out(first, last):
            continue
        whole = "\n".join(lines[first : last + 1])
        matching = [one for one in rules.noise if one.pattern.search(whole)]
        if any(not one.over for one in matching):
            noise += 1
            continue
        findings.append(shown(lines, first, hit, last) + "".join(one.over for one in matching))
    return LogErrors(findings, noise)


def around(lines: Sequence[str], hit: int, hits: set[int]) -> tuple[int, int]:
    """Return the first and the last line of what belongs together with a line."""
    first = last = hit
    while follows(lines, first, hits):
        first -= 1
    while last + 1 < len(lines) and follows(lines, last + 1, hits):
        last += 1
    return first, last


def follows(lines: Sequence[str], at: int, hits: set[int]) -> bool:
    """Return whether a line continues the one above: indented, part of a traceback, or its end."""
    line = lines[at]
    if at == 0 or not line or stamp(line) is not None:
        return False
    above = lines[at - 1]
    if line[0].isspace() or CHAIN.match(line):
        return True
    if line.startswith("Traceback ("):
        return at - 1 in hits or CHAIN.match(above) is not None
    return above[:1].isspace()


def shown(lines: Sequence[str], first: int, hit: int, last: int) -> str:
    """Return an error as one line: how it begins, what makes it one, and how it ends."""
    chosen = dict.fromkeys((first, hit, last))
    words = [lines[at].strip() for at in chosen]
    words = [word for word in words if word and not word.startswith("Traceback (")] or words[:1]
    share = (LONGEST - 3 * (len(words) - 1)) // len(words)
    return " … ".join(word[:share] for word in words)
