"""A JSON Schema as data: its tables and keys, as pydantic makes them of the models.

Only what our pages and messages read of it is described here; all else in a schema is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, JsonValue

DEFINITIONS = "#/$defs/"


class SchemaKey(BaseModel):
    """What a schema says of one key: its type, its pattern, its default, what it refers to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str = ""
    format: str = ""
    pattern: str = ""
    description: str = ""
    enum: tuple[str, ...] = ()
    default: JsonValue = None
    reference: str = Field(default="", alias="$ref")
    items: SchemaKey | None = None
    choices: tuple[SchemaKey, ...] = Field(default=(), alias="anyOf")
    additional: SchemaKey | bool = Field(default=False, alias="additionalProperties")
    named: dict[str, SchemaKey] = Field(default_factory=dict, alias="patternProperties")

    @property
    def definition(self) -> str:
        """The name of the definition that it refers to, itself or by what it holds; or ""."""
        inner = [self.items, *self.choices, self.additional, *self.named.values()]
        keys = [each for each in inner if isinstance(each, SchemaKey)]
        named = [self.reference.removeprefix(DEFINITIONS), *(each.definition for each in keys)]
        return next(filter(None, named), "")


class SchemaTable(BaseModel):
    """What a schema says of one table: its keys, and which of them are required."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    description: str = ""
    properties: dict[str, SchemaKey]
    required: tuple[str, ...] = ()


class JsonSchema(SchemaTable):
    """The schema of a file: the table of its top level, and its definitions by their names."""

    definitions: dict[str, SchemaTable] = Field(alias="$defs")

    def tables(self) -> Iterator[tuple[str, str]]:
        """Yield each table as its header names it, such as `system`, with its definition."""
        yield from self._below(self, "")

    def _below(self, table: SchemaTable, above: str) -> Iterator[tuple[str, str]]:
        for key, field in table.properties.items():
            if field.definition:
                yield f"{above}{key}", field.definition
                yield from self._below(self.definitions[field.definition], f"{above}{key}.")

    def undescribed(self) -> list[str]:
        """Return the keys without a description, as Definition.key."""
        return [
            f"{name}.{key}"
            for name, table in self.definitions.items()
            for key, field in table.properties.items()
            if not field.description
        ]
