"""The folder of a run gets its report, its JUnit file and its record, and is sealed.

pytest-html and junitxml write; what they are told is here. Files that the operator asked for, by
`--html` or `--junitxml`, are written where he wants them, without secrets, and are copied into the
folder or out of it.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.errors import LeakFound, RollbackError
from pytest_rollback.evidence import seal as evidence_seal
from pytest_rollback.evidence.json_data import dump
from pytest_rollback.evidence.run_folder import JUNIT, REPORT, redacted_xml, seal, write_private
from pytest_rollback.plugin.pytest_html_adapter import HtmlReport
from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.report import all_runs
from pytest_rollback.report.html import page
from pytest_rollback.text.next_steps import NextSteps

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_rollback.evidence.redaction import Redactor
    from pytest_rollback.run.run_record import RunRecord


THEIRS: pytest.StashKey[Path] = pytest.StashKey()
"""Where the operator wants the page as well."""


def asked(path: str | None, config: pytest.Config) -> Path | None:
    """Return where an option of pytest-html or junitxml leads; None where it was not given."""
    if not path:
        return None
    return config.invocation_params.dir / Path(os.path.expandvars(path)).expanduser()


def put(path: Path, text: str) -> str:
    """Write a page where the operator wants it, folders as well; return why it cannot be, or ""."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        return f"{path} cannot be written: {error.strerror}\nHINT: correct --html"
    return ""


def configure(config: pytest.Config, folder: Path) -> None:
    """Have pytest write `report.html` and `junit.xml` into a folder; call it before they configure.

    A page that says "not finished" stands there at once, so that a killed run has one too; also
    where the operator asked for the page by `--html`. A `--junitxml` stays where he wants it.
    """
    if hasattr(config, "workerinput"):
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder.resolve() / REPORT
    write_private(path, page.unfinished())
    theirs = asked(getattr(config.option, "htmlpath", None), config)
    if theirs:
        config.stash[THEIRS] = theirs
        put(theirs, page.unfinished())  # told at the end, if it cannot be
    config.option.htmlpath = str(path)
    config.option.self_contained_html = True
    config.option.css = [str(page.STYLE), *(getattr(config.option, "css", None) or ())]
    config.option.xmlpath = getattr(config.option, "xmlpath", None) or str(path.with_name(JUNIT))


def attach(
    config: pytest.Config,
    folder: Path,
    record: Callable[[], RunRecord],
    redactor: Redactor,
    *,
    told: Callable[[Path], None] = lambda _: None,
    steps: NextSteps = NextSteps(),  # noqa: B008 - frozen
) -> Seal:
    """Have a session leave its report, JUnit and record in a folder, all without secrets.

    Call it before pytest-html and junitxml configure. `record` is asked once, when the criteria
    are over, and `told` is called with the folder once it is sealed; what is returned says
    afterwards what went wrong with the files. `steps` make the commands of that.
    """
    configure(config, folder)
    report = HtmlReport(record, redactor.text)
    sealing = Seal(folder, report, redactor, told, steps)
    for plugin in (report, sealing):
        config.pluginmanager.register(plugin)
    return sealing


class Seal:
    """The plugin that completes a run's folder once everybody has written to it.

    `problem` says what went wrong: a secret that was found, or a file that could not be written.
    """

    def __init__(
        self,
        folder: Path,
        report: HtmlReport,
        redactor: Redactor,
        told: Callable[[Path], None],
        steps: NextSteps,
    ) -> None:
        self.folder, self.report, self.redactor, self.told = folder, report, redactor, told
        self.steps = steps
        self.problem = ""

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Write the record, redact, make private and search, before the summary is printed."""
        result = None
        try:
            result = yield
        except OSError as error:  # page or JUnit; the verdict is in the summary all the same
            self.problem = unwritten(self.folder, error, self.steps)
        if hasattr(session.config, "workerinput"):
            return result
        self.problem = self.problem or self.report.problem
        PROGRESS.current = "redacts and seals the run's folder"
        try:
            own(session.config, self.folder, self.redactor)
            seal(self.folder, dump(self.report.record()), self.redactor)
            if THEIRS in session.config.stash:  # not before no secret was found in the page
                text = (self.folder / REPORT).read_text("utf-8")
                self.problem = self.problem or put(session.config.stash[THEIRS], text)
        except LeakFound as leak:
            self.problem, session.exitstatus = str(leak), leak.exit_code
        except OSError as error:
            self.problem = self.problem or unwritten(self.folder, error, self.steps)
        self._close()
        return result

    def _close(self) -> None:
        """Seal what is there, also where a file was withdrawn, and list the run among all."""
        try:
            evidence_seal.close(self.folder, "the run ended")
            self.told(self.folder)
            all_runs.write(self.folder.parent)
        except RollbackError as error:
            self.problem = self.problem or str(error)
        except OSError as error:
            self.problem = self.problem or unwritten(self.folder, error, self.steps)


def unwritten(folder: Path, error: OSError, steps: NextSteps) -> str:
    """Return that a run's folder is not complete, and how the next one is, or this one still."""
    again = steps.completed(f"rollback report rebuild {folder.name}")
    return (
        f"the report is not complete: {folder}: {error.strerror or error}\n"
        f"HINT: df -h {shlex.quote(str(folder.parent))}, or ROLLBACK_REPORTS=FOLDER for another "
        f"place; for a rollback: {again}"
    )


def own(config: pytest.Config, folder: Path, redactor: Redactor) -> None:
    """Redact a JUnit file that the operator wanted elsewhere, and keep a copy in the folder."""
    theirs = asked(config.option.xmlpath, config)
    if theirs and theirs.is_file() and theirs.absolute() != (folder / JUNIT).absolute():
        text = redacted_xml(theirs.read_text("utf-8", "replace"), redactor)
        theirs.write_text(text, "utf-8")
        write_private(folder / JUNIT, text)
