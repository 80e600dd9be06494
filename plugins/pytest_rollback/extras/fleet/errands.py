"""What can be done to each host of a fleet: made ready, rolled back, validated, undone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from pytest_rollback.extras.fleet import child
from pytest_rollback.extras.fleet.child import ChildResult
from pytest_rollback.extras.fleet.coordinator import Errand
from pytest_rollback.extras.fleet.judge import HostOutcome
from pytest_rollback.extras.fleet.members import derived
from pytest_rollback.extras.fleet.members.inventory import FleetMember
from pytest_rollback.extras.fleet.survey import CURRENT, HostState
from pytest_rollback.text.doors import rollback
from pytest_rollback.text.places import MANIFEST
from pytest_rollback.transport.interrupts import BEFORE

READY, GO, ROLLED, STOPPED = "READY", "REHEARSED", "RECOVERED", "ISOLATED"
"""The verdict of suites that are met: of readiness, and of drills that only plan, recover, stop."""

SHOWN = "previous.runs or database.schema"
"""The criteria by which a host shows whether both releases run on its schema."""

LOSS = "--accept-loss="
"""What is about the host with the database alone: the canary."""

TABLES = {
    "messages": ("notify", "contacts"),
    "page": ("maintenance",),
    "database": ("database",),
}
"""The tables of rollback.toml that a host leaves out, by what happens once per fleet."""


class HostErrands:
    """Makes errands for the hosts of a fleet.

    Args:
        source: the rollback.toml of the fleet.
        members: its hosts, by name.
        once: what happens once per fleet.
        canary: the host that stands for all of them there.
    """

    def __init__(
        self,
        source: Path,
        members: Mapping[str, FleetMember],
        once: Collection[str] = (),
        canary: str = "",
    ) -> None:
        self.source, self.members = source, members
        self.once, self.canary = frozenset(once), canary

    def manifest(self, name: str, folder: Path, *, looks: bool = False) -> Path:
        """Return the rollback.toml of a host, written into its folder.

        With `looks` nothing is changed, and the canary is asked what no other host is.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        canary = name == self.canary
        kept = {"messages": canary and looks, "database": canary}
        without = [t for each in self.once if not kept.get(each) for t in TABLES[each]]
        derived.write(folder / MANIFEST, self.source, self.members[name], without)
        return folder / MANIFEST

    def suites(self, good: str, door: str, *words: str) -> Errand:
        """Return an errand that runs suites, of which the good verdict is given.

        `door` is the command that does the same on one host: hints of a host are about it alone.
        """

        def command(name: str, folder: Path) -> list[str]:
            manifest = self.manifest(name, folder, looks=good == READY)
            mine = [w for w in words if name == self.canary or not w.startswith(LOSS)]
            options = [each for each in mine if each.startswith("--")]
            alone = rollback(door, f"--target={manifest}", *options)
            return child.suites(manifest, folder, alone, *mine)

        def settle(_name: str, folder: Path, code: int) -> ChildResult:
            return child.result(folder, code, good)

        return Errand(command, settle)

    def ready(self) -> Errand:
        """Return the errand that asks whether a host could be rolled back."""
        return looking(self.suites(READY, "ready", "suites/readiness"))

    def go(self, *words: str) -> Errand:
        """Return the errand that plans a rollback, and is refused where that would be."""
        return self.suites(GO, "drill", "suites/drill", "--dry-run", *words)

    def shows(self) -> Errand:
        """Return the errand that asks what a host shows of the schema that both releases share."""
        return looking(self.suites(READY, "ready", "suites/readiness", "-k", SHOWN))

    def isolate(self, armed: str) -> Errand:
        """Return the errand that stops the units of a host, and nothing else."""
        return self.suites(STOPPED, "drill", "suites/drill", "--isolate", f"--arm={armed}")

    def roll(self, armed: str, *words: str) -> Errand:
        """Return the errand that rolls back and validates."""
        arm = f"--arm={armed}"
        return self.suites(ROLLED, "drill", "suites/drill", "suites/validate", arm, *words)

    def validate(self) -> Errand:
        """Return the errand that looks whether a host is well."""
        return looking(self.suites(ROLLED, "validate", "suites/validate"))

    def undo(
        self,
        armed: str,
        runs: Mapping[str, str],
        ask: Callable[[str], HostState],
        *more: str,
    ) -> Errand:
        """Return the errand that takes the last rollback of a host back.

        Args:
            armed: the name of the target.
            runs: by host, the id of that rollback.
            ask: what a host says of itself now: an undo leaves no report.
            more: further options, for the host with the database.
        """

        def command(name: str, folder: Path) -> list[str]:
            manifest = self.manifest(name, folder)
            words = ["undo", runs[name], f"--target={manifest}", f"--arm={armed}"]
            words += more if name == self.canary else ()
            return [sys.executable, "-m", "pytest_rollback.cli.main", *words]

        def settle(name: str, _folder: Path, code: int) -> ChildResult:
            state = ask(name)
            undone = state.reached and state.position == CURRENT
            if code == 0 and undone:
                return ChildResult(HostOutcome.RECOVERED, "", code)
            if code == BEFORE:
                return ChildResult(HostOutcome.NEVER_BEGUN, "interrupted before it began", code)
            said = f"exit code {code}, and the host says: {state.why or state.shown}"
            sure = state.reached and bool(code) and state.position != CURRENT
            return ChildResult(HostOutcome.FAILED if sure else HostOutcome.LOST, said, code)

        return Errand(command, settle)


def looking(errand: Errand) -> Errand:
    """Return an errand that changes nothing: a host that it cannot judge is not lost by it."""

    def settle(name: str, folder: Path, code: int) -> ChildResult:
        found = errand.settle(name, folder, code)
        lost = found.outcome is HostOutcome.LOST
        return found._replace(outcome=HostOutcome.INCONCLUSIVE) if lost else found

    return Errand(errand.command, settle)
