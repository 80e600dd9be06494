"""How much of whole suites was evaluated: pure data in, an answer out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rollback.run.completeness import (
    ISOLATION,
    Completeness,
    DeclaredScope,
    Instance,
    completeness,
)

ALL = DeclaredScope()
WEB, TILL = (Instance("readiness.a.b", each, f"t.py::b[{each}]") for each in ("web", "till"))
ALONE = Instance("readiness.c.d", None, "t.py::d")
MINE = (WEB, TILL, ALONE)
SHIPPED = tuple(each._replace(nodeid="") for each in MINE)


def test_everything_with_an_outcome_is_whole() -> None:
    """Nothing is missing, and the count is that of the rows."""
    found = completeness(SHIPPED, MINE, MINE, ALL)

    assert (found.whole, found.words, found.left) == (True, "3 of 3 criteria", "")


@pytest.mark.parametrize(
    ("collected", "ended", "missing"),
    [
        (MINE, (WEB, TILL), ("readiness.c.d",)),
        (MINE, (TILL, ALONE), ("readiness.a.b [web]",)),
        ((WEB, TILL), (WEB, TILL), ("readiness.c.d",)),
        ((WEB,), (WEB,), ("readiness.a.b [till]", "readiness.c.d")),
        ((ALONE,), (ALONE,), ("readiness.a.b",)),
        (MINE, (), ("readiness.a.b", "readiness.c.d")),
    ],
)
def test_what_is_missing_is_named(
    collected: tuple[Instance, ...], ended: tuple[Instance, ...], missing: tuple[str, ...]
) -> None:
    """Deselected, stopped before, or not even collected; by component where others ended."""
    found = completeness(SHIPPED, collected, ended, ALL)

    assert (found.whole, found.missing) == (False, missing)
    assert (found.evaluated, found.total) == (len(ended), 3)


def test_what_nobody_collected_is_never_whole() -> None:
    """No worker said what there was: outcomes alone prove nothing."""
    assert not completeness((), (), MINE, ALL).whole
    assert completeness(SHIPPED, (), MINE, ALL).words == "3 of 3 criteria"


def test_a_source_need_not_tell_that_it_is_about_components() -> None:
    """A fixture of another file may ask for the component."""
    shipped = (Instance("readiness.a.b"), Instance("readiness.c.d"))

    assert completeness(shipped, MINE, MINE, ALL).whole


def test_the_declared_scope_is_the_whole() -> None:
    """A rehearsal has no criteria of the drill, an isolation two of them."""
    drill = tuple(
        Instance(each, None, each) for each in (*sorted(ISOLATION), "drill.files.restored")
    )

    assert completeness(drill, drill, (), DeclaredScope(dry=True)).whole
    assert completeness(drill, drill, drill[:2], DeclaredScope(isolate=True)).whole
    assert not completeness(drill, drill, drill[:1], DeclaredScope(isolate=True)).whole
    assert not completeness(drill, drill, drill[:2], ALL).whole
    assert not completeness(MINE, MINE, (), DeclaredScope(dry=True, isolate=True)).whole


def test_a_dozen_is_named_in_a_sentence() -> None:
    """The record has the others."""
    said = Completeness(0, 14, tuple(f"readiness.a.{letter}" for letter in "abcdefghijklmn")).left

    assert said.endswith("readiness.a.l and 2 more")


ABOUT = st.sampled_from([None, "web", "till"])
INSTANCES = st.builds(
    lambda noun, about: Instance(f"readiness.{noun}.is", about, f"{noun}[{about}]"),
    st.sampled_from("abcd"),
    ABOUT,
)


@given(st.frozensets(INSTANCES), st.frozensets(INSTANCES), st.frozensets(INSTANCES), st.booleans())
def test_whole_means_all_of_it(
    shipped: frozenset[Instance],
    collected: frozenset[Instance],
    ended: frozenset[Instance],
    isolate: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    """Whole: every id that is shipped was collected, and each that was collected has ended."""
    sources = [each._replace(nodeid="") for each in shipped]
    found = completeness(sources, collected, ended, DeclaredScope(isolate=isolate))

    assert 0 <= found.evaluated <= found.total
    assert bool(found.missing) == (found.evaluated < found.total)
    if found.whole:
        assert collected <= ended
        assert {each.identity for each in shipped} <= {each.identity for each in collected}


@given(st.frozensets(INSTANCES, min_size=1), st.data())
def test_one_outcome_less_is_never_whole(
    collected: frozenset[Instance], data: st.DataObject
) -> None:
    """Whichever it is, it is among what is missing."""
    gone = data.draw(st.sampled_from(sorted(collected, key=str)))
    found = completeness((), collected, collected - {gone}, ALL)

    assert completeness((), collected, collected, ALL).whole
    assert (found.whole, found.total - found.evaluated) == (False, 1)
    assert found.missing[0].startswith(gone.identity)
