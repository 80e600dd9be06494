"""How a sandbox is made out of a folder: the `[sandbox]` table of its overlay."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.values import Frozen

if TYPE_CHECKING:
    from pathlib import Path
if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "embedded.toml"


class SandboxTable(Frozen):
    """`[sandbox]`: paths are relative to the folder of the file; `words` are further {words}."""

    manifest: str = "../../rollback.toml"
    previous: str = "releases/previous"
    current: str = "releases/current"
    scenarios: str = "scenarios"
    scenario: str = ""
    troubles: str = "troubles"
    version: str = "VERSION"
    prepare: str = ""
    fill: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    upstream: str = ""
    words: dict[str, str | int] = Field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """A folder that a sandbox can be made of: its table, and the overlay over the manifest."""

    folder: Path
    table: SandboxTable
    base: dict[str, Any]
    overlay: dict[str, Any]

    @classmethod
    def read(cls, folder: Path, file: str = FILE) -> Recipe:
        """Return the recipe in a folder, by the name of its file.

        Raises:
            ManifestError: a file is missing, or is not what it should be.
        """
        folder = folder.resolve()
        overlay = parsed(folder / file)
        try:
            table = SandboxTable.model_validate(immutable(overlay.pop("sandbox", {})))
        except ValidationError as error:
            raise ManifestError(
                f"{folder / file}: [sandbox] cannot be used: {error}", hint=f"edit {folder / file}"
            ) from error
        return cls(folder, table, parsed(folder / table.manifest), overlay)

    @property
    def ports(self) -> tuple[str, ...]:
        """Return the names of the ports that are needed."""
        return ("database", "edge", *self.table.ports)

    def path(self, name: str) -> Path:
        """Return the path that a key of the table names."""
        return self.folder / str(getattr(self.table, name))

    def document(self, words: dict[str, str | int]) -> dict[str, Any]:
        """Return the manifest of the sandbox: it tells nobody unless its overlay says so."""
        document: dict[str, Any] = filled(merged(quiet(self.base), self.overlay), words)
        return document


def immutable(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table with its arrays as the tuples that frozen models want."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}


def parsed(path: Path) -> dict[str, Any]:
    """Return a TOML file.

    Raises:
        ManifestError: it is missing, or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ManifestError(
            f"{path} cannot be read: {error.strerror}", hint="correct the path of the sandbox"
        ) from error
    except ValueError as error:
        raise ManifestError(f"{path}: {error}", hint=f"edit {path}") from error


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
