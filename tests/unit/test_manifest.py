"""rollback.toml: what is wrong with it is said all at once, with key, finding and expectation."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from rollback.errors import ManifestError
from rollback.manifest import load, parse

SHIPPED = Path(__file__).parents[2] / "rollback.toml"


def document() -> dict[str, Any]:
    """Return the shipped manifest as a document to spoil."""
    return tomllib.loads(SHIPPED.read_text())


def test_the_shipped_manifest_loads() -> None:
    """Four components in the procedure's start order, an RTO of 15 minutes."""
    system = load(SHIPPED).system

    assert [each.name for each in system.components] == ["gateway", "p2p", "agents", "rag"]
    assert system.about.rto == 900


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda d: d["system"].update(rott="/x"), "system.rott: unknown key; did you mean 'root'?"),
        (lambda d: d["system"].update(rto=15), "system.rto: found 15, expected a duration"),
        (
            lambda d: d["system"].update(root="opt"),
            "system.root: found 'opt', expected an absolute",
        ),
        (
            lambda d: d["configuration"].update(files=["../etc/passwd"]),
            "configuration.files[0]: found '../etc/passwd', expected a path inside the root",
        ),
        (
            lambda d: d["configuration"].update(files=["a\0b"]),
            "configuration.files[0]: found 'a\\x00b', expected a path inside the root",
        ),
        (
            lambda d: d["components"][1].update(unit=d["components"][0]["unit"]),
            "components: 2 have the unit",
        ),
        (
            lambda d: d["components"][0].update(health="no"),
            "components[0]: probe 'no' is not among",
        ),
        (
            lambda d: d["probes"]["query"].update(tcp="localhost:1"),
            "probes.query: expected exactly one of url, tcp and command",
        ),
        (lambda d: d.pop("target"), "target: missing"),
    ],
)
def test_each_problem_names_its_key_and_what_was_expected(spoil: Any, expected: str) -> None:  # noqa: ANN401
    """One spoiled key gives one line."""
    spoiled = document()
    spoil(spoiled)
    with pytest.raises(ManifestError) as caught:
        parse(spoiled, "rollback.toml")

    assert caught.value.message.startswith(f"rollback.toml: {expected}")
    assert caught.value.hint


def test_all_problems_come_at_once() -> None:
    """A field's problem does not hide one between tables."""
    spoiled = document()
    spoiled["system"]["rto"] = 15
    spoiled["components"][0]["health"] = "no"
    with pytest.raises(ManifestError) as caught:
        parse(spoiled, "x")

    assert len(caught.value.message.splitlines()) == 2


@pytest.mark.parametrize("content", ["[system", "a = \xff"])
def test_a_broken_file_is_one_message(tmp_path: Path, content: str) -> None:
    """Syntax and encoding errors name the file."""
    path = tmp_path / "rollback.toml"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ManifestError, match="is no TOML"):
        load(path)


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    """The hint names the option."""
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "nowhere.toml")

    assert "--rollback-target=" in caught.value.hint
