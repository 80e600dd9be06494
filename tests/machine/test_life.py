"""A machine is put back and ends, nothing of it is left; who cannot have one is told how to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.extras.sandbox.machine.podman import exists
from pytest_rollback.extras.sandbox.machine.sandbox import Machine
from tests.machine.host import FOLDER, Host
from tests.plugin.operator import REPOSITORY

LEFT_BEHIND = f"""
import os
from pathlib import Path
from pytest_rollback.extras.sandbox.machine.sandbox import Machine
machine = Machine(Path({str(FOLDER)!r}))
machine.up()
print(machine.inside.container.name, machine.directory, flush=True)
os.kill(os.getpid(), 9)
"""


def test_it_is_put_back_from_ruins(altered: Host) -> None:
    """Whatever happened to it, a reset is what was healthy after the last deploy, in seconds."""
    altered.run(
        "rm", "-rf", "/opt/aivillage", "/var/lib/postgresql", "/etc/nginx", "/bin/systemctl"
    )
    altered.machine.reset()

    assert altered.run("cat", "/opt/aivillage/VERSION") == "1.5.0"
    assert altered.machine.status().healthy


def test_it_is_put_back_when_it_is_gone(altered: Host) -> None:
    """A container that somebody removed comes back as well."""
    altered.machine.inside.container.end()
    assert not altered.machine.running
    altered.machine.reset()

    assert altered.machine.running


def test_who_dies_leaves_a_machine_that_the_next_one_removes(host: Host) -> None:
    """Neither container nor snapshot nor directory with keys outlives the next start."""
    done = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND], capture_output=True, text=True, check=False
    )
    name, directory = done.stdout.splitlines()[-1].split()
    assert Path(directory, "key").exists()
    swept = Machine.sweep()

    assert swept == [Path(directory)]
    assert host.machine.running
    assert not exists("container", name)
    assert not exists("image", f"localhost/{name}:kept")
    assert not Path(directory).exists()


@pytest.fixture
def without(tmp_path: Path) -> dict[str, str]:
    """An environment without a container engine."""
    for tool in ("git", "env", "bash"):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    return {**os.environ, "PATH": str(tmp_path)}


@pytest.mark.parametrize(
    "command",
    [
        ("scripts/dev/build_machine",),
        ("scripts/rollback", "sandbox", "up", "--machine"),
        ("-m", "pytest", "suites/readiness", "--rollback-target=machine"),
    ],
)
def test_without_an_engine_one_message_says_how_to_get_one(
    without: dict[str, str], command: tuple[str, ...]
) -> None:
    """Exit code 7, what is missing, and the exact command; no traceback."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env=without,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr

    assert done.returncode == 7, said
    assert "needs podman, which is not installed" in said
    assert "HINT: apt-get install podman runc" in said
    assert "Traceback" not in said
