"""Events of a timeline: each is one JSON line, and comes back from it as it was."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_rollback.evidence import events
from pytest_rollback.evidence.data_return import DataLoss
from pytest_rollback.evidence.events import (
    KINDS,
    ChangeTook,
    CriterionEnded,
    Event,
    HostTaken,
    MessageSent,
    OtherEvent,
    as_data,
    of_data,
    parsed,
)
from pytest_rollback.evidence.json_data import read

VALUES = {
    "DataLoss | None": DataLoss("shop", 1.5, 2),
    "str": "text \udcff",
    "str | None": "said",
    "float": 1.5,
    "int": 3,
    "bool": True,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)

SLOWLY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""On a busy machine it takes a while to draw data."""


def filled(kind: type[Event]) -> Event:
    """Return an event in which every field says something."""
    values = {each.name: VALUES.get(str(each.type), ("a", "b")) for each in fields(kind)}
    return kind(**values)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_an_event_comes_back_from_its_line(name: str) -> None:
    """With every field, and with none but its kind."""
    full, bare = filled(KINDS[name]), KINDS[name]()

    for event in (full, bare):
        line = json.dumps(as_data(event)).encode()
        assert json.loads(line)["event"] == name
        assert list(parsed(line)) == [event]
    assert set(as_data(full)) == {"event", *(each.name for each in fields(full))}


def test_what_says_nothing_is_left_out() -> None:
    """Where an older version has written no such key either."""
    assert "why" not in as_data(MessageSent("pager", "start", "accepted", 1))
    assert {"since", "by"} & set(as_data(HostTaken("r1"))) == set()


def test_of_a_damaged_event_what_is_whole_is_kept() -> None:
    """A value of another type is as if it were not there."""
    found = of_data({"event": "took", "what": "stop web", "seconds": "long", "at": 7, "more": 1})

    assert found == ChangeTook(what="stop web")
    assert of_data({"event": "criterion", "id": None, "outcome": "met"}) == CriterionEnded(
        outcome="met"
    )


def test_an_event_of_another_version_keeps_its_name() -> None:
    """What it says is in the file; nothing here needs it."""
    found = of_data({"event": "invented", "offset": 2.0, "facts": [1]})

    assert found == OtherEvent("invented", offset=2.0)
    assert as_data(replace(found, at="now")) == {"at": "now", "offset": 2.0, "event": "invented"}


@pytest.mark.parametrize("line", [b"", b"{", b"7", b"[]", b"{}", b'{"at": 1}', b"\xff\xfe"])
def test_what_is_no_event_is_passed_over(line: bytes) -> None:
    """A torn line, and whatever else stands there."""
    whole = b'{"event": "decided", "at": "", "offset": 1.0}'

    assert list(parsed(line + b"\n" + whole)) == [events.Decided(offset=1.0)]


@SLOWLY
@given(st.sampled_from(sorted(KINDS)), st.dictionaries(st.text(max_size=8), JSON), JSON)
def test_no_line_is_a_reason_to_read_no_timeline(
    name: str, more: dict[str, object], one: object
) -> None:
    """Whatever JSON can say in the place of a field."""
    kind = KINDS[name]
    data = {each.name: one for each in fields(kind)} | more | {"event": name}

    assert type(of_data(data)) is kind


def test_strict_reading_names_the_first_place() -> None:
    """One line for people."""
    with pytest.raises(ValueError, match=r"^seconds: Input should be a valid number"):
        read(ChangeTook, {"seconds": "long"})
