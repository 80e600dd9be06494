"""How values of a record are shown: redacted, without control characters, and cut to a limit."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from pytest_rollback.report.html.sanitize import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_rollback.evidence.json_data import Json
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


@dataclass(frozen=True)
class Presenter:
    """Makes texts of what a record holds. Every text is redacted, scrubbed and cut.

    Args:
        redact: takes the secrets out of a text.
        limits: how much of anything is shown.
    """

    redact: Redact
    limits: Limits = field(default_factory=Limits)

    def text(self, value: Json, most: int | None = None) -> str:
        """Return a value as a text; nothing for null, an empty list and an empty object."""
        if value is None or value in ([], {}):
            return ""
        text = value if isinstance(value, str) else self.dump(value)
        return clean(text, self.redact, min(most or self.limits.letters, self.limits.letters))

    def dump(self, value: Json) -> str:
        """Return a value that is no text as JSON."""
        if isinstance(value, (list, tuple)) and len(value) > self.limits.items:
            left = f"… and {len(value) - self.limits.items:,} more"
            value = [*value[: self.limits.items], left]
        return json.dumps(value, ensure_ascii=False)

    def texts(self, values: Iterable[str]) -> Excerpt[str]:
        """Return the first texts of a list."""
        first = some(values, self.limits.items)
        return Excerpt(tuple(self.text(each, 500) for each in first.shown), first.left)

    def pairs(self, values: Mapping[str, Json]) -> Excerpt[tuple[str, str]]:
        """Return names and values, both as texts."""
        first = some(values.items(), self.limits.items)
        shown = tuple((self.text(name, 200), self.text(value)) for name, value in first.shown)
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
