"""The report of a run: pytest-html collects and writes it, our page is what it writes.

pytest-html's own page needs a script that fills tables by `innerHTML`. Ours needs none, so that
its policy can forbid all of them. We put our page in the place of pytest-html's template; where
that is not possible any more, our sections still appear on its page, by its documented hooks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .page import document as page
from .page.log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollback.redaction import Redact

    Record = Mapping[str, object]


def unchanged(text: str) -> str:
    """Return the text: for a record that holds no secret any more."""
    return text


def render(record: Record, redact: Redact = unchanged) -> str:
    """Return a record as HTML for a page of one's own; `report.css` makes it look good."""
    return page.render(record, redact)


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner reads; whoever writes to it later keeps that."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def configure(config: pytest.Config, folder: Path) -> None:
    """Have pytest-html write `report.html` into a folder. Call it before pytest-html configures.

    A page that says "not finished" stands there at once, so that a killed run has one too.
    """
    if hasattr(config, "workerinput"):
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder.resolve() / "report.html"
    write_private(path, page.unfinished())
    config.option.htmlpath = str(path)
    config.option.self_contained_html = True
    config.option.css = [str(page.STYLE), *(getattr(config.option, "css", None) or ())]


class Page:
    """What pytest-html renders instead of its own template."""

    def __init__(self, report: Report, styles: list[str]) -> None:
        self.report = report
        self.styles = [Path(os.path.expandvars(style)).expanduser() for style in styles]

    def render(self, **values: Any) -> str:  # noqa: ANN401 - pytest-html's own values
        """Return the page, made of the pieces that the hooks of pytest-html were given."""
        if values["running_state"] != "finished":
            return page.unfinished()
        pieces = values["additional_summary"]
        parts = [*pieces["prefix"], *pieces["summary"], *pieces["postfix"]]
        return page.document(self.report.title, map(str, parts), self.styles)


class Report:
    """The plugin: says what the report holds once all is over.

    Args:
        record: returns the record of the run; asked once, when the session ends.
        redact: takes the secrets out of a text; every text goes through it before it is escaped.
    """

    def __init__(self, record: Callable[[], Record], redact: Redact = unchanged) -> None:
        self.record = record
        self.redact = redact
        self.log = Log(redact)
        self.title = "Rollback report"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Put our page in the place of pytest-html's."""
        styles = getattr(session.config.option, "css", None) or []
        for plugin in session.config.pluginmanager.get_plugins():
            if type(plugin).__module__.startswith("pytest_html.") and hasattr(plugin, "_template"):
                plugin._template = Page(self, styles)  # noqa: SLF001 - it has no other way in

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:  # noqa: ANN401 - untyped there
        """Name the page while the verdict is not known."""
        report.title = self.title

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:  # noqa: ANN401
        """Take a test into our own log, and out of pytest-html's, which keeps secrets and size."""
        failed = report.outcome == "failed" and report.when != "call"
        self.log.add(
            report.nodeid,
            "error" if failed else report.outcome,
            getattr(report, "duration", 0.0),
            report.longreprtext,
            report.sections,
        )
        cells.clear()

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_html_results_summary(self, prefix: list[str], postfix: list[str]) -> None:
        """Give pytest-html our sections: the verdict first, the raw log last."""
        record = self.record()
        self.title = page.title(record, self.redact)
        prefix.insert(0, page.render(record, self.redact))
        postfix.append(page.render_log(self.log))
