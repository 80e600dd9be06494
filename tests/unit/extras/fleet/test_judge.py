"""The judge by properties: whatever happens to hosts, nothing is begun that the plan forbids."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.fleet.judge import (
    BACK,
    BAD,
    SILENT,
    FleetPlan,
    HostOutcome,
    judged,
    outcome,
    planned,
    serving,
)

ENDS = [each for each in HostOutcome if each is not HostOutcome.NEVER_BEGUN]
SIZES = st.one_of(st.integers(1, 12), st.integers(1, 100).map(lambda part: f"{part}%"))


@st.composite
def plans(draw: st.DrawFn) -> FleetPlan:
    """Return a plan of up to a dozen hosts; its quorum can be kept."""
    hosts = [f"h{number}" for number in range(draw(st.integers(1, 12)))]
    canary = draw(st.sampled_from(hosts))
    sizes = draw(st.lists(SIZES, min_size=1, max_size=4))
    free = planned(hosts, canary, sizes, 0)
    most = len(hosts) - max(map(len, free.batches))
    failed, skips = draw(st.integers(0, 3)), draw(st.booleans())
    quorum = draw(st.integers(0, most))
    return planned(hosts, canary, sizes, quorum, max_failed=failed, skips=skips)


@st.composite
def courses(draw: st.DrawFn) -> tuple[FleetPlan, dict[str, HostOutcome]]:
    """Return a plan, and how some of its hosts ended, in any order."""
    plan = draw(plans())
    some = draw(st.lists(st.sampled_from(plan.hosts), unique=True))
    return plan, {each: draw(st.sampled_from(ENDS)) for each in some}


def carried_out(plan: FleetPlan, ends: Mapping[str, HostOutcome]) -> list[tuple[str, ...]]:
    """Return the batches that are begun where hosts end in these ways."""
    outcomes: dict[str, HostOutcome] = {}
    begun = []
    while batch := judged(plan, outcomes).batch:
        begun.append(batch)
        outcomes |= {each: ends.get(each, HostOutcome.RECOVERED) for each in batch}
    return begun


@given(plans())
def test_every_host_is_in_one_batch_and_the_canary_leads(plan: FleetPlan) -> None:
    """Nobody is forgotten, and nobody is rolled back twice."""
    listed = [host for batch in plan.batches for host in batch]
    assert sorted(listed) == sorted(set(plan.hosts))
    assert listed[0] == plan.canary


@given(plans())
def test_where_all_is_well_every_batch_is_begun_as_planned(plan: FleetPlan) -> None:
    """A share is one of the plan, not of what is left: the batches are those of the plan."""
    assert tuple(carried_out(plan, {})) == plan.batches


@given(courses())
def test_nothing_is_begun_twice_or_after_a_reason_to_stop(
    course: tuple[FleetPlan, dict[str, HostOutcome]],
) -> None:
    """By all that is known before a batch, whatever its order."""
    plan, outcomes = course
    decision = judged(plan, outcomes)
    kinds = [outcome(outcomes, each) for each in plan.hosts]
    assert not (decision.batch and decision.reason)
    assert all(outcome(outcomes, each) is HostOutcome.NEVER_BEGUN for each in decision.batch)
    if decision.batch:
        assert HostOutcome.HELD not in kinds
        assert outcome(outcomes, plan.canary) not in SILENT
        assert sum(each in BAD for each in kinds) <= plan.max_failed
        assert plan.skips or HostOutcome.NEVER_REACHED not in kinds
        assert len(serving(plan, outcomes, decision.batch)) >= plan.quorum
        assert set(decision.batch) <= set(plan.batches[decision.number - 1])
    elif not decision.reason:
        assert HostOutcome.NEVER_BEGUN not in kinds


@given(courses())
def test_no_host_is_begun_once_the_canary_is_no_good(
    course: tuple[FleetPlan, dict[str, HostOutcome]],
) -> None:
    """Whatever `max_failed` and `unreachable` allow."""
    plan, ends = course
    begun = carried_out(plan, {**ends, plan.canary: HostOutcome.LOST})
    assert begun == [plan.batches[0]]


@given(courses())
def test_undo_is_advised_only_where_something_was_rolled_back(
    course: tuple[FleetPlan, dict[str, HostOutcome]],
) -> None:
    """And only where something went wrong."""
    plan, outcomes = course
    if judged(plan, outcomes).undo:
        assert HostOutcome.RECOVERED in outcomes.values()
        assert BAD & set(outcomes.values())


@given(plans())
def test_what_was_done_already_leaves_the_other_batches_as_they_are(plan: FleetPlan) -> None:
    """Another controller goes on: what is left of each batch comes in its turn."""
    done = dict.fromkeys(plan.batches[0], HostOutcome.ALREADY)
    rest = [batch for batch in plan.batches if batch != plan.batches[0]]
    outcomes: dict[str, HostOutcome] = {**done}
    for batch in rest:
        assert judged(plan, outcomes).batch == batch
        outcomes |= dict.fromkeys(batch, HostOutcome.RECOVERED)
    assert set(outcomes.values()) <= BACK
    assert judged(plan, outcomes) == ((), 0, "", False)


@pytest.mark.parametrize(
    ("sizes", "wanted"),
    [
        ((1, "25%"), (1, 2, 2, 2, 2, 1)),
        ((1, "25%", "100%"), (1, 2, 7)),
        (("1%",), (1,) * 10),
        ((4,), (4, 4, 2)),
    ],
)
def test_shares_are_of_the_plan(sizes: tuple[int | str, ...], wanted: tuple[int, ...]) -> None:
    """The last size holds until all are in a batch; a share below one host is one."""
    hosts = [f"h{number}" for number in range(10)]
    plan = planned(hosts, "h3", sizes, 0)
    assert tuple(map(len, plan.batches)) == wanted


def test_batches_that_break_the_quorum_are_refused_beforehand() -> None:
    """Nothing is changed until the seventh host is missing."""
    hosts = [f"h{number}" for number in range(10)]
    with pytest.raises(UsageError, match="batch 3 takes 7 of 10 hosts, and 5 have to serve"):
        planned(hosts, "h0", [1, "25%", "100%"], "50%")
    assert planned(hosts, "h0", [1, "25%"], "50%").quorum == 5
    assert planned(hosts[:3], "h0", [1], "50%").quorum == 2  # a share of hosts is rounded up


def test_a_failed_host_does_not_serve() -> None:
    """So a quorum that was kept beforehand is not kept any more."""
    plan = planned(["a", "b", "c", "d"], "a", [1], 3, max_failed=2)
    outcomes = {"a": HostOutcome.RECOVERED, "b": HostOutcome.FAILED}
    decision = judged(plan, outcomes)
    assert (decision.batch, decision.reason) == ((), "2 would serve during batch 3, 3 have to")


def test_some_of_the_hosts_are_held_against_the_whole_fleet() -> None:
    """Shares are of the fleet, and so is the quorum; others serve as far as they were reached."""
    plan = planned(["h1", "h2", "h3"], "h1", ["50%"], "50%", every=6)
    assert (plan.batches, plan.quorum) == ((("h1", "h2", "h3"),), 3)
    assert judged(plan._replace(others=3), {}).batch == ("h1", "h2", "h3")
    with pytest.raises(UsageError, match="takes 3 of 6 hosts, and 4 have to serve"):
        planned(["h1", "h2", "h3"], "h1", ["50%"], "61%", every=6)
    small = planned(["h1", "h2"], "h1", [1], 4, every=6)
    assert judged(small._replace(others=4), {}).batch == ("h1",)
    assert judged(small._replace(others=2), {}).reason == (
        "3 would serve during batch 1, 4 have to"
    )
