"""How old a runbook is, by its own words: changed since the last drill, or due for a review."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_rollback.text import named_files

CHANGED = re.compile(
    r"^\W*(?:last )?(?:updated|changed|modified)\W*:\W*(.+?)\W*$", re.IGNORECASE | re.MULTILINE
)
DUE = re.compile(
    r"^\W*(?:next )?review(?: date| due| by)?\W*:\W*(.+?)\W*$", re.IGNORECASE | re.MULTILINE
)
FORMS = ("%Y-%m-%d", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%d.%m.%Y")


def day(text: str) -> dt.date | None:
    """Return the day that a text names in one of the usual ways; None for any other."""
    for form in FORMS:
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
    return None


def stated(label: re.Pattern[str], text: str) -> dt.date | None:
    """Return the day that a page states under a label; None where it states none."""
    found = label.search(text)
    return day(found[1]) if found else None


def stale(path: Path, drilled: dt.datetime | None, today: dt.date) -> Iterator[str]:
    """Yield why a runbook is older, or newer, than it should be.

    Args:
        path: the page. Where it states no day of its own, the file's counts.
        drilled: when the last successful drill ended; None where there was none.
        today: the day of the question, UTC.
    """
    try:
        text = named_files.content(path).decode("utf-8", "replace")
        saved = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()
    except OSError:
        return  # readiness.runbook.true says so
    changed, due = stated(CHANGED, text) or saved, stated(DUE, text)
    if drilled and changed > drilled.date():
        yield f"{path} was changed on {changed}, after the successful drill of {drilled.date()}"
    if due is not None and due < today:
        yield f"the review of {path} was due on {due}"
