"""The places where the same cases run: this machine directly, and through an sshd of our own."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollback.connection import Connection
from rollback.model import System
from tests.contract.daemon import Sshd


def system(connection: str, root: str = "/tmp", **target: object) -> System:  # noqa: S108 - a name
    """Return a small system at a target."""
    return System.model_validate(
        {
            "system": {
                "name": "shop",
                "root": root,
                "state": "/var/lib/shop",
                "secrets": (".env",),
            },
            "target": {"name": "here", "connection": connection, **target},
            "components": (
                {"name": "web", "unit": "shop-web", "health": "web", "log": "/var/log/shop.log"},
            ),
            "probes": {"web": {"command": ("/bin/true",)}},
        }
    )


@pytest.fixture(scope="session")
def sshd() -> Iterator[Sshd]:
    """An sshd on loopback, with keys that were made for this session."""
    with Sshd(Path(tempfile.mkdtemp(prefix="sshd-"))) as daemon:
        yield daemon


@pytest.fixture(params=["local", "ssh"])
def url(request: pytest.FixtureRequest) -> str:
    """How this machine is reached, in each of the ways."""
    return "local://" if request.param == "local" else request.getfixturevalue("sshd").url


@pytest.fixture
def connection(url: str, tmp_path: Path) -> Iterator[Connection]:
    """A connection to this machine, closed at the end."""
    connection = Connection(system(url, str(tmp_path)))
    yield connection
    connection.close()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that stands first on PATH, here and for what the sshd starts."""
    place = Path(tempfile.mkdtemp(prefix="tools-"))
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    yield place
    shutil.rmtree(place)


def tool(place: Path, name: str, script: str) -> Path:
    """Write a program into a directory."""
    path = place / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
