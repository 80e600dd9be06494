"""The maintenance page of a whole fleet, by the commands of `[maintenance.commands]`, run here.

Promise: it is on or off once `look` says so, whatever the other commands have said; what says
neither is taken for nothing. It is taken away only when every host is proven to be well.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence

from pytest_rollback.errors import Refused
from pytest_rollback.evidence.redaction import Redactor, of_environment
from pytest_rollback.manifest.probes import MaintenanceCommands

PATIENCE = 10.0
"""Seconds for `look` to say what was switched: some are switched in the background."""

PAUSE = 0.2


class FleetPage:
    """What users of a fleet get while none of its hosts serves.

    Args:
        commands: those of rollback.toml; they are run where this process is, without a shell.
    """

    def __init__(self, commands: MaintenanceCommands) -> None:
        self.commands = commands

    def is_shown(self) -> bool:
        """Return whether users get it.

        Raises:
            Refused: `look` fails, or says neither.
        """
        told, words = output("look", self.commands.look, self.commands.timeout), self.commands
        shown, lifted = words.shown in told, words.lifted in told
        if shown == lifted:
            both = "both" if shown else "neither"
            raise Refused(
                f"look of the maintenance page says {both} of {words.shown!r} and "
                f"{words.lifted!r}: {told.strip() or 'nothing'}",
                hint="correct look, shown and lifted in [maintenance.commands]",
            )
        return shown

    def switch(self, *, shown: bool) -> None:
        """Show it, or take it away, and wait until users get that; again changes nothing.

        Raises:
            Refused: the command fails, or `look` says otherwise after it.
        """
        if self.is_shown() == shown:
            return
        what, argv = ("on", self.commands.on) if shown else ("off", self.commands.off)
        output(what, argv, self.commands.timeout)
        until = time.monotonic() + PATIENCE
        while self.is_shown() != shown:
            if time.monotonic() > until:
                raise Refused(
                    f"the maintenance page is not {what}, although {' '.join(argv)} ended well",
                    hint=f"{' '.join(self.commands.look)}; then run the same command again",
                )
            time.sleep(PAUSE)


def output(what: str, argv: Sequence[str], limit: float) -> str:
    """Return what a command prints, without secrets; it ends within its time, with all it started.

    Raises:
        Refused: it failed, or took too long.
    """
    problem, hint = "", f"correct {what} in [maintenance.commands]; by hand: {' '.join(argv)}"
    try:
        process = subprocess.Popen(
            [*argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C is ours
        )
    except OSError as error:
        raise Refused(f"{what} of the maintenance page: {error}", hint=hint) from error
    try:
        raw = process.communicate(timeout=limit)[0]
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        raw = process.communicate()[0]
        problem = f"it took longer than {limit:.0f} s"
    said = Redactor(of_environment(os.environ)).text(raw.decode("utf-8", "replace"))
    if process.returncode and not problem:
        last = said.strip().splitlines()[-1:]
        problem = ", ".join([f"exit code {process.returncode}", *last])
    if problem:
        raise Refused(f"{what} of the maintenance page: {problem}", hint=hint)
    return said
