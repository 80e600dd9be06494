"""Reading a record in which anything may be missing, null, huge or hostile."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from pytest_rollback.report.html.sanitize import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_rollback.evidence.redaction import Redact

T = TypeVar("T")


class Limits(NamedTuple):
    """How much of anything is shown: letters of a text, items of a list, rows of a section."""

    letters: int = 4000
    items: int = 50
    rows: int = 400

    def tighter(self) -> Limits:
        """Return half of everything."""
        return Limits(*(max(1, each // 2) for each in self))


class Excerpt(NamedTuple, Generic[T]):
    """The first of a list, and how many more there are."""

    shown: tuple[T, ...] = ()
    left: int = 0


def some(things: Iterable[T], most: int) -> Excerpt[T]:
    """Return the first things of a list."""
    everything = tuple(things)
    return Excerpt(everything[:most], max(0, len(everything) - most))


def finite(value: object) -> float | None:
    """Return a number one can draw, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def listed(value: object) -> list[object]:
    """Return a list, an empty one for whatever is none."""
    return list(value) if isinstance(value, (list, tuple)) else []


@dataclass(frozen=True)
class Row:
    """One object of the record. Every text that leaves it is redacted, scrubbed and cut."""

    raw: Mapping[str, object]
    redact: Redact
    limits: Limits = field(default_factory=Limits)

    def within(self, limits: Limits) -> Row:
        """Return the same object, of which less is shown."""
        return replace(self, limits=limits)

    def show(self, value: object, most: int | None = None) -> str:
        """Return a value as a text; nothing for null."""
        text = "" if value is None else value if isinstance(value, str) else self.dump(value)
        return clean(text, self.redact, min(most or self.limits.letters, self.limits.letters))

    def dump(self, value: object) -> str:
        """Return a value that is no text as JSON, whatever it is."""
        if isinstance(value, (list, tuple)) and len(value) > self.limits.items:
            left = f"… and {len(value) - self.limits.items:,} more"
            value = [*value[: self.limits.items], left]
        return json.dumps(value, ensure_ascii=False, default=repr)

    def text(self, key: str, most: int | None = None) -> str:
        """Return a text, an empty one for null and for nothing in a list or an object."""
        value = self.raw.get(key)
        return self.show(None if value in ([], {}) else value, most)

    def number(self, key: str) -> float | None:
        """Return a finite number or None."""
        return finite(self.raw.get(key))

    def flag(self, key: str) -> bool:
        """Tell whether something is true, not only truthy."""
        return self.raw.get(key) is True

    def numbers(self, key: str) -> tuple[float, ...]:
        """Return the finite numbers of a list."""
        found = (finite(each) for each in listed(self.raw.get(key)))
        return tuple(each for each in found if each is not None)

    def texts(self, key: str) -> Excerpt[str]:
        """Return the first texts of a list."""
        first = some(listed(self.raw.get(key)), self.limits.items)
        return Excerpt(tuple(self.show(each, 500) for each in first.shown), first.left)

    def row(self, key: str) -> Row:
        """Return an object in this one, an empty one for null."""
        value = self.raw.get(key)
        return replace(self, raw=value if isinstance(value, dict) else {})

    def rows(self, key: str) -> list[Row]:
        """Return a list of objects."""
        found = listed(self.raw.get(key))
        return [replace(self, raw=each) for each in found if isinstance(each, dict)]

    def pairs(self, key: str) -> Excerpt[tuple[str, str]]:
        """Return keys and values of an object in this one, both as texts."""
        first = some(self.row(key).raw.items(), self.limits.items)
        shown = tuple((self.show(name, 200), self.show(value)) for name, value in first.shown)
        return Excerpt(shown, first.left)


def fit(make: Callable[[Limits], str], most: int) -> str:
    """Return the fullest text that stays below so many bytes.

    Whatever is shown shrinks until it fits; at the narrowest limits it is taken as it is.
    """
    limits = Limits()
    made = make(limits)
    while len(made.encode()) > most and limits != limits.tighter():
        limits = limits.tighter()
        made = make(limits)
    return made
