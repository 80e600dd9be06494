"""Which containers a unit of systemd runs: by its processes, a label, or the name it was given."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.services.systemd_parts import files_of
from pytest_rollback.agent.system.containers import unit_containers
from pytest_rollback.agent.system.containers.container import EngineContainer
from pytest_rollback.agent.system.containers.images import is_named, pinned
from pytest_rollback.agent.system.containers.unit_containers import UnitMembers

DIGEST = "sha256:" + "9b" * 32
SHELL = shutil.which("bash") or "/bin/bash"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[int]:
    """A process whose program is called podman, and which was told to run a container."""
    program = tmp_path / "podman"
    shutil.copy(SHELL, program)
    words = ["run", "--rm", "--name", "shop-web", "image"]
    process = subprocess.Popen([program, "-c", "read line; true", *words], stdin=subprocess.PIPE)
    told = Path(f"/proc/{process.pid}/cmdline")
    while not told.read_bytes():  # for a moment after its start it has no words yet
        time.sleep(0.01)
    yield process.pid
    process.kill()
    process.communicate()


def members(pid: int) -> UnitMembers:
    """Return a unit that has one process."""
    return UnitMembers("web.service", pid, frozenset([pid]))


def test_a_container_is_of_who_asked_for_its_name(engine: int) -> None:
    """One with the label of another unit is not, whatever it is called."""
    mine = EngineContainer("c1", "shop-web", pid=1)
    labelled = EngineContainer("c2", "x", unit="web.service")
    others = [
        EngineContainer("c3", "shop-web", unit="old.service"),
        EngineContainer("c4", "shop"),
        EngineContainer("c5", "image"),
        EngineContainer("c6", "", pid=0, monitor=0),
    ]

    assert unit_containers.of(members(engine), [mine, labelled, *others]) == [mine, labelled]
    assert unit_containers.engine_of([engine]) == unit_containers.Engine("podman")


def test_a_container_is_of_the_group_that_it_or_its_monitor_is_in() -> None:
    """As quadlets have it; a unit without a process has what bears its label."""
    pid = os.getpid()
    watched = EngineContainer("c1", "a", pid=1, monitor=pid)
    inside = EngineContainer("c2", "b", pid=pid)

    assert unit_containers.of(members(pid), [watched, inside]) == [watched, inside]
    assert unit_containers.engine_of([pid]) is None
    down = UnitMembers("web.service", 0, frozenset())
    left = EngineContainer("c3", "c", unit="web.service")
    assert unit_containers.of(down, [watched, inside, left]) == [left]


def test_the_members_of_a_unit_are_those_of_its_control_group() -> None:
    """A unit that is down has none."""
    found = unit_containers.members({"web.service": os.getpid(), "down.service": 0})

    assert os.getpid() in found["web.service"].pids
    assert not found["down.service"].pids


@pytest.mark.parametrize(
    ("text", "reference", "expected"),
    [
        (f"Image=example.org/web@{DIGEST}\n", f"example.org/web@{DIGEST}", True),
        ("Image=example.org/web:1\n", f"example.org/web@{DIGEST}", False),
        ("ExecStart=podman run --name web example.org/web:1 serve", "example.org/web:1", True),
        ("ExecStart=podman run web serve", "docker.io/library/web:latest", True),
        ("ExecStart=podman run web:10 serve", "example.org/web:1", False),
        ('IMAGE="web:1"', "example.org/web:1", True),
    ],
)
def test_a_file_names_an_image(text: str, reference: str, *, expected: bool) -> None:
    """By the digest where the container has it by that."""
    assert is_named(text, reference) is expected


def test_what_to_write_for_a_tag() -> None:
    """The registry's port is no tag."""
    assert pinned("example.org:5000/web:1", (DIGEST,)) == f"example.org:5000/web@{DIGEST}"
    assert pinned("web:1", ()) == ""


def test_what_a_generator_writes_is_no_file_of_a_unit() -> None:
    """It is younger than each process after the next reload; what it was made of is the file."""
    made = {
        "FragmentPath": "/run/systemd/generator/web.service",
        "SourcePath": "/etc/containers/systemd/web.container",
    }
    assert files_of(made) == ["/etc/containers/systemd/web.container"]
    assert files_of({**made, "SourcePath": ""}) == ["/run/systemd/generator/web.service"]
    assert files_of({**made, "FragmentPath": "/etc/x.service"})[0] == "/etc/x.service"
