"""What was read in a call: the stamps of its files, so that none has to be read twice."""

from __future__ import annotations

from array import array


class Seen:
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
