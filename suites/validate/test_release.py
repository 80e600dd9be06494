"""Phase 2 once more: 'Verify restoration', of a release that is kept as a whole."""

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
    "validate.release.back",
    needs=("release.links", "release.images", "release.packages", "release.commands"),
)
def test_the_previous_release_is_live(
    released: Found, system: System, record_property: Keep
) -> None:
    """'Verify restoration': what is live is the release that was recorded before the deploy."""
    record_property("live", [part.live for each in released.values() for part in each.parts])
    of_parts.each(released, system, of_release.back)


@criterion("validate.release.whole", needs=("release.links", "release.images", "release.packages"))
def test_the_live_release_is_as_recorded(
    released: Found, system: System, record_property: Keep
) -> None:
    """'Verify restoration': every file of the release that is live again is as recorded."""
    found = of_parts.without_commands(released)
    record_property("files compared", [p.files for each in found.values() for p in each.parts])
    of_parts.each(found, system, partial(of_release.kept, system=system))


@criterion("validate.release.proven", needs=("release.commands",))
def test_a_second_proof_says_the_same(
    released: Found, proof_after: ReleaseProof | None, system: System
) -> None:
    """'Verify restoration': proves exits with 0, which it does not on the release that failed."""
    if of_parts.of_commands(released) or not parts.is_mixed(system):
        returned.proven(proof_after, system)
    else:
        of_parts.each({}, system, of_release.back)
