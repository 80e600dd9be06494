"""The places where the same cases run: this machine, directly and over ssh, and a whole host."""

from __future__ import annotations

import getpass
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine.podman import usable
from pytest_rollback.manifest.model import System
from pytest_rollback.transport.connection import Connection
from tests.contract.daemon import Sshd
from tests.contract.machine import IMAGE, Bare


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


INVENTORY = """
all:
  hosts:
    here:
      ansible_host: 127.0.0.1
      ansible_port: {port}
      ansible_user: {user}
      ansible_ssh_common_args: -F {home}/config
      ansible_control_path_dir: {home}/cp
      ansible_ssh_retries: 3
    mute: {{ansible_host: 127.0.0.1, ansible_ssh_common_args: -o ProxyCommand="sleep 600"}}
    gone: {{ansible_host: 127.0.0.1, ansible_port: 1}}
    behind: {{ansible_connection: local}}
  children:
    group: {{hosts: {{here: }}}}
"""


class Place(NamedTuple):
    """A host: how it is reached, and what runs Python there."""

    url: str
    python: str


@pytest.fixture(scope="session")
def shared() -> Iterator[Path]:
    """A folder that has the same path here and on the whole host."""
    folder = Path(tempfile.mkdtemp(prefix="contract-", dir="/var/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def bare(shared: Path) -> Iterator[Bare]:
    """A whole host with nothing on it, where there is an image of one."""
    try:
        usable()
    except Unreachable as lacking:
        pytest.skip(f"not run: {lacking.message}; {lacking.hint}")
    if not IMAGE.there:
        pytest.skip("not run: the image is not built; scripts/dev/build_machine")
    with Bare(shared) as host:
        yield host


@pytest.fixture(scope="session")
def inventory(sshd: Sshd) -> Path:
    """An inventory of Ansible: `here` is this machine over ssh."""
    if not shutil.which("ansible-playbook"):
        pytest.skip("not run: apt-get install ansible-core, for hosts that Ansible reaches")
    path = sshd.home / "hosts.yml"
    path.write_text(INVENTORY.format(user=getpass.getuser(), port=sshd.port, home=sshd.home))
    return path


@pytest.fixture(params=["local", "ssh", "ansible", "podman", "machine"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each host in each of the ways."""
    if request.param == "local":
        return Place("local://", sys.executable)
    if request.param == "ssh":
        return Place(request.getfixturevalue("sshd").url, sys.executable)
    if request.param == "ansible":
        inventory: Path = request.getfixturevalue("inventory")
        return Place(f"ansible://here?ansible_inventory={inventory}", sys.executable)
    host: Bare = request.getfixturevalue("bare")
    return Place(host.url if request.param == "machine" else host.engine_url, "/usr/bin/python3")


@pytest.fixture(params=["ssh", "machine"])
def daemon(request: pytest.FixtureRequest) -> Sshd | Bare:
    """Each host that is reached over the network."""
    found: Sshd | Bare = request.getfixturevalue("sshd" if request.param == "ssh" else "bare")
    return found


@pytest.fixture
def url(place: Place) -> str:
    """How it is reached."""
    return place.url


@pytest.fixture
def here(shared: Path) -> Path:
    """A folder of the test's own, at the same path on every host."""
    return Path(tempfile.mkdtemp(dir=shared))


@pytest.fixture
def connection(url: str, here: Path) -> Iterator[Connection]:
    """A connection to the host, closed at the end."""
    connection = Connection(system(url, str(here)))
    yield connection
    connection.close()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, shared: Path) -> Iterator[Path]:
    """A directory that stands first on PATH, here and for what the sshd starts."""
    place = Path(tempfile.mkdtemp(prefix="tools-", dir=shared))
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")
    yield place
    shutil.rmtree(place)


def tool(place: Path, name: str, script: str) -> Path:
    """Write a program into a directory."""
    path = place / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
