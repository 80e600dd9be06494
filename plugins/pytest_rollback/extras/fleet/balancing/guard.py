"""A process that outlives a killed coordinator, and brings back the hosts that are well.

It has a session of its own and waits on a pipe; where that ends without a word, the coordinator was
killed. What to do it reads from `fleet.json`, where each host is noted before it is taken out and
before its rollback begins, and there it writes what it did.

Promise: a host whose rollback was never begun, or ended well, is brought back. One whose rollback
is under way is waited for: that ends by itself once its parent is gone. One that is not well, or
was stopped and not rolled back, stays out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pytest_rollback.extras.fleet import child, run_files
from pytest_rollback.extras.fleet.balancing.balancer import Balancer, balancer_of
from pytest_rollback.extras.fleet.balancing.service import Service, Steps, now
from pytest_rollback.extras.fleet.child import UnderWay
from pytest_rollback.extras.fleet.record import KEPT, FleetRecord, HostRecord, conclude
from pytest_rollback.manifest.load import load

OVER = b"over\n"
LOCK = "guard.lock"
OUTPUT = "guard.txt"
PACE = 0.5
STOPPING = 10.0
"""Seconds for a guard that is not needed any more to end."""

PATIENCE = 1800.0
"""Seconds for a rollback under way to end, which no deadline of its steps comes near."""

KILLED = "the controller was killed"


class FleetGuard:
    """The guard of a run, from outside; it is started with the first host that leaves.

    Args:
        folder: of the run; whoever holds the lock in it is at work there.
        manifest: the rollback.toml of the fleet.
    """

    def __init__(self, folder: Path, manifest: Path) -> None:
        self.folder, self.manifest = folder, manifest
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def ensure(self) -> None:
        """Start it where it is not at work, or not any more."""
        if self._process and self._process.poll() is None:
            return
        words = [sys.executable, "-m", __name__, str(self.folder), str(self.manifest)]
        with (self.folder / OUTPUT).open("ab") as output:
            self._process = subprocess.Popen(
                [*words, str(self._lock)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[self._lock],
            )

    def over(self) -> None:
        """Have it end: whatever is out now is meant to be."""
        if self._process and self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(OVER)
                self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOPPING)
        os.close(self._lock)


def is_at_work(folder: Path) -> bool:
    """Return whether a run, or its guard, is at work: it holds the lock in its folder."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


class Aftermath:
    """What a killed coordinator has left, and what is done about it.

    Args:
        folder: of the run.
        record: as the coordinator wrote it last.
        balancer: that of the fleet.
        limit: seconds for a command of it.
    """

    def __init__(self, folder: Path, record: FleetRecord, balancer: Balancer, limit: float) -> None:
        self.folder, self.record, self.limit = folder, record, limit
        self.service = Service(balancer, self.place, self.note)

    def place(self, host: str) -> Path:
        """Return the folder of a host."""
        return self.folder / run_files.place(self.record, host)

    def note(self, line: str) -> None:
        """Take a line into the record, and write that."""
        if line:
            self.record.guard.append(line.strip())
        run_files.keep(self.folder, self.record)

    def carry_out(self) -> None:
        """Bring back whoever is well, wait for whoever is under way, and conclude the record."""
        self.record.stopped = KILLED
        self.record.page = self.record.page and KEPT
        self.note(f"{now()[:19]} {KILLED}: its guard goes on")
        out = [each for each in self.record.hosts if each.is_out]
        begun = [each for each in self.record.hosts if each.is_under_way]
        drive(self.aside(each) for each in out if each not in begun)
        for host in begun:
            self.wait(host, PATIENCE)
            self.settle(host)
        drive(self.aside(each) for each in begun if each.is_out)
        conclude(self.record)
        self.record.finished = now()[:19] + "+00:00"
        run_files.write(self.folder, self.record)

    def aside(self, host: HostRecord) -> Steps:
        """Bring one host back, unless it is not well."""
        self.wait(host, self.limit)  # a command that takes it out may be at work still
        yield from self.service.back(host)
        if not host.is_out:
            self.note(f"{host.name}: brought back, {host.outcome.value}")

    def wait(self, host: HostRecord, seconds: float) -> None:
        """Wait until nothing is done about a host any more."""
        end = time.monotonic() + seconds
        while has_writer(self.place(host.name)) and time.monotonic() < end:
            time.sleep(PACE)

    def settle(self, host: HostRecord) -> None:
        """Take in how a rollback ended that nobody waited for, by its report."""
        if not (self.place(host.name) / child.OUTPUT).exists():  # made before its process is
            host.begun = ""
            return
        found = child.left_behind(self.place(host.name), self.record.good)
        host.outcome = found.outcome
        host.why = f"{KILLED}; {found.why}" if found.why else ""
        if found.report:
            host.report = str(found.report.relative_to(self.folder))
        self.note(f"{host.name}: {host.outcome.value}{f', {host.why}' if host.why else ''}")


def drive(all_: Iterable[Steps]) -> None:
    """Carry steps out, all at once."""
    active: dict[Steps, UnderWay] = {}
    for each in all_:
        with contextlib.suppress(StopIteration):
            active[each] = next(each)
    while active:
        for steps, at in [*active.items()]:
            code = at.ended()
            if code is not None:
                try:
                    active[steps] = steps.send(code)
                except StopIteration:
                    del active[steps]
        time.sleep(PACE)


def has_writer(folder: Path) -> bool:
    """Return whether a process has a file in a folder open, as all about one host do.

    It is their output, and not always by number 1: pytest puts it aside while a test is at work.
    """
    for each in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if str(each.readlink()).startswith(f"{folder}{os.sep}"):
                return True
    return False


def main(folder: Path, manifest: Path) -> None:
    """Wait for the end of the coordinator; where it was no good one, carry on."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    fleet = load(manifest).system.fleet
    if sys.stdin.buffer.read().endswith(OVER) or fleet is None:
        return
    record = run_files.read(folder)
    if record is None:
        return
    balancer = balancer_of(fleet, [each.name for each in record.hosts])
    if balancer:
        Aftermath(folder, record, balancer, fleet.timeout).carry_out()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
