"""Pre-rollback checklist: 'Confirm backup files exist', of a release that is kept as a whole."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pytest_rollback.agent.messages.backup.commands import ReleaseProof
from pytest_rollback.checks import parts as of_parts
from pytest_rollback.checks import released as of_release
from pytest_rollback.checks import returned
from pytest_rollback.checks.parts import Found
from pytest_rollback.criteria import criterion
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]


@criterion(
    "readiness.release.kept",
    phase="files",
    needs=("release.links", "release.images", "release.packages", "release.commands"),
)
def test_the_previous_release_is_whole(
    previous_release: Found, system: System, record_property: Keep
) -> None:
    """'Confirm backup files exist': the previous release is there, each file as recorded."""
    for name, found in previous_release.items():
        of = parts.words(system, name)
        record_property("part", of or name)
        for part in found.parts:
            record_property("previous release", part.place)
            record_property("files compared", part.files)
            record_property("to know", part.notes or "nothing")
    of_parts.each(previous_release, system, partial(of_release.kept, system=system))


@criterion(
    "readiness.release.safe",
    phase="files",
    needs=("release.links", "release.images", "release.packages"),
)
def test_the_previous_release_stays(previous_release: Found, system: System) -> None:
    """'Confirm backup files exist': nothing would remove the previous release until a rollback."""
    of_parts.each(of_parts.without_commands(previous_release), system, of_release.safe)


@criterion(
    "readiness.release.expected",
    phase="files",
    needs=("release.links", "release.images", "release.packages"),
)
def test_what_is_live_was_deployed_over_it(
    previous_release: Found, system: System, record_property: Keep
) -> None:
    """'Identify affected components': the live release is the one deployed after the record."""
    found = of_parts.without_commands(previous_release)
    record_property("live", [part.live for each in found.values() for part in each.parts])
    of_parts.each(found, system, of_release.expected)


@criterion("readiness.release.told_apart", phase="files", needs=("release.commands",))
def test_commands_tell_the_releases_apart(
    previous_release: Found, system: System, proof: ReleaseProof | None, record_property: Keep
) -> None:
    """'Verify restoration' fails today: neither look nor proves takes this for the previous one."""
    found = of_parts.of_commands(previous_release)
    record_property("live", [part.live for each in found.values() for part in each.parts])
    of_parts.each(found, system, partial(returned.told_apart, proof=proof))
