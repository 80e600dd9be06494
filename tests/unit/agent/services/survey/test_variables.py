"""Databases and secrets are told by name; a password stays on the host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.agent.configuration.units.definition import (
    TriedTree,
    UnitCommand,
    UnitDefinition,
)
from pytest_rollback.agent.configuration.units.manager import ManagerFacts
from pytest_rollback.agent.configuration.units.surroundings import derived
from pytest_rollback.agent.services.presence.survey import variables

SECRET = "s3cret/w0rd"  # noqa: S105 - none that opens anything


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("postgres://shop:s3cret@db:5433/sales", ("postgresql", "db", 5433, "sales", "shop")),
        ("postgresql+psycopg://shop@/sales", ("postgresql", "", 0, "sales", "shop")),
        ("postgres://s3cret word@db/sales", ("postgresql", "db", 0, "sales", "")),
        ("redis://:s3cret@cache:6379/0", ("redis", "cache", 6379, "0", "")),
        ("https://user:s3cret@example.org/", None),
        ("postgres://shop:s3cret@db:port/sales", ("postgresql", "", 0, "", "")),
        ("postgres://shop:1234/s3cret@db/sales", ("postgresql", "", 0, "", "")),
        ("postgres://shop:s3cret@1234@db/sales", ("postgresql", "", 0, "", "")),
    ],
)
def test_an_address_is_told_without_its_password(value: str, told: tuple[object, ...]) -> None:
    """One with odd characters is left out: it may hold a part of it."""
    found = [each[2:] for each in variables.databases("here", {"URL": value})]

    assert found == ([told] if told else [])
    assert "s3cret" not in json.dumps(found)


@pytest.mark.parametrize("exports", [True, False])
def test_a_file_that_a_start_script_reads_is_told_as_such(tmp_path: Path, *, exports: bool) -> None:
    """And whether all of its variables are handed on."""
    script, file = tmp_path / "start.sh", tmp_path / "shop.env"
    file.write_text("SHOP_PORT=80\n")
    script.write_text(f"#!/bin/sh\n{'set -a' if exports else ''}\n. {file}\nexec sleep 300\n")
    script.chmod(0o755)
    unit = UnitDefinition("shop.service", commands=(UnitCommand("ExecStart", (str(script),)),))
    about = derived(ManagerFacts("systemd", "/", {}), unit, TriedTree((), "/"))
    (found,), _ = variables.seen(about, 0, [])

    assert (found.path, found.by_script, found.exported) == (str(file), True, exports)


def test_files_are_found_with_the_names_of_their_secrets(tmp_path: Path) -> None:
    """Those in usual places, and what a process has; no value is in the answer."""
    (tmp_path / ".env").write_text(f"SHOP_TOKEN={SECRET}\nPORT=80\nAT=http://a:{SECRET}@b/\n")
    environment = {**os.environ, "PGDATABASE": "shop", "PGUSER": "till", "PGPASSWORD": SECRET}
    with subprocess.Popen(
        [sys.executable, "-c", "print(flush=True); input()"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        files, databases = variables.seen(None, process.pid, [str(tmp_path)])
        process.kill()

    assert [(each.path, each.secrets) for each in files] == [
        (str(tmp_path / ".env"), ("AT", "SHOP_TOKEN"))
    ]
    assert [each[2:] for each in databases] == [("postgresql", "", 0, "shop", "till")]
    assert SECRET not in json.dumps([files, databases])
