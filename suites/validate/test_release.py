"""Phase 2 once more: 'Verify restoration', of a release that is kept as a whole."""

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
    "validate.release.back",
    needs=("release.links", "release.images", "release.packages", "release.commands"),
)
def test_the_previous_release_is_live(
    released: PreviousParts, system: System, record_property: Keep
) -> None:
    """'Verify restoration': what is live is the release that was recorded before the deploy."""
    record_property("live", [part.live for part in released.parts])
    if system.release.commands:
        returned.back(released)
    else:
        of_release.back(released)


@criterion("validate.release.whole", needs=("release.links", "release.images", "release.packages"))
def test_the_live_release_is_as_recorded(
    released: PreviousParts, system: System, record_property: Keep
) -> None:
    """'Verify restoration': every file of the release that is live again is as recorded."""
    record_property("files compared", [part.files for part in released.parts])
    of_release.kept(released, system.release.strategy, system)


@criterion("validate.release.proven", needs=("release.commands",))
def test_a_second_proof_says_the_same(proof_after: ReleaseProof | None, system: System) -> None:
    """'Verify restoration': proves exits with 0, which it does not on the release that failed."""
    returned.proven(proof_after, system)
