"""Annotations and a summary, as GitHub Actions reads them from the log and from a file.

The runner takes a line of the log that begins with `::` as a command, and lines of the log hold
words of the host: from the begin of the session to its end it is told not to.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from pathlib import Path

from pytest_rollback.run.run_record import CriterionRecord, RunRecord

SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable with the path of the file that the page of the job is made of."""

LEVELS = {
    "not met": "error",
    "inconclusive": "error",
    "not reached": "error",
    "waived": "warning",
    "advisory": "warning",
}


@functools.cache
def token() -> str:
    """Return the word that nobody on the host can know, which lets the runner listen again."""
    return secrets.token_hex(16)


def deaf() -> str:
    """Return the line after which the runner takes no line as a command."""
    return f"::stop-commands::{token()}"


def listening() -> str:
    """Return the line after which it does."""
    return f"::{token()}::"


def lines(record: RunRecord, code: int) -> Iterator[str]:
    """Yield the commands of the end: one for the verdict, one for each criterion that is not met.

    GitHub shows ten of each level for a step; the verdict comes first.
    """
    yield listening()
    yield command("error" if code else "notice", "rollback", record.sentence)
    for each in marked(record):
        text = "\n".join(filter(None, (each.message, each.hint and f"HINT: {each.hint}")))
        yield command(LEVELS[each.outcome], title(each), text or each.outcome)


def refused(message: str) -> str:
    """Return the commands of a session that could not begin."""
    return "\n".join((listening(), command("error", "rollback", message)))


def marked(record: RunRecord) -> list[CriterionRecord]:
    """Return the criteria that are not simply met, worst first."""
    order = list(LEVELS)
    found = [each for each in record.criteria if each.outcome in LEVELS]
    return sorted(found, key=lambda each: order.index(each.outcome))


def title(criterion: CriterionRecord) -> str:
    """Return the id of a criterion, and of what it is about."""
    return criterion.id + (f" [{criterion.component}]" if criterion.component else "")


def command(level: str, about: str, text: str) -> str:
    """Return one command of the runner on one line."""
    name = escaped(about).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{escaped(text)}"


def escaped(text: str) -> str:
    """Return a text as the runner reads it back: with nothing that ends the line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def summary(record: RunRecord) -> str:
    """Return the page of the job in Markdown: the verdict, and a line for what is not met."""
    rows = [
        f"| {each.outcome} | {cell(title(each))} | {cell(each.message)} | {cell(each.hint)} |"
        for each in marked(record)
    ]
    head = ["| outcome | criterion | why | remedy |", "| --- | --- | --- | --- |"] if rows else []
    return "\n".join([f"## {plain(record.sentence)}", "", *head, *rows, ""])


def cell(text: str) -> str:
    """Return a text within a table: as code, so that no word of a host is markup."""
    words = " ".join(text.split()).replace("`", "'").replace("|", "/")
    return f"`{words}`" if words else ""


def plain(text: str) -> str:
    """Return a text on one line, without markup."""
    return " ".join(text.split()).translate(dict.fromkeys(map(ord, "<>[]"), " "))


def add(path: Path, record: RunRecord) -> str:
    """Add the page to the file of the step; return why it cannot be written, or ""."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(summary(record))
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}\nHINT: correct {SUMMARY}"
    return ""
