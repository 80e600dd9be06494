"""What happens once in a run over a fleet, in its place: proof, messages, page on, page off.

Promise: whatever ends the run, its record says whether users still get the maintenance page, and
which messages were not accepted.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pytest_rollback.errors import RTO_MISSED, Refused, UsageError
from pytest_rollback.extras.fleet import child
from pytest_rollback.extras.fleet.balancing.service import Steps, now
from pytest_rollback.extras.fleet.child import ChildResult
from pytest_rollback.extras.fleet.coordinator import Coordinator
from pytest_rollback.extras.fleet.errands import READY, HostErrands
from pytest_rollback.extras.fleet.once.fleet_page import FleetPage
from pytest_rollback.extras.fleet.once.messages import FleetMessenger
from pytest_rollback.extras.fleet.once.mixing import Mixing, mixing
from pytest_rollback.extras.fleet.record import KEPT, conclude
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.manifest.model import System
from pytest_rollback.run.run_record import RunRecord
from pytest_rollback.text.quantities import moment

ALL_BUT_ONE = (1, "100%")
"""The batches where nobody serves meanwhile: the canary, then all others."""

DECLARE = (
    "[fleet.mixed.schema] and [fleet.mixed.sessions] say with owner, reason and until that both "
    "releases accept what they share"
)


class OncePerFleet:
    """What a run over a fleet does once.

    Args:
        system: what rollback.toml describes.
        fleet: its table.
        source: the file.
        at_once: whether all hosts are stopped before one is rolled back.

    Raises:
        UsageError: what is to happen once is not described.
    """

    def __init__(self, system: System, fleet: Fleet, source: Path, *, at_once: bool) -> None:
        self.system, self.fleet, self.source, self.at_once = system, fleet, source, at_once
        lacking(system, fleet, at_once=at_once)
        page = system.maintenance.commands if system.maintenance else None
        self.page = FleetPage(page) if page and "page" in fleet.once else None
        self.told: FleetMessenger | None = None

    def refuse_page(self) -> None:
        """Refuse a maintenance page of which nobody can tell how it is, or that users get now.

        Raises:
            Refused: it is so.
        """
        if self.page and self.page.is_shown():
            raise Refused(
                "users get the maintenance page now",
                hint=" ".join(self.page.commands.off),
            )

    def standing(self) -> list[str]:
        """Return, for people, that users get the maintenance page now."""
        if self.page and self.page.is_shown():
            return ["the maintenance page is shown"]
        return []

    def mixed(self, at: Coordinator, every: int) -> str:
        """Return why a roll would be refused, by the readiness of the canary; "" if it would not.

        `every` is how many hosts the fleet has.
        """
        canary = at.plan.canary
        found = child.result(at.place(canary), 0, READY).record
        seen = self._judged(at, canary, found, every)
        if seen.against:
            at.note(f"HINT: rollback fleet roll --at-once; or {DECLARE}")
        return seen.why

    def refuse_mixed(self, at: Coordinator, errands: HostErrands, every: int) -> None:
        """Refuse to have both releases serve at once where nobody has shown that they may.

        Raises:
            Refused: nobody has.
        """
        canary, found = at.plan.canary, None
        if self._asks(every) and self.system.database:
            found = asked(at, canary, errands)
        if at.is_interrupted:
            return
        seen = self._judged(at, canary, found, every)
        if seen.against:
            alone = errands.manifest(canary, at.place(canary))
            raise Refused(
                f"{seen.why}; nothing was changed",
                findings=seen.against[1:],
                hint=f"{at.record.command} --at-once, which stops all hosts first; or rollback "
                f"rehearse --previous --target={alone}; or {DECLARE}",
            )

    def _asks(self, every: int) -> bool:
        """Whether two releases would serve at once."""
        return not self.at_once and every > 1

    def _judged(self, at: Coordinator, canary: str, found: RunRecord | None, every: int) -> Mixing:
        if not self._asks(every):
            return Mixing()
        seen = mixing(self.system, canary, found, dt.datetime.now(dt.UTC).date())
        at.record.accepted = [*seen.accepted]
        for line in seen.accepted:
            at.note(line)
        return seen

    def begin(self, at: Coordinator, incident: str | None) -> None:
        """Have people told that it begins; None where nothing does."""
        if "messages" in self.fleet.once and incident is not None:
            self.told = FleetMessenger(self.system, at.record, at.folder, self.source, incident)
            self.told.begin()

    def show(self, at: Coordinator) -> None:
        """Have users get the maintenance page, before anything is stopped.

        Raises:
            Refused: they do not.
        """
        if self.page:
            at.record.page = f"shown since {moment(now())}"
            at.note(f"the maintenance page: {' '.join(self.page.commands.on)}")
            self.page.switch(shown=True)
        else:
            at.note("no page is described: users get errors meanwhile")

    def end(self, at: Coordinator) -> None:
        """Take the page away where all is well, and have people told; into a concluded record."""
        if at.record.good == READY:
            return
        if self.page:
            self._lift(at, self.page)
            conclude(at.record)
        if self.told:
            at.record.untold = self.told.end()

    def _lift(self, at: Coordinator, page: FleetPage) -> None:
        """Take the page away, unless a host is not well; or where nothing was changed behind it."""
        record = at.record
        good = record.code in {0, RTO_MISSED} and not record.limit
        touched = any(each.isolated or each.begun for each in record.hosts)
        try:
            is_shown = page.is_shown()
            if is_shown and (good or (record.page and not touched)):
                page.switch(shown=False)
                record.page = f"{record.page or 'shown before'}, taken away {moment(now())}"
            elif is_shown:
                record.page = KEPT
        except Refused as error:
            record.page = record.stopped = error.message


def asked(at: Coordinator, name: str, errands: HostErrands) -> RunRecord | None:
    """Return the record of what a host shows of the schema; None where it leaves none."""
    errand, folder, found = errands.shows(), at.place(name) / "mixed", list[ChildResult]()

    def steps() -> Steps:
        code = yield at.begun(name, errand, folder)
        found.append(errand.settle(name, folder, code))

    at.drive([steps()])
    return found[0].record if found else None


def lacking(system: System, fleet: Fleet, *, at_once: bool) -> None:
    """Refuse what is to happen once and is not described, or would happen on each host.

    Raises:
        UsageError: it is so.
    """
    commands = system.maintenance.commands if system.maintenance else None
    described = {
        "messages": (system.notify, "[notify]"),
        "page": (commands, "on, off and look in [maintenance.commands]"),
        "database": (system.database, "[database]"),
    }
    for each in fleet.once:
        found, table = described[each]
        if not found:
            raise UsageError(
                f"once in [fleet] has {each!r}, and nothing is described for that",
                hint=f"add {table}",
            )
    if at_once and system.maintenance and "page" not in fleet.once:
        raise UsageError(
            "--at-once, and each host has a maintenance page of its own, which is shown too late",
            hint='once = ["page"] in [fleet], and on, off and look in [maintenance.commands]: they '
            "are run here, before the first host is stopped",
        )
