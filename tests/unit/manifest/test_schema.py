"""What editors are told of rollback.toml: what the models say, never stale, no typo let through."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.editors.json_schema import JsonSchema
from pytest_rollback.manifest.editors.schema import comments, largest, schema
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.values import SIZES, UNITS, seconds, size

REPOSITORY = Path(__file__).parents[3]
MANIFEST = REPOSITORY / "rollback.toml"
WHOLE = """
[services]
socket = "/run/supervisor.sock"
[[logs.noise]]
pattern = "ERROR: cache is cold"
owner = "ops"
until = 2026-12-31
[[waivers]]
criterion = "readiness.drill.recent"
component = "gateway"
owner = "ops"
reason = "first drill is planned"
until = 2026-12-31
"""

Spoil = Callable[[dict[str, Any]], object]


def document() -> dict[str, Any]:
    """Return the shipped manifest, with the tables that it only shows in comments."""
    found = tomllib.loads(MANIFEST.read_text())
    extra = tomllib.loads(WHOLE)
    return (
        found
        | {key: found.get(key, {}) | extra[key] for key in ("services", "logs")}
        | {"waivers": extra["waivers"]}
    )


def made() -> dict[str, Any]:
    """Return the schema, described by the shipped manifest's comments."""
    return schema(MANIFEST.read_text())


def read() -> JsonSchema:
    """Return the same as data."""
    return JsonSchema.model_validate(made())


def plain(value: Any) -> Any:  # noqa: ANN401 - any TOML in, the same as JSON has it out
    """Return a document with its dates as texts."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def complaints(found: dict[str, Any]) -> list[str]:
    """Return what an editor would underline."""
    checker = jsonschema.Draft202012Validator(made(), format_checker=jsonschema.FormatChecker())
    return [error.message for error in checker.iter_errors(plain(found))]


def test_docs_are_what_would_be_made_now() -> None:
    """docs/rollback.schema.json and docs/manifest.md are renewed by scripts/dev/schema --write."""
    done = subprocess.run(
        [REPOSITORY / "scripts/dev/schema", "--check"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_printed_is_the_schema() -> None:
    """scripts/dev/schema without an option prints it."""
    done = subprocess.run([REPOSITORY / "scripts/dev/schema"], capture_output=True, check=True)

    assert json.loads(done.stdout) == made()


def test_the_schema_itself_is_valid() -> None:
    """It is a schema of the draft that it names."""
    jsonschema.Draft202012Validator.check_schema(made())


def test_every_key_is_described() -> None:
    """A new key needs its comment in rollback.toml, where people look it up."""
    assert read().undescribed() == []


def test_a_key_that_nobody_described_is_found() -> None:
    """Without the comments all of them are."""
    text = "\n".join(line.split(" # ")[0] for line in MANIFEST.read_text().splitlines())

    assert comments(text) == {}


def test_every_table_stands_in_the_shipped_file() -> None:
    """Each table of the models is shown there, at least as a comment, or by one that lies in it."""
    shown = {table for table, _ in comments(MANIFEST.read_text())}
    shown |= {table.rpartition(".")[0] for table in shown}

    assert {table for table, _ in read().tables()} <= shown


def test_the_first_line_names_the_schema() -> None:
    """Editors look for it there."""
    first = MANIFEST.read_text().splitlines()[0]

    assert first.startswith("#:schema ")
    assert (REPOSITORY / first.removeprefix("#:schema ")).is_file()


def test_the_shipped_manifest_is_valid() -> None:
    """Also with every table that it shows in comments."""
    assert complaints(tomllib.loads(MANIFEST.read_text())) == []
    assert complaints(document()) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["system"].update(rott="/x"),
        lambda d: d.update(componets=[]),
        lambda d: d["probes"]["query"].update(methd="GET"),
        lambda d: d["probes"].update({"Not A Name": {"url": "http://x/"}}),
        lambda d: d["system"].update(rto=15),
        lambda d: d["system"].update(rto="15 minutes"),
        lambda d: d["system"].update(rto="15minutes"),
        lambda d: d["system"].update(root="opt"),
        lambda d: d["system"].update(state="/var/../etc"),
        lambda d: d["system"].update(secrets=["../etc/shadow"]),
        lambda d: d["system"].update(secrets=["a/.."]),
        lambda d: d["system"].update(secrets=["/etc/../shadow"]),
        lambda d: d["target"].update(connection="server"),
        lambda d: d["target"].update(sudo="yes"),
        lambda d: d["services"].update(manager="runit"),
        lambda d: d["components"][0].pop("health"),
        lambda d: d["components"][0].update(listens=[0]),
        lambda d: d["components"][0]["constructs"][0].update(call="no colon"),
        lambda d: d.update(components=[]),
        lambda d: d["probes"]["query"].update(tcp="localhost:1"),
        lambda d: d["probes"]["query"].pop("url"),
        lambda d: d["probes"]["query"].update(samples=10),
        lambda d: d["waivers"][0].update(until="tomorrow"),
        lambda d: d["waivers"][0].update(reason=""),
        lambda d: d["logs"]["noise"][0].pop("owner"),
        lambda d: d["contacts"][0].update(level=0),
        lambda d: d.pop("target"),
    ],
)
def test_an_editor_refuses_what_we_refuse(spoil: Spoil) -> None:
    """One typo, wrong type or missing key: both say no."""
    spoiled = document()
    spoil(spoiled)
    with pytest.raises(ManifestError):
        parse(spoiled, "rollback.toml")

    assert complaints(spoiled)


@pytest.mark.parametrize("written", ["100ms", "3s", "15m", "90d", "1h", "1500ms"])
def test_a_duration_is_written_as_it_is_read(written: str) -> None:
    """Defaults are shown with a unit."""
    assert seconds(largest(seconds(written), UNITS)) == seconds(written)


@pytest.mark.parametrize("written", ["1MB", "1500MB", "10GB", "2TB"])
def test_a_size_is_written_as_it_is_read(written: str) -> None:
    """As durations are; without a unit nobody could tell what is meant."""
    assert size(largest(size(written), SIZES)) == size(written)
    for wrong in (written[:-2], written.lower(), int(written[:-2]), None):
        with pytest.raises(ValueError, match="a size with a unit"):
            size(wrong)


def test_a_table_that_is_only_referred_to_is_found() -> None:
    """Directly, in an array, by one of several choices, and under names that the user chooses."""
    inner = {"properties": {"size": {"type": "integer", "description": "in MB"}}}
    keys = {
        "direct": {"$ref": "#/$defs/Inner"},
        "listed": {"type": "array", "items": {"$ref": "#/$defs/Inner"}},
        "optional": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}]},
        "keyed": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Inner"}},
        "plain": {"type": "string"},
    }
    found = JsonSchema.model_validate({"properties": keys, "$defs": {"Inner": inner}})

    assert dict(found.tables()) == dict.fromkeys(("direct", "listed", "optional", "keyed"), "Inner")
    assert found.undescribed() == []


@pytest.mark.parametrize(
    ("different", "fits"),
    [
        ({"root": "/srv/shop"}, True),
        ({"roots": ["/usr/lib/shop", "/etc/cron.d/shop"]}, True),
        ({"root": "/srv/shop", "roots": ["/etc/shop"]}, False),
        ({}, False),
    ],
)
def test_one_root_or_several(different: dict[str, Any], *, fits: bool) -> None:
    """Editors ask for one of the keys, and take absolute paths of files."""
    found = document()
    del found["system"]["root"]
    found["system"].update(different)
    if "roots" in different:
        found["configuration"] = {"files": ["/etc/cron.d/shop"]}

    assert (complaints(found) == []) == fits
