"""Passes the result of a session to the parts that write other formats, and marks it for JUnit."""

from __future__ import annotations

import os
import sys
import xml.etree.ElementTree as ET
from collections.abc import Generator
from typing import TextIO

import pytest
from _pytest.junitxml import xml_key

from pytest_rollback.criteria import EXCUSED
from pytest_rollback.plugin.output.redacted_stream import redact_terminal
from pytest_rollback.plugin.stash import EXIT_CODE
from pytest_rollback.run.extra_types import RunResult
from pytest_rollback.run.run import Run
from pytest_rollback.run.run_record import redacted


class JunitMarks:
    """The plugin that has JUnit's readers tell an excused criterion from one that is met.

    JUnit has no word for an advisory, or for a waiver; readers show `skipped` in a colour of its
    own, with the message, and count it neither as passed nor as failed.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Mark what junitxml has just noted as passed."""
        xml = self.config.stash.get(xml_key, None)
        found = getattr(report, "criterion", None)
        if xml is None or found is None or not report.passed or found["outcome"] not in EXCUSED:
            return
        said = {"type": found["outcome"], "message": found["message"]}
        xml.node_reporter(report).append(ET.Element("skipped", said))
        xml.stats["passed"] -= 1  # appending has counted it once more


class ResultWriter:
    """The plugin.

    Args:
        config: pytest's.
        run: what the session is about.
    """

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self.config, self.run = config, run
        self.quiet = run.extras.quiet(run.asked.given)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Take secrets out of what is printed; silence all where a part prints the only line."""
        redact_terminal(self.config, self.run.redactor.text)
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if self.quiet and terminal is not None:
            nowhere: TextIO = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            self.config.add_cleanup(nowhere.close)
            terminal._tw._file = nowhere  # noqa: SLF001 - it has no other way in

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Have the result written; a part may print its line and choose the exit code."""
        result = yield
        record = redacted(self.run.record(), self.run.redactor.data)
        found = RunResult(
            record,
            self.config.stash.get(EXIT_CODE, int(session.exitstatus)),
            self.run.asked.given,
            self.config.invocation_params.dir,
        )
        texts = self.run.extras.written(found)
        if self.quiet and not any(each.line for each in texts):
            sys.stdout.write(f"{record.sentence}\n")  # whoever asked for silence says nothing
        code = found.code
        for each in texts:
            if each.line:
                sys.stdout.write(each.line + "\n")
            sys.stderr.write("".join(f"{problem}\n" for problem in each.problems))
            if each.code is not None and (each.code or not found.code):  # no bad end becomes good
                code = each.code
            elif each.problems:
                code = code or 1
        self.config.stash[EXIT_CODE] = session.exitstatus = code
        return result
