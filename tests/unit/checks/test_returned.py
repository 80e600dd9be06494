"""What is said of a release that commands bring back: nothing that was not shown is met."""

from __future__ import annotations

import tomllib

import pytest

from pytest_rollback.agent.messages.backup.commands import ReleaseProof
from pytest_rollback.agent.messages.backup.strategies import PartFault, PreviousPart, PreviousParts
from pytest_rollback.checks import returned
from pytest_rollback.errors import Advisory, Inconclusive, Refused, RollbackError
from pytest_rollback.manifest.load import parse
from tests.unit.manifest.test_release_commands import SHOP

PART = PreviousPart("shop-1", "1", "shop-2", hint="on the host: shop live")
LIVE, BACK = PreviousParts((PART,)), PreviousParts((PART._replace(live="shop-1", is_back=True),))
NOTHING = PreviousParts(())
PASSES, FAILS = ReleaseProof(passed=True, words="yes"), ReleaseProof(passed=False, words="no")
SILENT = ReleaseProof(passed=True, words="", problem="it took longer than 20 s")


def faulty(fault: str, found: PreviousParts = BACK) -> PreviousParts:
    """Return what was found with a fault besides."""
    (part,) = found.parts
    return PreviousParts((part._replace(faults=(PartFault("look", fault, "why"),)),))


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (faulty("unusable"), Refused),
        (faulty("unrecorded"), Refused),
        (faulty("unread"), Inconclusive),
        (NOTHING, Inconclusive),
    ],
)
def test_it_is_kept_if_it_is_known_and_can_be_returned(
    found: PreviousParts, kind: type[RollbackError]
) -> None:
    """And not otherwise."""
    returned.returnable(LIVE)
    with pytest.raises(kind) as told:
        returned.returnable(found)
    assert told.value.hint


@pytest.mark.parametrize(
    ("found", "proof", "kind"),
    [
        (LIVE, PASSES, Refused),
        (BACK, FAILS, Refused),
        (LIVE, SILENT, Inconclusive),
        (faulty("unread", LIVE), FAILS, Inconclusive),
        (LIVE, None, Advisory),
    ],
)
def test_releases_are_told_apart_today_or_never(
    found: PreviousParts, proof: ReleaseProof | None, kind: type[RollbackError]
) -> None:
    """A proof that passes now, and a look that shows the same, prove nothing afterwards."""
    returned.told_apart("commands", LIVE, FAILS)
    with pytest.raises(kind) as told:
        returned.told_apart("commands", found, proof)
    assert type(told.value) is kind
    assert told.value.hint


@pytest.mark.parametrize(
    ("found", "kind"),
    [(LIVE, Refused), (faulty("unread"), Inconclusive), (NOTHING, Inconclusive)],
)
def test_it_is_back_if_look_shows_it(found: PreviousParts, kind: type[RollbackError]) -> None:
    """And not otherwise; what nobody recorded is not back."""
    returned.back(BACK)
    with pytest.raises(kind):
        returned.back(found)
    unknown = faulty("unrecorded", PreviousParts((PART._replace(place=""),)))
    with pytest.raises(Inconclusive, match="not known which release"):
        returned.back(unknown)


@pytest.mark.parametrize(
    ("proof", "kind"), [(None, Inconclusive), (SILENT, Inconclusive), (FAILS, Refused)]
)
def test_it_is_proven_by_a_second_command_alone(
    proof: ReleaseProof | None, kind: type[RollbackError]
) -> None:
    """Without one, or where it says nothing, it is not."""
    system = parse(tomllib.loads(SHOP), "x")
    returned.proven(PASSES, system)
    with pytest.raises(kind) as told:
        returned.proven(proof, system)
    assert "proves" in told.value.hint or "it asks" in told.value.hint


def test_what_was_tried_is_not_the_previous_release() -> None:
    """Readiness says so, and stops nobody."""
    with pytest.raises(Advisory, match="the release that is live"):
        returned.tried(system := parse(tomllib.loads(SHOP), "x"), system.components[0])
