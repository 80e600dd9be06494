"""Which criteria apply to a system: those whose key of `rollback.toml` describes anything.

A criterion about something that a system does not have is neither met nor missing. It is listed as
not applicable, with the key that would make it apply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import System

COMPONENT = "component."
"""How a key begins that each component has for itself."""

RETURNS = {f'database.return = "{each}"': each for each in ("restore", "migrate")}
"""The key, with its value, of criteria about a database that is restored, or migrated back."""

Lacks = Callable[[Sequence[str], str | None], str]
"""Given the keys of a criterion and a component, which one would make it apply; "" if it does."""


class NotApplicable(NamedTuple):
    """A criterion that a system has nothing for; `key` would make it apply."""

    identity: str
    about: str | None
    key: str

    @property
    def words(self) -> str:
        """The criterion and the key, for people."""
        return f"{self.identity}{f' [{self.about}]' if self.about else ''} ({self.key})"


def lacks(system: System) -> Lacks:
    """Return what tells which key of a system's description a criterion lacks."""

    def lacking(keys: Sequence[str], about: str | None) -> str:
        if not keys or any(describes(system, key, about) for key in keys):
            return ""
        return " or ".join(keys).replace(COMPONENT, "components.")

    return lacking


def describes(system: System, key: str, about: str | None) -> bool:
    """Return whether a system describes anything under a key, such as `fallback.git`.

    `database.return = "restore"` asks for that value, as does `"migrate"`.

    A component's key counts for the one that the criterion is about, else for any.
    """
    if key in RETURNS:
        return bool(system.database and system.database.return_ == RETURNS[key])
    if not key.startswith(COMPONENT):
        return bool(
            found(system, key.replace("system.", "about.").split("."))
        )  # as the model names it
    name = key.removeprefix(COMPONENT)
    mine = [each for each in system.components if about in {None, each.name}]
    return any(getattr(each, name) for each in mine) or not mine


def found(table: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - any table, any value
    """Return the value of a key, None where a table on the way is missing."""
    for name in path:
        table = getattr(table, name, None)
    return table
