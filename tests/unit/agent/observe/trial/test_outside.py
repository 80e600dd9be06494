"""What a unit runs and reads outside of the root: a rollback leaves it as the deploy made it."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.configuration.units.definition import EnvironmentFile, UnitDefinition
from pytest_rollback.agent.configuration.units.manager import ManagerFacts
from pytest_rollback.agent.configuration.units.program import Program
from pytest_rollback.agent.configuration.units.sources import Installed
from pytest_rollback.agent.configuration.units.surroundings import Surroundings
from pytest_rollback.agent.observe.trial.components import Units, left_over, outside


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A root, and beside it a start script with the variables that it reads."""
    for name in ("srv/app/run.py", "opt/start.sh", "etc/app.env", "etc/app.more"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
    return tmp_path


def surroundings(host: Path) -> Surroundings:
    """Return how a unit runs whose start script lies outside of the root."""
    program = Program(
        interpreter="/usr/bin/python3",
        files=(f"{host}/opt/start.sh", "/bin/sh", f"{host}/srv/app/run.py", "run.py"),
        sourced=(f"{host}/etc/app.more",),
    )
    variables = (EnvironmentFile(f"{host}/etc/app.env"),)
    unit = UnitDefinition("app", environment_files=variables)
    return Surroundings(unit, "", str(host), program, {}, (), ())


def test_scripts_and_variables_beside_the_root_are_known(host: Path) -> None:
    """But not what packages of the system bring, and what a rollback restores anyway."""
    named = outside(surroundings(host), [f"{host}/srv/app"])

    assert named == [f"{host}/{name}" for name in ("opt/start.sh", "etc/app.more", "etc/app.env")]


@pytest.mark.parametrize("name", ["opt/start.sh", "etc/app.more", "etc/app.env"])
def test_what_the_deploy_changed_there_would_stay(host: Path, name: str) -> None:
    """It was changed after the set was saved: the previous release would start with it."""
    time.sleep(0.02)
    saved = dt.datetime.now(dt.UTC).isoformat()
    units = Units(ManagerFacts("supervisord", "", {}), Installed(), Installed(), saved)
    named = outside(surroundings(host), [f"{host}/srv/app"])
    assert left_over(units, "app", named, [f"{host}/srv/app"]) == ()

    time.sleep(0.02)
    (host / name).write_text("#!/bin/sh\nexport PORT=1\n")
    assert left_over(units, "app", named, [f"{host}/srv/app"]) == (f"{host}/{name}",)
