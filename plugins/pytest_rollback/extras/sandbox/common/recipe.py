"""How a sandbox is made out of a folder: the `[sandbox]` table of its overlay."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from pydantic import Field, ValidationError

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.document import TomlTable, TomlValue, frozen_value, tables
from pytest_rollback.manifest.release import BACKUPS
from pytest_rollback.manifest.values import Frozen

FILE = "embedded.toml"
STRATEGIES = "strategies"
"""The folder of what differs with another one, a file for each."""


class SandboxTable(Frozen):
    """`[sandbox]`: paths are relative to the folder of the file; `words` are further {words}.

    `containerfile` builds the image of a release, and `compose` names it for each component; both
    are for the strategy of images. `without` are keys that the manifest does not have.
    """

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
    containerfile: str = ""
    compose: str = ""
    words: dict[str, str | int] = Field(default_factory=dict)
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """A folder that a sandbox can be made of: its table, and the overlay over the manifest."""

    folder: Path
    table: SandboxTable
    base: TomlTable
    overlay: TomlTable
    strategy: str = BACKUPS

    @classmethod
    def read(cls, folder: Path, file: str = FILE, strategy: str = BACKUPS) -> Recipe:
        """Return the recipe in a folder, by the name of its file, and how releases are kept.

        Raises:
            ManifestError: a file is missing, or is not what it should be.
        """
        folder = folder.resolve()
        overlay = parsed(folder / file)
        if strategy != BACKUPS:
            overlay = laid_over(overlay, parsed(folder / STRATEGIES / f"{strategy}.toml"))
        try:
            table = SandboxTable.model_validate(frozen_value(overlay.pop("sandbox", {})))
        except ValidationError as error:
            raise ManifestError(
                f"{folder / file}: [sandbox] cannot be used: {error}", hint=f"edit {folder / file}"
            ) from error
        return cls(folder, table, parsed(folder / table.manifest), overlay, strategy)

    @property
    def ports(self) -> tuple[str, ...]:
        """Return the names of the ports that are needed."""
        return ("database", "edge", *self.table.ports)

    def path(self, name: str) -> Path:
        """Return the path that a key of the table names."""
        return self.folder / str(getattr(self.table, name))

    def document(self, words: Mapping[str, str | int]) -> TomlTable:
        """Return the sandbox's manifest: nobody is notified unless its overlay says so."""
        whole = laid_over(quiet(self.base), self.overlay)
        for name in self.table.without:
            whole = lacking(whole, name.split("."))
        return {key: filled(value, words) for key, value in whole.items()}


def lacking(document: TomlTable, path: Sequence[str]) -> TomlTable:
    """Return a document without the key at a path; of an array of tables, without that of each."""
    first, *rest = path
    inner = document.get(first)
    if rest and (listed := tables(inner)):
        return {**document, first: [lacking(each, rest) for each in listed]}
    if rest and isinstance(inner, dict):
        return {**document, first: lacking(inner, rest)}
    return {key: value for key, value in document.items() if key != first or rest}


def parsed(path: Path) -> TomlTable:
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


def laid_over(base: TomlTable, over: TomlTable) -> TomlTable:
    """Return a table with another laid over it, key by key."""
    both = {key: merged(base[key], over[key]) for key in base.keys() & over.keys()}
    return {**base, **over, **both}


def merged(base: TomlValue, over: TomlValue) -> TomlValue:
    """Return a value with another laid over it.

    Tables merge key by key, arrays of tables that have names merge by name and keep the base's
    order; everything else is replaced.
    """
    if isinstance(base, dict) and isinstance(over, dict):
        return laid_over(base, over)
    if _named(base) and _named(over):
        return _by_name(base, over)
    return over


def quiet(base: TomlTable) -> TomlTable:
    """Return a document that notifies nobody: a demonstration must not page anyone."""
    contacts: TomlValue = [
        {key: value for key, value in contact.items() if key != "channels"}
        for contact in tables(base.get("contacts"))
    ]
    return {**base, "notify": {"channels": []}, **({"contacts": contacts} if contacts else {})}


def _named(value: TomlValue) -> TypeGuard[list[TomlTable]]:
    """Return whether a value is an array of tables that each have a name."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and "name" in entry for entry in value)
    )


def _by_name(base: list[TomlTable], over: list[TomlTable]) -> TomlValue:
    """Return tables merged by their names; new ones come last."""
    new = {str(entry["name"]): entry for entry in over}
    known = [laid_over(entry, new.pop(str(entry["name"]), {})) for entry in base]
    return [*known, *new.values()]


def filled(value: TomlValue, words: Mapping[str, str | int]) -> TomlValue:
    """Return a value with its placeholders filled.

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
