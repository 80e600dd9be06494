"""The report of a run: pytest-html collects and writes it, our page is what it writes.

pytest-html's own page needs a script that fills tables by `innerHTML`. Ours needs none, so that
its policy can forbid all of them. We put our page in the place of pytest-html's template; where
that is not possible any more, our sections still appear on its page, by its documented hooks.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import traceback
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rollback.errors import LeakFound, RollbackError
from pytest_rollback.evidence import seal as evidence_seal
from pytest_rollback.evidence.json_data import dump
from pytest_rollback.evidence.run_folder import JUNIT, REPORT, redacted_xml, seal, write_private
from pytest_rollback.report import all_runs
from pytest_rollback.report.html import page
from pytest_rollback.report.html.raw_log import Log

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_rollback.evidence.redaction import Redact, Redactor
    from pytest_rollback.run.run_record import RunRecord


def unchanged(text: str) -> str:
    """Return the text: for a record that holds no secret any more."""
    return text


def render(record: RunRecord, redact: Redact = unchanged) -> str:
    """Return a record as HTML for a page of one's own; `report.css` makes it look good."""
    return page.render(record, redact)


def configure(config: pytest.Config, folder: Path) -> None:
    """Have pytest write `report.html` and `junit.xml` into a folder; call it before they configure.

    A page that says "not finished" stands there at once, so that a killed run has one too. A
    `--junitxml` of the operator's own stays where he wants it, and is redacted there.
    """
    if hasattr(config, "workerinput"):
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder.resolve() / REPORT
    write_private(path, page.unfinished())
    config.option.htmlpath = str(path)
    config.option.self_contained_html = True
    config.option.css = [str(page.STYLE), *(getattr(config.option, "css", None) or ())]
    config.option.xmlpath = getattr(config.option, "xmlpath", None) or str(path.with_name(JUNIT))


def attach(
    config: pytest.Config, folder: Path, record: Callable[[], RunRecord], redactor: Redactor
) -> Seal:
    """Have a session leave its report, JUnit and record in a folder, all without secrets.

    Call it before pytest-html and junitxml configure. `record` is asked once, when the criteria
    are over; what is returned says afterwards what went wrong with the files.
    """
    configure(config, folder)
    report = Report(record, redactor.text)
    sealing = Seal(folder, report, redactor)
    for plugin in (report, sealing):
        config.pluginmanager.register(plugin)
    return sealing


class HtmlPage:
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
        for plugin in session.config.pluginmanager.get_plugins():
            if type(plugin).__module__.startswith("pytest_html.") and hasattr(plugin, "_template"):
                plugin._template = HtmlPage(self, styles)  # noqa: SLF001 - it has no other way in
            if type(plugin).__module__.startswith(("pytest_html.", "_pytest.junitxml")):
                said = session.config.hook.pytest_terminal_summary
                # Where everything lies is said once, by our own summary.
                with contextlib.suppress(ValueError):  # it says nothing there
                    said._remove_plugin(plugin)  # noqa: SLF001 - it has no other way out

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


class Seal:
    """The plugin that completes a run's folder once everybody has written to it.

    `problem` says what went wrong: a secret that was found, or a file that could not be written.
    """

    def __init__(self, folder: Path, report: Report, redactor: Redactor) -> None:
        self.folder, self.report, self.redactor = folder, report, redactor
        self.problem = ""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Write the record, redact, make private and search, before the summary is printed."""
        result = None
        try:
            result = yield
        except OSError as error:  # page or JUnit; the verdict is in the summary all the same
            self.problem = unwritten(self.folder, error)
        if hasattr(session.config, "workerinput"):
            return result
        self.problem = self.problem or self.report.problem
        try:
            own(session.config, self.folder, self.redactor)
            seal(self.folder, dump(self.report.record()), self.redactor)
        except LeakFound as leak:
            self.problem, session.exitstatus = str(leak), leak.exit_code
        except OSError as error:
            self.problem = self.problem or unwritten(self.folder, error)
        self._close()
        return result

    def _close(self) -> None:
        """Seal what is there, also where a file was withdrawn, and list the run among all."""
        try:
            evidence_seal.close(self.folder, "the run ended")
            all_runs.write(self.folder.parent)
        except RollbackError as error:
            self.problem = self.problem or str(error)
        except OSError as error:
            self.problem = self.problem or unwritten(self.folder, error)


def unwritten(folder: Path, error: OSError) -> str:
    """Return that a run's folder is not complete, and how the next one is, or this one still."""
    return (
        f"the report is not complete: {folder}: {error.strerror or error}\n"
        f"HINT: df -h {shlex.quote(str(folder.parent))}, or ROLLBACK_REPORTS=FOLDER for another "
        f"place; for a rollback: scripts/verify_bundle {folder.name} --rebuild"
    )


def own(config: pytest.Config, folder: Path, redactor: Redactor) -> None:
    """Redact a JUnit file that the operator wanted elsewhere, and keep a copy in the folder."""
    theirs = Path(os.path.expandvars(config.option.xmlpath)).expanduser()
    if theirs.is_file() and theirs.absolute() != (folder / JUNIT).absolute():
        text = redacted_xml(theirs.read_text("utf-8", "replace"), redactor)
        theirs.write_text(text, "utf-8")
        write_private(folder / JUNIT, text)
