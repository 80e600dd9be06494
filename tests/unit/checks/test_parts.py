"""What is said of a release of several parts: each is named, and the worst of all counts."""

from __future__ import annotations

from functools import partial

import pytest

from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.agent.messages.backup.strategies import PartFault, PreviousPart, PreviousParts
from pytest_rollback.agent.messages.backup.verify import BackupRecord
from pytest_rollback.agent.messages.location import Location, Release
from pytest_rollback.checks import parts, released
from pytest_rollback.errors import Advisory, Inconclusive, Refused, UsageError
from pytest_rollback.recovery import strategies
from tests.unit.manifest.test_parts import system

FINE = PreviousParts((PreviousPart("/srv/shop/releases/1", "1", "releases/2", files=9),))
ALL = ("commands", "images", "links", "packages")


def faulty(fault: str) -> PreviousParts:
    """Return a part that has a fault."""
    (part,) = FINE.parts
    return PreviousParts((part._replace(faults=(PartFault("a.py", fault, "why"),), hint="mend"),))


def test_one_error_has_what_is_wrong_with_each_part() -> None:
    """Named as in rollback.toml; what is red counts more than what could not be read."""
    check = partial(released.kept, system=system())
    parts.each({"links": FINE, "images": FINE}, system(), check)
    found = {"links": faulty("unread"), "images": faulty("missing"), "packages": FINE}
    with pytest.raises(Refused) as told:
        parts.each(found, system(), check)

    assert told.value.message.startswith("links (web, worker): 1 file of /srv/shop/releases/1")
    assert "images (sidecar): the previous release 1 is not as recorded" in told.value.message
    assert told.value.findings == (
        "links (web, worker): a.py: why",
        "images (sidecar): a.py: why",
    )
    assert "mend" in told.value.hint


def test_one_part_that_cannot_be_read_is_inconclusive() -> None:
    """And one that is worth saying stops nobody."""
    check = partial(released.kept, system=system())
    found = {"links": faulty("unread"), "images": FINE}
    with pytest.raises(Inconclusive, match=r"^links \(web, worker\): "):
        parts.each(found, system(), check)
    (part,) = FINE.parts
    risky = {"links": FINE, "images": PreviousParts((part._replace(risks=("prune",)),))}
    with pytest.raises(Advisory, match=r"^images \(sidecar\): a thorough cleaning"):
        parts.each(risky, system(), released.safe)
    with pytest.raises(Advisory, match="no part was looked at"):
        parts.each({}, system(), released.safe)


RECORD = BackupRecord(
    found=True, previous=Release("1", None), files=3, added=(), parts=ALL
)  # the link, the file that names an image, and one of jobs


def test_a_record_with_every_part_is_whole() -> None:
    """One without a part is half a release, whichever it lacks."""
    parts.recorded(RECORD, system())
    parts.recorded(RECORD._replace(files=2, added=("jobs/new.py",)), system())
    for lacking, words in (("images", "images (sidecar)"), ("commands", "commands (edge)")):
        rest = tuple(name for name in ALL if name != lacking)
        with pytest.raises(Refused) as told:
            parts.recorded(RECORD._replace(parts=rest), system())
        assert told.value.findings == (f"{words}: not in the record",)
        assert "rollback save --replace" in told.value.hint
    with pytest.raises(Refused, match=r"nothing is known of backups \(jobs\)"):
        parts.recorded(RECORD._replace(files=2), system())


def test_nothing_is_asked_of_the_host_for_half_a_record() -> None:
    """A release of several parts has a name of its own, and a file of the part that has files."""
    where = Location("/srv/shop", "/var/lib/rollback/shop", ".backup")
    request = SaveRequest(where, "shop", "", "me", Release("1", None), Release("2", None), (), ())
    strategies.demand_all(system(), request._replace(files=("jobs/run.py",)))
    for wrong in (
        request,
        request._replace(files=("current",)),
        request._replace(files=("jobs/run.py",), previous=Release("", None)),
    ):
        with pytest.raises(UsageError) as told:
            strategies.demand_all(system(), wrong)
        assert told.value.hint
