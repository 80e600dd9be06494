"""Unit files and environment files in real forms: read as systemd and supervisord read them."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from pytest_rollback.agent.configuration import env_file
from pytest_rollback.agent.configuration.units import supervisord, systemd, verify
from pytest_rollback.agent.configuration.units.definition import UnitDefinition
from pytest_rollback.agent.configuration.units.sources import Installed

HERE = Path(__file__).parent
GENERATOR = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")
"""systemd's own reader of environment files, which prints what it has read."""


def forms(path: str) -> list[Any]:
    """Return the forms of one file, each under its name."""
    found = tomllib.loads((HERE / path).read_text(encoding="utf-8"))["form"]
    return [pytest.param(form, id=form["name"]) for form in found]


def summary(found: UnitDefinition, like: dict[str, Any]) -> dict[str, Any]:
    """Return of a definition what a form tells."""
    files = [f"{'-' if file.optional else ''}{file.path}" for file in found.environment_files]
    known = {
        "program": list(found.main.argv) if found.main else [],
        "groups": list(found.groups),
        "environment": dict(found.environment),
        "environment_files": files,
        **{key: getattr(found, key) for key in ("user", "group", "directory", "log")},
    }
    return {key: known[key] for key in like}


@pytest.mark.parametrize("form", forms("units/systemd.toml"))
def test_a_unit_of_systemd(form: dict[str, Any], tmp_path: Path) -> None:
    """What is read, and whether systemd would start the unit: it is asked as well."""
    unit = form.get("unit", "form.service")
    texts = [form["text"], *form.get("drop_ins", ())]
    found = systemd.defined(unit, [systemd.UnitFile(f"/etc/{n}", t) for n, t in enumerate(texts)])

    assert bool(found.faults) == form.get("refused", False), found.faults
    assert summary(found, form.get("reads", {})) == form.get("reads", {})
    if shutil.which("systemd-analyze") and "@" not in unit:
        path = tmp_path / unit
        path.write_text(form["text"], encoding="utf-8")
        said = verify.analysed("systemd-analyze", {unit: path.read_bytes()})
        assert bool(said) == form.get("refused", False), said


def options_of(main: Path) -> Any:  # noqa: ANN401 - supervisor has no types
    """Return what supervisord itself reads, as its groups of processes."""
    options = ServerOptions()
    options.configfile = str(main)
    options.here = str(main.parent)
    options.environ_expansions = {"ENV_SHOP": "corner"}
    return options.read_config(str(main)).process_group_configs


@pytest.mark.parametrize("form", forms("units/supervisord.toml"))
def test_a_program_of_supervisord(form: dict[str, Any], tmp_path: Path) -> None:
    """What is read equals what supervisord reads, or both refuse it."""
    main, unit = tmp_path / "main.conf", form["unit"]
    (tmp_path / "one.conf").write_text(form["text"])
    main.write_text("[supervisord]\nnodaemon=true\n[include]\nfiles=one.conf\n")
    if form.get("alone"):
        main.write_text(form["text"])
    variables = {"SHOP": "corner"}

    def read() -> UnitDefinition:
        found = supervisord.read(str(main), Installed().text, Installed().listed, variables)
        return supervisord.defined(unit, found, variables)

    if form.get("refused"):
        with pytest.raises(supervisord.NotTaken):
            read()
        with pytest.raises((ValueError, configparser.Error)):
            options_of(main)
        return
    expected = {key: placed(value, tmp_path) for key, value in form["reads"].items()}
    assert summary(read(), expected) == expected
    group, _, process = unit.partition(":")
    (real,) = [
        one
        for each in options_of(main)
        for one in each.process_configs
        if (each.name, one.name) == (group, process or group)
    ]
    mine = summary(read(), dict.fromkeys(("program", "environment", "directory"), ""))
    assert mine == {
        "program": shlex.split(real.command),
        "environment": real.environment,
        "directory": real.directory or "",
    }


def placed(value: Any, here: Path) -> Any:  # noqa: ANN401 - as the form has it
    """Return what a form tells with the directory of its files."""
    if isinstance(value, list):
        return [placed(one, here) for one in value]
    return value.replace("{here}", str(here)) if isinstance(value, str) else value


@pytest.mark.parametrize("form", forms("environment/forms.toml"))
def test_an_environment_file(form: dict[str, Any], tmp_path: Path) -> None:
    """What systemd sets, by our reader and by its own; what a shell does; what sets nothing."""
    found = env_file.systemd(form["text"])

    assert {one.key: one.value for one in found if one.key} == form["systemd"]
    assert len([one for one in found if one.warning]) == form.get("ignored", 0)
    assert any(one.problem for one in found) == form.get("broken", False)
    if "shell" in form:
        lenient = list(env_file.entries(form["text"]))
        assert {one.key: one.value for one in lenient} == form["shell"]
    if GENERATOR.exists() and not form.get("broken"):
        own = {key: value for key, value in form["systemd"].items() if value}
        assert by_systemd(form["text"], tmp_path) == own  # this reader leaves out what is empty


def by_systemd(text: str, place: Path) -> dict[str, str]:
    """Return what systemd's own reader makes of a file; it escapes as C does, and quotes."""
    (place / "environment.d").mkdir()
    (place / "environment.d/form.conf").write_text(text, encoding="utf-8", newline="")
    done = subprocess.run(
        [GENERATOR],
        env={**os.environ, "XDG_CONFIG_HOME": str(place)},
        check=True,
        capture_output=True,
        text=True,
    )
    found = {}
    for line in done.stdout.split("\n"):
        key, mark, value = line.partition("=")
        if mark and key != "QT_ACCESSIBILITY":
            found[key] = unquoted(value)
    return found


def unquoted(value: str) -> str:
    """Return a value as it was before it was printed for a shell."""
    if value.startswith("$'") or (value.startswith('"') and value.endswith('"')):
        value = value[2:-1] if value.startswith("$'") else value[1:-1]
        escapes = {"n": "\n", "t": "\t", "f": "\f", "r": "\r"}
        return re.sub(r"\\(.)", lambda one: escapes.get(one[1], one[1]), value)
    return value
