"""What can happen to a host while it is rolled back: for tests and benchmarks/drills.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pytest_rollback.agent.messages.backup.save import SAVE
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import RollbackError
from pytest_rollback.extras.sandbox.common import deploy
from pytest_rollback.extras.sandbox.machine.podman import podman
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.values import PHASES
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.machine.going import Going
from tests.machine.targets import Target, Whole
from tests.plugin.operator import last_record

FILE = "gateway/server.py"
EVERYWHERE = ("embedded", "ssh", "podman")
FULL = """
cp -a {0} {0}.kept && mount -t tmpfs -o size=4m,mode=700 tmpfs {0} && cp -a {0}.kept/. {0}/
rm -r {0}.kept
dd if=/dev/zero of={0}/full bs=4k 2>/dev/null || true
"""
PATIENCE = 60.0
"""Seconds in which a unit is given up, and a host boots."""


class Hindered(NamedTuple):
    """How a run that something happened to ended: its code, what it printed, its record.

    `seen` is what the fault itself brought.
    """

    code: int
    printed: str
    record: dict[str, Any]
    seen: object


def nothing(_: Target) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Fault:
    """One thing that happens.

    Args:
        strike: makes it happen.
        phase: when: as soon as this phase has begun a change; before the run where there is none.
        mend: ends what caused it, after the run that it hindered.
        release: how the release is bad that is rolled back.
        on: the targets on which it can happen.
    """

    strike: Callable[[Target], object]
    phase: str | None = None
    mend: Callable[[Target], object] = nothing
    release: str = "degraded"
    on: tuple[str, ...] = EVERYWHERE

    def hinder(self, target: Target, *suites: str) -> Hindered:
        """Roll a target back, or run the given suites, and let it happen meanwhile."""
        if self.phase is None:
            seen = self.strike(target)
            return Hindered(*target.drill(*suites), target.record(), seen)
        drill = Going(target, *suites)
        drill.in_phase(self.phase)
        seen = self.strike(target)
        return Hindered(*drill.ended(), last_record(drill.reports), seen)


def wait_until_given_up(target: Target) -> None:
    """Wait until the service manager starts the agents no more."""
    until = time.monotonic() + PATIENCE
    while not target.given_up("aivillage-agents"):
        assert time.monotonic() < until, "the unit is still tried"
        time.sleep(0.5)


def make_read_only(target: Target) -> None:
    """Let nobody write where the release's files are."""
    target.mount(f"mount --bind {target.core} {target.core}")
    target.mount(f"mount -o remount,bind,ro {target.core}")


def make_writable(target: Target) -> None:
    """Let the files be written again."""
    target.mount(f"umount --lazy {target.core}")


def fill(target: Target) -> None:
    """Give the state directory a file system of its own, and not a byte of it is free."""
    target.mount(FULL.format(target.state))


def make_room(target: Target) -> None:
    """Free the disk again."""
    target.run("rm", f"{target.state}/full")


def cut_off(target: Target) -> None:
    """Let nobody in any more, and end every session there is, as a network would."""
    target.run("systemctl", "stop", "ssh")
    for session in target.run("sh", "-c", "pgrep -x sshd || true").split():
        target.run("sh", "-c", f"kill -9 {session} || true")


def let_in(target: Target) -> None:
    """Let operators in again."""
    target.run("systemctl", "start", "ssh")


def reboot(target: Target) -> None:
    """End everything on the host at once, and start it again."""
    assert isinstance(target, Whole)
    podman("restart", "--time", "0", target.machine.inside.container.name)


def booted(target: Target) -> None:
    """Wait until the host is up, whether all of its units are or not."""
    assert isinstance(target, Whole)
    said = ("sh", "-c", "systemctl is-system-running --wait || true")
    target.machine.inside.container.run(*said, timeout=PATIENCE)


def come_second(target: Target) -> tuple[int, str]:
    """Begin a rollback of the same target; return how that ended and what was printed."""
    return target.drill("suites/drill")


def deploy_meanwhile(target: Target) -> RollbackError | None:
    """Begin a deploy, which begins with saving; return its refusal."""
    releases = Release("1.5.0", ""), Release("1.6.0", "")
    connection = Connection(load(target.manifest).system)
    try:
        request = deploy.backups(connection.system, [f"core/{FILE}"], [], *releases)
        connection.ask(Call(SAVE, request))
    except RollbackError as error:
        return error
    finally:
        connection.close()
    return None


def copy_over(target: Target) -> None:
    """Copy a file over a restored one, as a deploy does that asks nobody."""
    target.run("sh", "-c", f"echo '# deployed' >> {target.core}/{FILE}")


def faults() -> Iterator[tuple[str, Fault]]:
    """Yield all of them by name."""
    yield "a unit that was given up", Fault(wait_until_given_up, release="crash-at-import")
    yield "a read-only file system", Fault(make_read_only, mend=make_writable)
    yield "a full disk", Fault(fill, mend=make_room)
    for phase in PHASES:
        yield f"the line drops in {phase}", Fault(cut_off, phase, let_in, on=("ssh",))
    for phase in PHASES:
        yield f"a reboot in {phase}", Fault(reboot, phase, booted, on=("ssh", "podman"))
    yield "a second operator", Fault(come_second, "isolate")  # who needs a while to come in
    yield "a deploy during it", Fault(deploy_meanwhile, "files")
    yield "files copied over during it", Fault(copy_over, "configuration")


FAULTS = dict(faults())
