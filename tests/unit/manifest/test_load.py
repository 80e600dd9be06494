"""rollback.toml: what is wrong with it is said all at once, with key, finding and expectation."""

from __future__ import annotations

import contextlib
import datetime as dt
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.load import load, parse

SHIPPED = Path(__file__).parents[3] / "rollback.toml"
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
WILD = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


def document() -> dict[str, Any]:
    """Return the shipped manifest as a document to spoil."""
    return tomllib.loads(SHIPPED.read_text())


def test_the_shipped_manifest_loads() -> None:
    """Four components in the procedure's start order, an RTO of 15 minutes."""
    system = load(SHIPPED).system

    assert [each.name for each in system.components] == ["gateway", "p2p", "agents", "rag"]
    assert system.about.rto == 900


Spoil = Callable[[dict[str, Any]], object]
SPOILT: dict[str, Spoil] = {
    "system.rott: unknown key; did you mean 'root'?": lambda d: d["system"].update(rott="/x"),
    "system.xyz: unknown key; known keys: name, root, roots, rto": lambda d: d["system"].update(
        xyz=1
    ),
    'database.restore: not known any more, expected return = "restore" where': lambda d: d[
        "database"
    ].update(restore=True),
    'database: found a table, expected return = "migrate" needs the commands': lambda d: d[
        "database"
    ].update({"return": "migrate"}),
    "database.migrate.component: missing, expected as whose account": lambda d: d[
        "database"
    ].update({"return": "migrate", "migrate": {"down": ["true"]}}),
    "database.migrate.component: found 'x', expected one of gateway": lambda d: d[
        "database"
    ].update({"return": "migrate", "migrate": {"down": ["true"], "component": "x"}}),
    'database: found a table, expected return = "migrate" is rehearsed on a copy': lambda d: (
        d.update(
            database={
                "name": "x",
                "dump": "/x",
                "engine": "mariadb",
                "return": "migrate",
                "migrate": {"down": ["true"], "component": "gateway"},
            }
        )
    ),
    "database.migrate.down: found an empty list, expected at least one": lambda d: d[
        "database"
    ].update({"return": "migrate", "migrate": {"down": []}}),
    "database.return: found 'x', expected 'keep', 'restore' or 'migrate'": lambda d: d[
        "database"
    ].update({"return": "x"}),
    "systems: unknown key; did you mean 'system'?": lambda d: d.update(systems={}),
    "components[1].file: unknown key; did you mean 'files'?": lambda d: d["components"][1].update(
        file=[]
    ),
    "components[0].constructs[0].lmit: unknown key; did you mean 'limit'?": lambda d: d[
        "components"
    ][0]["constructs"][0].update(lmit="1s"),
    "probes.query.boody: unknown key; did you mean 'body'?": lambda d: d["probes"]["query"].update(
        boody=""
    ),
    "probes.No Name: found 'No Name', expected a name": lambda d: d["probes"].update(
        {"No Name": {"tcp": "a:1"}}
    ),
    "system.rto: found 15, expected a duration": lambda d: d["system"].update(rto=15),
    "system.rto: found '15', expected a duration": lambda d: d["system"].update(rto="15"),
    "target.connection: found 'ssh://-oProxyCommand=x', expected local": lambda d: d[
        "target"
    ].update(connection="ssh://-oProxyCommand=x"),
    "target.connection: found 'podman://--help', expected local": lambda d: d["target"].update(
        connection="podman://--help"
    ),
    "target.connection: found 'ssh://ann@-x', expected local": lambda d: d["target"].update(
        connection="ssh://ann@-x"
    ),
    "system.secrets[0]: found '/opt/aivillage/.env', expected '.env': what is": lambda d: d[
        "system"
    ].update(secrets=["/opt/aivillage/.env"]),
    "system.root: found 'opt', expected an absolute": lambda d: d["system"].update(root="opt"),
    "system.root: found '', expected an absolute": lambda d: d["system"].update(root=""),
    "system.name: found 5, expected a text in quotes": lambda d: d["system"].update(name=5),
    "system.name: found '', expected a name of": lambda d: d["system"].update(name=""),
    "system.suffix: found '/bak', expected a suffix": lambda d: d["system"].update(suffix="/bak"),
    "system.state: found '/opt/aivillage/state', expected a directory that": lambda d: d[
        "system"
    ].update(state="/opt/aivillage/state"),
    "system.state: found '/opt', expected a directory that": lambda d: d["system"].update(
        state="/opt"
    ),
    "target: missing": lambda d: d.pop("target"),
    "target: found 'here', expected a table": lambda d: d.update(target="here"),
    "target.sudo: found 'yes', expected true or false": lambda d: d["target"].update(sudo="yes"),
    "target.connection: found 'server', expected local://": lambda d: d["target"].update(
        connection="server"
    ),
    "target.connection: found a password in it": lambda d: d["target"].update(
        connection="ssh://me:secret@host"
    ),
    "services.manager: found 'runit', expected 'systemd', 'supervisord' or 'compose'": lambda d: d[
        "services"
    ].update(manager="runit"),
    "configuration.files[0]: found '../etc/passwd', expected a path inside the root": lambda d: d[
        "configuration"
    ].update(files=["../etc/passwd"]),
    "configuration.files[0]: found 'a\\x00b', expected a path inside the root": lambda d: d[
        "configuration"
    ].update(files=["a\0b"]),
    "configuration.files[0]: found '', expected a path inside the root": lambda d: d[
        "configuration"
    ].update(files=[""]),
    "configuration.files: found 'config/.env', expected a list": lambda d: d[
        "configuration"
    ].update(files="config/.env"),
    "components: found a table, expected a list": lambda d: d.update(components={"name": "a"}),
    "components: found an empty list, expected at least one": lambda d: d.update(components=[]),
    "components: 2 have the unit 'aivillage-gateway'": lambda d: d["components"][1].update(
        unit="aivillage-gateway"
    ),
    "components[0].unit: found 'web:*:*', expected the name of a unit": lambda d: d["components"][
        0
    ].update(unit="web:*:*"),
    "components: 2 have the name 'gateway'": lambda d: d["components"][1].update(name="gateway"),
    "components[0].unit: found 'a b', expected the name of a unit": lambda d: d["components"][
        0
    ].update(unit="a b"),
    "components[0].listens[0]: found 70000, expected less than or equal to 65535": lambda d: d[
        "components"
    ][0].update(listens=[70000]),
    "components[0].constructs[0].call: found 'x', expected a call such as": lambda d: d[
        "components"
    ][0]["constructs"][0].update(call="x"),
    "components[0].health: found 'gateway', whose probe changes something": lambda d: d["probes"][
        "gateway"
    ].update(changes=True),
    "components[0]: there is no probe 'querry'; did you mean 'query'?": lambda d: d["components"][
        0
    ].update(requests=["querry"]),
    "probes.query: found tcp and url, expected exactly one of": lambda d: d["probes"][
        "query"
    ].update(tcp="localhost:1"),
    "probes.query: found none of them, expected exactly one of": lambda d: d["probes"]["query"].pop(
        "url"
    ),
    "probes.query.body: found '[', expected a regular expression": lambda d: d["probes"][
        "query"
    ].update(body="["),
    "waivers[0].component: there is no component 'gatway'; did you mean 'gateway'?": lambda d: (
        d.update(waivers=[waiver(component="gatway")])
    ),
    "waivers[0].criterion: found 'intact', expected the id of a criterion": lambda d: d.update(
        waivers=[waiver(criterion="intact")]
    ),
    "waivers[0].until: found 5, expected a date such as 2026-12-31": lambda d: d.update(
        waivers=[waiver(until=5)]
    ),
    "waivers[0].owner: found '', expected some text": lambda d: d.update(
        waivers=[waiver(owner="")]
    ),
}


def waiver(**different: object) -> dict[str, Any]:
    """Return a waiver that is right but for what is different."""
    right = {"criterion": "readiness.drill.recent", "owner": "ops", "reason": "first drill"}
    return {**right, "until": dt.date(2026, 12, 31), **different}


def complaints(spoiled: dict[str, Any]) -> tuple[str, ...]:
    """Return everything that is wrong with a document."""
    with pytest.raises(ManifestError) as caught:
        parse(spoiled, "rollback.toml")

    assert caught.value.exit_code == 4
    assert "docs/manifest.md" in caught.value.hint
    assert f"problems: {len(caught.value.findings)}" in caught.value.message
    return caught.value.findings


@pytest.mark.parametrize(("expected", "spoil"), SPOILT.items(), ids=range(len(SPOILT)))
def test_each_problem_names_its_key_and_what_was_expected(expected: str, spoil: Spoil) -> None:
    """One spoiled key gives a line with key, finding and expectation."""
    spoiled = document()
    spoil(spoiled)

    assert [line for line in complaints(spoiled) if line.startswith(expected)]


def test_a_waiver_that_is_right_is_taken() -> None:
    """The cases above are wrong for what they spoil alone."""
    assert parse(document() | {"waivers": [waiver(component="gateway")]}, "x").waivers


def test_all_problems_come_at_once() -> None:
    """A field's problem does not hide one between tables."""
    spoiled = document()
    spoiled["system"]["rto"] = 15
    spoiled["components"][0]["health"] = "no"
    spoiled["target"]["sudoo"] = True

    assert len(complaints(spoiled)) == 3


def test_an_empty_file_says_what_is_missing() -> None:
    """Four tables have to be there."""
    assert complaints({}) == (
        "system: missing",
        "target: missing",
        "components: missing",
        "probes: missing",
    )


@settings(max_examples=50, deadline=None, database=None)
@given(st.dictionaries(st.sampled_from([*document(), "x"]), WILD))
def test_no_document_gives_anything_but_an_answer(wild: dict[str, Any]) -> None:
    """Whatever stands in the tables: a system or a list of problems."""
    with contextlib.suppress(ManifestError):
        parse({**document(), **wild}, "x")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[system", 1),
        (b"[system]\nname = \n", 2),
        (b"[system]\n\nname = 'a'\nname = 'b'\n", 4),
        (b"[system]\nname = 'a\0b'\n", 2),
        (b"[system]\r\nname = '\xff'\r\n", 2),
        (b"\0", 1),
    ],
)
def test_a_broken_file_is_one_message(tmp_path: Path, content: bytes, line: int) -> None:
    """Syntax and encoding errors name the file and show the line."""
    path = tmp_path / "rollback.toml"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match="is not valid TOML") as caught:
        load(path)

    assert f"correct line {line} of {path}" in caught.value.hint
    assert caught.value.findings[0].startswith(f"line {line}: ")


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    """Some editors put it there."""
    path = tmp_path / "rollback.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SHIPPED.read_bytes())

    assert load(path).system.about.name == "aivillage"


@pytest.mark.parametrize("name", [".", "nowhere/rollback.toml", "a\0b"])
def test_what_is_no_file_is_one_message(tmp_path: Path, name: str) -> None:
    """A directory, a missing one, a name that is none."""
    with pytest.raises(ManifestError, match="cannot be read"):
        load(tmp_path / name)


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    """The hint names the option."""
    with pytest.raises(ManifestError) as caught:
        load(tmp_path / "nowhere.toml")

    assert "--rollback-target=" in caught.value.hint
