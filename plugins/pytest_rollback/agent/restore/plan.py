"""Files to restore: each with what is live now, all of a plan, packed, and plans as journaled."""

from __future__ import annotations

import copy
from array import array
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Set, overload

from ..files import comparison, state
from ..state.backup_set import FileEntry

LENGTH = 32
"""Bytes of a digest."""

NOTHING = bytes(LENGTH)
"""Where no file is live. No file's digest is all zeros."""

COPY = "copy"

FOUND = "found"
"""What a plan says that has files in it which were restored before its journal knew of them."""

ABSENT = "absent"
"""What a plan says of the added files that were not there when it was made."""

SIGN = "/"
"""What follows the version of a directory."""


class PlanItem(NamedTuple):
    """One file to restore: the recorded one, and the version that is live now ("" if absent).

    `source` is where its content comes from: its backup, or git where that cannot be used.
    `number` is its place in the plan. `was_directory` tells whether a directory is live now.
    """

    number: int
    saved: FileEntry
    live: str
    source: str
    was_directory: bool = False

    @property
    def row(self) -> List[Any]:
        """The item as a plan in a journal has it."""
        return [*self.saved, self.live + (SIGN if self.was_directory else "")]

    @property
    def is_dressed(self) -> bool:
        """Whether a directory stays, and gets another owner or mode in its place."""
        return self.was_directory and self.saved.is_directory

    @property
    def is_turned(self) -> bool:
        """Whether a directory takes the place of something else, or the other way round."""
        return bool(self.live) and self.was_directory != self.saved.is_directory

    def is_failed(self, side: state.FileState) -> bool:
        """Return whether a side is what the run found: the failed version, or nothing."""
        if not self.live:
            return side.kind == state.ABSENT
        # A journal of an earlier release of this tool has the digest of the content alone.
        alike = side.is_file and side.sha256 == self.live and not self.is_new(side)
        return alike or comparison.version(side) == self.live

    def may_change(self, side: state.FileState) -> bool:
        """Return whether a side is what the run found, or has changed half way."""
        return self.is_failed(side) or (self.is_dressed and side.is_directory)

    def may_go(self, side: state.FileState) -> bool:
        """Return whether undo loses nothing with a side: what was restored, or nothing at all."""
        half_way = self.is_dressed and side.is_directory
        return self.is_new(side) or half_way or side.kind == state.ABSENT

    def is_new(self, side: state.FileState) -> bool:
        """Return whether a side is what the run leaves there."""
        return comparison.is_version(self.saved, side)


class PlanItems(Sequence[PlanItem]):
    """Files to restore, in order. The version of a live directory ends in `SIGN`.

    Each takes 40 bytes and its `FileEntry`; a `PlanItem` takes 200 more.

    A part of them is a view: its items have the numbers that they have in the whole.
    """

    def __init__(self) -> None:
        self._saved: List[FileEntry] = []
        self._live = bytearray()
        self._sources: Dict[int, str] = {}
        self._directories: Set[int] = set()
        self._numbers = range(0)

    def add(self, saved: FileEntry, live: str, source: str = COPY) -> int:
        """Add one more file to the whole; return its number."""
        number = len(self._saved)
        if source != COPY:
            self._sources[number] = source
        self._saved.append(saved)
        if live.endswith(SIGN):
            self._directories.add(number)
        self._live += bytes.fromhex(live.rstrip(SIGN)) or NOTHING
        self._numbers = range(number + 1)
        return number

    def extend(self, others: PlanItems) -> None:
        """Add the files of another plan."""
        for item in others:
            self.add(item.saved, item.row[-1])

    def come_from(self, source: str) -> List[FileEntry]:
        """Give every file that does not come from its backup this source; return them."""
        self._sources = dict.fromkeys(self._sources, source)
        return [self._saved[number] for number in self._sources]

    @overload
    def __getitem__(self, which: int) -> PlanItem: ...

    @overload
    def __getitem__(self, which: slice) -> PlanItems: ...

    def __getitem__(self, which: int | slice) -> PlanItem | PlanItems:
        if isinstance(which, int):
            return self._item(self._numbers[which])
        part = copy.copy(self)
        part._numbers = self._numbers[which]  # noqa: SLF001 - it is one of us
        return part

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[PlanItem]:
        return map(self._item, self._numbers)

    def _item(self, number: int) -> PlanItem:
        live = self._live[LENGTH * number : LENGTH * (number + 1)]
        text = "" if live == NOTHING else live.hex()
        source, folder = self._sources.get(number, COPY), number in self._directories
        return PlanItem(number, self._saved[number], text, source, folder)


class ReadCache:
    """Stamps of files by role, "live" or "staged", and by number in their plan; 0 is none."""

    def __init__(self) -> None:
        self._stamps = {"live": array("q"), "staged": array("q")}

    def note(self, role: str, number: int, stamp: int) -> None:
        """Note the stamp of a file that was read, or written."""
        stamps = self._stamps[role]
        if number >= len(stamps):
            stamps.extend([0] * (number + 1 - len(stamps)))
        stamps[number] = stamp

    def stamp(self, role: str, number: int) -> int:
        """Return the stamp that was noted last."""
        stamps = self._stamps[role]
        return stamps[number] if number < len(stamps) else 0


def since_plan(events: List[str]) -> List[str]:
    """Return the events that follow the latest plan."""
    return events[len(events) - events[::-1].index("plan") :]


def plans(entries: List[Dict[str, Any]]) -> List[PlanItems]:
    """Return what each plan of a journal restores; a plan is whole with its last entry."""
    return [
        _planned(entries[number - entry.get("pieces", 0) : number + 1])
        for number, entry in enumerate(entries)
        if entry["event"] == "plan"
    ]


def _planned(pieces: List[Dict[str, Any]]) -> PlanItems:
    """Return what a plan restores: as this very call made it, or as it is written."""
    whole = pieces[-1]["items"]
    if isinstance(whole, PlanItems):
        return whole
    found = PlanItems()
    for piece in pieces:
        for *saved, live in piece["items"]:
            found.add(FileEntry(*saved), live)
    return found
