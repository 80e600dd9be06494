"""Pre-rollback checklist: 'Confirm backup files exist', of a release that is kept as a whole."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.backup.commands import ReleaseProof
from pytest_rollback.agent.messages.backup.strategies import PreviousParts
from pytest_rollback.checks import released as of_release
from pytest_rollback.checks import returned
from pytest_rollback.criteria import criterion
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]


@criterion(
    "readiness.release.kept",
    phase="files",
    needs=("release.links", "release.images", "release.packages", "release.commands"),
)
def test_the_previous_release_is_whole(
    previous_release: PreviousParts, system: System, record_property: Keep
) -> None:
    """'Confirm backup files exist': the previous release is there, each file as recorded."""
    for part in previous_release.parts:
        record_property("previous release", part.place)
        record_property("files compared", part.files)
        record_property("to know", part.notes or "nothing")
    of_release.kept(previous_release, system.release.strategy, system)


@criterion(
    "readiness.release.safe",
    phase="files",
    needs=("release.links", "release.images", "release.packages"),
)
def test_the_previous_release_stays(previous_release: PreviousParts) -> None:
    """'Confirm backup files exist': nothing would remove the previous release until a rollback."""
    of_release.safe(previous_release)


@criterion(
    "readiness.release.expected",
    phase="files",
    needs=("release.links", "release.images", "release.packages"),
)
def test_what_is_live_was_deployed_over_it(
    previous_release: PreviousParts, record_property: Keep
) -> None:
    """'Identify affected components': the live release is the one deployed after the record."""
    record_property("live", [part.live for part in previous_release.parts])
    of_release.expected(previous_release)


@criterion("readiness.release.told_apart", phase="files", needs=("release.commands",))
def test_commands_tell_the_releases_apart(
    previous_release: PreviousParts, proof: ReleaseProof | None, record_property: Keep
) -> None:
    """'Verify restoration' fails today: neither look nor proves takes this for the previous one."""
    record_property("live", [part.live for part in previous_release.parts])
    returned.told_apart(previous_release, proof)
