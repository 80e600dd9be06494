"""How our page gets into pytest-html's report: the one place that knows what it does not document.

pytest-html's own page needs a script that fills tables by `innerHTML`. Ours needs none, so that its
policy can forbid all of them. pytest-html documents hooks for a title, rows and pieces of its page,
and no way to give it another page: we put ours in the place of its template. In a version that
keeps its template elsewhere our sections stand on its page, by its documented hooks, and the run
says so.
"""

from __future__ import annotations

import contextlib
import os
import traceback
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.evidence.run_folder import REPORT
from pytest_rollback.report.html import page
from pytest_rollback.report.html.raw_log import Log

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_rollback.evidence.redaction import Redact
    from pytest_rollback.run.run_record import RunRecord

TESTED = ("4.2.0",)
"""Versions of pytest-html that the report was tested with."""

TEMPLATE = "_template"
"""Where they keep what renders their page."""


def version() -> str:
    """Return the version of pytest-html that is installed."""
    return metadata.version("pytest-html")


def unknown_version() -> str:
    """Return that the page is not ours, and what would make it so."""
    return (
        f"{REPORT} is pytest-html's own page with our sections in it: its version {version()} "
        f"takes no other page\nHINT: pip install 'pytest-html=={TESTED[-1]}'"
    )


def unchanged(text: str) -> str:
    """Return the text: for a record that holds no secret any more."""
    return text


def _made_by(plugin: object, package: str) -> bool:
    return type(plugin).__module__.startswith(package)


class HtmlPage:
    """What pytest-html renders instead of its own template."""

    def __init__(self, report: HtmlReport, styles: list[str]) -> None:
        self.report = report
        self.styles = [Path(os.path.expandvars(style)).expanduser() for style in styles]

    def render(self, **values: Any) -> str:  # noqa: ANN401 - pytest-html's own values
        """Return the page, made of the pieces that the hooks of pytest-html were given."""
        if values["running_state"] != "finished":
            return page.unfinished()
        pieces = values["additional_summary"]
        parts = [*pieces["prefix"], *pieces["summary"], *pieces["postfix"]]
        return page.document(self.report.title, map(str, parts), self.styles)


class HtmlReport:
    """The plugin: gives pytest-html the sections of the report when the session ends.

    Args:
        record: returns the record of the run; asked once, when the session ends.
        redact: takes the secrets out of a text; every text goes through it before it is escaped.
    """

    def __init__(self, record: Callable[[], RunRecord], redact: Redact = unchanged) -> None:
        self.record = cache(record)
        self.redact = redact
        self.log = Log(redact)
        self.title = "Rollback report"
        self.problem = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Replace pytest-html's page by ours, and remove its line and JUnit's from the summary."""
        styles = getattr(session.config.option, "css", None) or []
        plugins = session.config.pluginmanager.get_plugins()
        writers = [each for each in plugins if _made_by(each, "pytest_html.")]
        for writer in writers:
            if hasattr(writer, TEMPLATE):
                setattr(writer, TEMPLATE, HtmlPage(self, styles))
            else:
                self.problem = unknown_version()
        summary = session.config.hook.pytest_terminal_summary
        for plugin in (*writers, *(each for each in plugins if _made_by(each, "_pytest.junitxml"))):
            # Where everything lies is said once, by our own summary.
            with contextlib.suppress(ValueError):  # it says nothing there
                summary._remove_plugin(plugin)  # noqa: SLF001 - it has no other way out

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:  # noqa: ANN401 - untyped there
        """Name the page while the verdict is not known."""
        report.title = self.title

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: pytest.TestReport, cells: list[str]) -> None:
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
        try:
            self.title = page.title(record, self.redact)
            prefix.insert(0, page.render(record, self.redact))
            postfix.append(page.render_log(self.log))
        except Exception as defect:  # noqa: BLE001 - no defect of the page takes the verdict away
            why = "".join(traceback.format_exception(defect))
            prefix.insert(0, page.defective(record, why, self.redact))
            self.problem = f"{REPORT} is incomplete: {self.redact(repr(defect))}"
