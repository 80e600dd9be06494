"""Databases and secrets are told by name; a password stays on the host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
