"""The files of a plan, packed, and what was read of them: the same as one by one."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.restore.plan import PlanItems, ReadCache
from pytest_rollback.agent.state.backup_set import FileEntry

LIVE = [f"{number:02x}" * 32 for number in range(1, 8)]


def saved(number: int) -> FileEntry:
    """Return the record of one of several files."""
    return FileEntry(f"f{number}", f"{number:02x}" * 32, number, 0o644, 0, 0, number, {})


@pytest.fixture
def items() -> PlanItems:
    """Seven files: the third one is not live, the fifth has no good saved copy."""
    found = PlanItems()
    for number, live in enumerate(LIVE):
        words = ["its backup is gone"] if number == 4 else []
        found.add(saved(number), "" if number == 2 else live, *words)
    return found


def test_each_comes_back_as_it_was_put_in(items: PlanItems) -> None:
    """Its record, what is live, where its content comes from, and its place."""
    assert [item.number for item in items] == list(range(7))
    assert [item.saved for item in items] == [saved(number) for number in range(7)]
    assert [item.live for item in items] == [*LIVE[:2], "", *LIVE[3:]]
    assert [item.source for item in items] == [
        "its backup is gone" if number == 4 else "copy" for number in range(7)
    ]
    assert items[-1] == list(items)[-1]
    assert not PlanItems()


@pytest.mark.parametrize("which", [slice(2, 5), slice(4, 99), slice(0, 0), slice(6, None, -2)])
def test_a_part_is_what_a_list_would_give(items: PlanItems, which: slice) -> None:
    """With the numbers that they have in the whole, also in a part of a part."""
    assert list(items[which]) == list(items)[which]
    assert len(items[which]) == len(list(items)[which])
    assert list(items[which][1:]) == list(items)[which][1:]


def test_only_those_without_a_good_copy_come_from_elsewhere(items: PlanItems) -> None:
    """Those are named, and no other changes its source."""
    assert items.come_from("git") == [saved(4)]
    assert [item.source for item in items] == ["copy"] * 4 + ["git"] + ["copy"] * 2


def test_what_was_not_read_has_no_stamp() -> None:
    """Neither between others, nor beyond the last one, nor in another role."""
    seen = ReadCache()
    seen.note("live", 3, 77)

    assert [seen.stamp("live", number) for number in range(6)] == [0, 0, 0, 77, 0, 0]
    assert seen.stamp("staged", 3) == 0
    seen.note("live", 3, -(2**63))
    assert seen.stamp("live", 3) == -(2**63)
