"""How a sandbox is made out of a folder: the `[sandbox]` table of its overlay."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationError

from rollback.errors import ManifestError
from rollback.sandbox.overlay import filled, merged, quiet
from rollback.values import Frozen

if TYPE_CHECKING:
    from pathlib import Path

FILE = "embedded.toml"


class Table(Frozen):
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
    table: Table
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
            table = Table.model_validate(immutable(overlay.pop("sandbox", {})))
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
