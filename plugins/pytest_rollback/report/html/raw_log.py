"""The raw log at the end of the page: what pytest itself kept of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.report.html.sanitize import clean, shorten
from pytest_rollback.text.quantities import span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_rollback.evidence.redaction import Redact
    from pytest_rollback.report.html.presenter import Limits

KEPT = 40_000
RANK = ("passed", "skipped", "xfailed", "xpassed", "failed", "error")
TONES = {"passed": "good", "failed": "bad", "error": "bad"}


class LoggedTest(NamedTuple):
    """One test: its worst outcome, how long it took, and its last output."""

    nodeid: str
    outcome: str
    seconds: float
    problems: str
    output: str


class LogLine(NamedTuple):
    """One test as it is shown."""

    nodeid: str
    outcome: str
    tone: str
    seconds: str
    text: str


class Log:
    """Every test of the session, redacted and cut as soon as it is heard of."""

    def __init__(self, redact: Redact) -> None:
        self.redact = redact
        self.entries: dict[str, LoggedTest] = {}

    def keep(self, text: str) -> str:
        """Return a text without secrets, short enough to be kept."""
        return clean(text, self.redact, KEPT // 4, KEPT - KEPT // 4)

    def add(
        self,
        nodeid: str,
        outcome: str,
        seconds: float,
        problem: str,
        sections: Iterable[tuple[str, str]],
    ) -> None:
        """Take one report of a test; `sections` holds all its output so far, by name."""
        old = self.entries.get(nodeid, LoggedTest("", "passed", 0.0, "", ""))
        parts = [f"── {self.keep(name)} ──\n{self.keep(text)}" for name, text in sections]
        self.entries[nodeid] = LoggedTest(
            nodeid=cut_name(self.keep(nodeid)),
            outcome=max(old.outcome, outcome, key=rank),
            seconds=old.seconds + seconds,
            problems=ends("\n".join(filter(None, (old.problems, self.keep(problem)))), KEPT),
            output=ends("\n".join(parts), KEPT) or old.output,
        )

    def lines(self, limits: Limits) -> tuple[LogLine, ...]:
        """Return the tests as they are shown, those that went wrong first."""
        worst = sorted(self.entries.values(), key=lambda entry: -rank(entry.outcome))
        return tuple(line(entry, limits.letters) for entry in worst[: limits.rows])


def ends(text: str, most: int) -> str:
    """Return begin and end of a log; the end is worth more, it gets three quarters."""
    return shorten(text, most // 4, most - most // 4)


def rank(outcome: str) -> int:
    """Return how bad an outcome is; an unknown one is the worst."""
    return RANK.index(outcome) if outcome in RANK else len(RANK)


def cut_name(nodeid: str) -> str:
    """Return a test's id short enough for one row."""
    return ends(nodeid, 300).replace("\n", " ")


def line(entry: LoggedTest, letters: int) -> LogLine:
    """Return one test as it is shown."""
    text = "\n".join(ends(each, letters) for each in (entry.problems, entry.output) if each)
    tone = TONES.get(entry.outcome, "doubt")
    return LogLine(entry.nodeid, entry.outcome, tone, span(entry.seconds), text)
