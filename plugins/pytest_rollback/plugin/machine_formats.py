"""Writes what a session found for other machines, once everything else is over."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from pytest_rollback.run import formats
from pytest_rollback.run.formats import OutputFormat
from pytest_rollback.run.run import Run
from pytest_rollback.run.run_record import RunRecord, redacted


class Machines:
    """The plugin.

    Args:
        config: pytest's.
        run: what the session is about.
        wanted: the formats that were asked for.
    """

    def __init__(self, config: pytest.Config, run: Run, wanted: tuple[OutputFormat, ...]) -> None:
        self.config, self.run, self.wanted = config, run, wanted
        self.nagios = any(each.kind == "nagios" for each in wanted)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Silence the terminal for Nagios, which reads one line."""
        terminal = self.config.pluginmanager.get_plugin("terminalreporter")
        if self.nagios and terminal is not None:
            nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            self.config.add_cleanup(nowhere.close)
            terminal._tw._file = nowhere  # noqa: SLF001 - it has no other way in

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Write every format; with Nagios the exit code is Nagios'."""
        result = yield
        code = int(session.exitstatus)
        record = redacted(self.run.record(), self.run.redactor.data)
        problems = [said for each in self.wanted if (said := self.written(each, record, code))]
        if self.nagios:
            line = formats.unknown(problems[0]) if problems else formats.nagios(record, code)
            sys.stdout.write(line + "\n")
            session.exitstatus = formats.UNKNOWN if problems else formats.state(record, code)
        elif problems:
            sys.stderr.write("".join(f"{each}\n" for each in problems))
            session.exitstatus = session.exitstatus or 1
        return result

    def written(self, wanted: OutputFormat, record: RunRecord, code: int) -> str:
        """Write one file; return why it cannot be written, "" when it was."""
        if wanted.path is None:
            return ""
        path = Path(self.config.invocation_params.dir, wanted.path)
        try:
            if wanted.kind == "json":
                formats.write(path, formats.as_json(record, code), 0o600)
            else:
                formats.write(path, formats.prometheus(record, code), 0o644)
        except OSError as error:
            return f"{path} cannot be written: {error.strerror}\nHINT: correct --rollback-format"
        return ""
