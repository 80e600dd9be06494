"""One host is rolled back by the single tool, in a process of its own; how it ended is read here.

Promise: an outcome is what exit code and report.json both say. Where they do not agree, or one of
them is missing, the host may have been changed: it is lost.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from pytest_rollback.errors import RTO_MISSED, GateClosed, LockHeld, Unreachable
from pytest_rollback.evidence.json_data import loads
from pytest_rollback.evidence.run_folder import DATA, REPORT
from pytest_rollback.extras.fleet.judge import HostOutcome
from pytest_rollback.progress.handover import VARIABLE
from pytest_rollback.run.run_record import RunRecord, parsed
from pytest_rollback.text.places import home
from pytest_rollback.transport.interrupts import BEFORE, CODE, ENDING, not_without_us

OUTPUT = "output.txt"
WELL = frozenset({0, RTO_MISSED})
"""The exit codes of a good verdict; all others but 1 leave it open what is on the host."""

UNTOUCHED = {
    Unreachable.exit_code: HostOutcome.NEVER_REACHED,
    LockHeld.exit_code: HostOutcome.HELD,
    GateClosed.exit_code: HostOutcome.FAILED,
    CODE: HostOutcome.NEVER_BEGUN,
}
"""The outcome of a run that has begun no change, by its exit code."""


class ChildResult(NamedTuple):
    """How a host ended: the outcome, why, its exit code, and its record where there is one.

    `folder` is that of its run, None where it left none.
    """

    outcome: HostOutcome
    why: str = ""
    code: int | None = None
    record: RunRecord | None = None
    folder: Path | None = None

    @property
    def report(self) -> Path | None:
        """The page of its run."""
        return self.folder / REPORT if self.folder else None


class UnderWay(Protocol):
    """What is being done about one host, looked at again and again until it has ended."""

    def ended(self) -> int | None:
        """Return its exit code; None while it is at work."""

    def interrupt(self, name: str = "SIGINT") -> None:
        """Have it end at its next safe point."""


class ChildProcess:
    """A process that asks or changes one host, in a folder of its own.

    Start it from the main thread: one that heeds signals, as our own commands do, ends in order
    when that thread does, also by SIGKILL. Another one comes to its end.

    Args:
        command: as words.
        folder: where its output goes.
        name: of the file with the output.
        more: variables of its environment.
    """

    heeds = True

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        name: str = OUTPUT,
        more: Mapping[str, str] | None = None,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder, self.output = folder, folder / name
        self.began = time.monotonic()
        left_out = ("ROLLBACK_REPORTS",)  # it would decide where the report goes
        kept = {key: value for key, value in os.environ.items() if key not in left_out}
        # -1: nobody has a pipe for its ticks; it says with an exit code of its own that a signal
        # came before it had asked anything.
        environment = {**kept, **(more or {}), VARIABLE: "-1", "COLUMNS": "80"}
        handle = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # Ours take them up once they heed them; others would never hear of them.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING if self.heeds else ())
        try:
            self.process = subprocess.Popen(
                [*command],
                cwd=home(),
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=subprocess.STDOUT,
                process_group=0,
                env=environment,
                preexec_fn=not_without_us() if self.heeds else None,  # noqa: PLW1509 - it only asks the kernel
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            os.close(handle)

    @property
    def seconds(self) -> float:
        """How long it has been at work."""
        return time.monotonic() - self.began

    def ended(self) -> int | None:
        """Return its exit code; None while it is at work."""
        return self.process.poll()

    def interrupt(self, name: str = "SIGINT") -> None:
        """Ask it to end as Ctrl-C would, by the signal that we got: at its next safe point."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.Signals[name])


def suites(manifest: Path, folder: Path, door: str, *words: str) -> list[str]:
    """Return the command that runs suites about one host, with its report below a folder."""
    settings = ("-o", f"rollback_reports={folder / 'reports'}", "-o", f"rollback_door={door}")
    pytest = (sys.executable, "-m", "pytest", "-q", "--no-header")
    return [*pytest, f"--rollback-target={manifest}", *settings, *words]


def result(folder: Path, code: int, good: str = "RECOVERED") -> ChildResult:
    """Return how suites ended, by their exit code and by their report below a folder."""
    found = sorted((folder / "reports").glob(f"*/{DATA}"))
    if not found:
        if code == BEFORE:
            return ChildResult(HostOutcome.NEVER_BEGUN, "interrupted before it began", code)
        return ChildResult(HostOutcome.LOST, f"it ended with {code} and left no report", code)
    try:
        record = parsed(loads(found[-1].read_bytes()))
    except (OSError, ValueError) as error:
        return ChildResult(HostOutcome.LOST, f"its report cannot be read: {error}", code)
    kind, why = read(record, code, good)
    return ChildResult(kind, why, code, record, found[-1].parent)


def left_behind(folder: Path, good: str = "RECOVERED") -> ChildResult:
    """Return how suites ended whose exit code nobody has seen: well, where their report says so."""
    found = result(folder, 0, good)
    if found.outcome is HostOutcome.RECOVERED:
        return found._replace(code=None)
    said = found.record.sentence if found.record else "it left no report"
    return found._replace(outcome=HostOutcome.LOST, why=f"its rollback: {said}", code=None)


def read(record: RunRecord, code: int, good: str) -> tuple[HostOutcome, str]:
    """Return the outcome that a record and an exit code agree on, and why it is no good one.

    `good` is the verdict of suites that are met.
    """
    reason = next(iter(record.reasons), "") or record.sentence
    wanted = good if code in WELL else f"NOT {good}"
    if code in {*WELL, 1}:
        if record.verdict != wanted:
            return HostOutcome.LOST, f"exit code {code}, and its report says {record.verdict}"
        return (HostOutcome.RECOVERED, "") if code in WELL else (HostOutcome.FAILED, reason)
    if record.verdict == good:
        return HostOutcome.LOST, f"exit code {code}, and its report says {record.verdict}"
    begun = any(each.changes for each in record.phases)  # each is noted before it happens
    if not begun and code in UNTOUCHED:
        return UNTOUCHED[code], reason
    return HostOutcome.LOST, f"exit code {code}: {reason}"
