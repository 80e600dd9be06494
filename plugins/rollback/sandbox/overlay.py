"""One document over another, and placeholders filled: how a sandbox gets its own manifest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\{([a-z]+(?:\.[a-z0-9_]+)?)\}")


def merged(base: Any, over: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return a document with another laid over it.

    Tables merge key by key, arrays of tables that have names merge by name and keep the base's
    order; everything else is replaced.
    """
    if isinstance(base, dict) and isinstance(over, dict):
        both = {key: merged(base[key], over[key]) for key in base.keys() & over.keys()}
        return {**base, **over, **both}
    if _named(base) and _named(over):
        return _by_name(base, over)
    return over


def quiet(base: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document by which nobody is told of anything: a demonstration pages no one."""
    contacts = [
        {key: value for key, value in contact.items() if key != "channels"}
        for contact in base.get("contacts", ())
    ]
    return {**base, "notify": {"channels": []}, **({"contacts": contacts} if contacts else {})}


def _named(value: object) -> bool:
    """Tell whether a value is an array of tables that each have a name."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and "name" in entry for entry in value)
    )


def _by_name(base: list[dict[str, Any]], over: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return tables merged by their names; new ones come last."""
    new = {entry["name"]: entry for entry in over}
    known = [merged(entry, new.pop(entry["name"], {})) for entry in base]
    return known + list(new.values())


def filled(value: Any, words: Mapping[str, str | int]) -> Any:  # noqa: ANN401 - any TOML value
    """Return a document with its placeholders filled.

    A text that is nothing but a placeholder takes the word's own type: `"{port.web}"` is a number.
    """
    if isinstance(value, dict):
        return {key: filled(entry, words) for key, entry in value.items()}
    if isinstance(value, list):
        return [filled(entry, words) for entry in value]
    if not isinstance(value, str):
        return value
    whole = PLACEHOLDER.fullmatch(value)
    return words[whole[1]] if whole and whole[1] in words else text(value, words)


def text(value: str, words: Mapping[str, str | int]) -> str:
    """Return a text with the placeholders that are known filled, and all else as it is."""
    return PLACEHOLDER.sub(lambda found: str(words.get(found[1], found[0])), value)
