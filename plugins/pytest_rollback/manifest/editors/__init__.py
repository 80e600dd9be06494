"""What editors and readers of the manual are told of rollback.toml: a schema made of the models.

Promise: nothing in it is written twice. A key is described where it stands in the shipped file, and
what its value may be is said by the model alone; a test fails where either was changed and the
pages were not made again.

`schema` makes the JSON Schema, described by the comments of the shipped file; `json_schema` reads
it as data, and `reference` writes docs/manifest.md of it.
"""
