"""The sandbox of images: a bad image and a bad file are rolled back, and nothing is left of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.local.images import ImagesSite
from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.extras.sandbox.machine.podman import podman, usable
from pytest_rollback.manifest.release import IMAGES
from tests.plugin.commanded import BUSY
from tests.plugin.operator import REPOSITORY
from tests.plugin.village import Village

UP = """
import os, pathlib, signal, sys
from pytest_rollback.extras.sandbox.local.sandbox import Embedded

sandbox = Embedded(pathlib.Path("fixtures/village"), "images").up()
print(sandbox.directory, sandbox.site.project.name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
"""A process that is killed while its sandbox is up."""


@pytest.fixture(scope="module")
def engine() -> None:
    """This host's own engine, which can start containers."""
    try:
        usable()
    except Unreachable as lacking:
        pytest.skip(f"not run: {lacking.message}; {lacking.hint}")


@pytest.fixture
def village(engine: None) -> Iterator[Village]:
    """The village of images, deployed and healthy."""
    del engine
    village = Village(IMAGES)
    village.describe(waivers=BUSY)
    yield village
    village.down()


def images(village: Village) -> set[str]:
    """Return the images that run, by their repositories and tags without the sandbox's name."""
    site = village.embedded.site
    assert isinstance(site, ImagesSite)
    mine = f"label=io.podman.compose.project={site.project.name}"
    said = podman("ps", "--filter", mine, "--format", "{{.Image}}").decode()
    return {each.rpartition("/")[2] for each in said.split()}


def left(project: str) -> list[str]:
    """Return what the engine has of a sandbox: containers, pods, images, networks."""
    of_project = f"label=io.podman.compose.project={project}"
    listed = (
        podman("ps", "--all", "--quiet", "--filter", of_project),
        podman("pod", "ps", "--quiet", "--filter", f"name={project}"),
        podman("images", "--all", "--quiet", "--filter", f"label=rollback.sandbox={project}"),
        podman("network", "ls", "--quiet", "--filter", f"name={project}"),
    )
    return [line for each in listed for line in each.decode().split()]


def test_a_bad_image_and_a_bad_file_are_rolled_back_and_undone(village: Village) -> None:
    """An image that answers wrongly, and back to it; then wrong variables of the project."""
    site = village.embedded.site
    village.embedded.break_("degraded")
    (bad,) = images(village)
    assert bad != "village:1.5.0"
    code, printed = village.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert (images(village), site.release()) == ({"village:1.4.0"}, "1.4.0")

    code, printed = village.rollback("undo", str(village.record()["run"]), "--arm=sandbox")
    assert code == 0, printed
    assert (images(village), site.release()) == ({bad}, "1.5.0")

    village.embedded.reset()
    village.embedded.break_("wrong-env")
    assert images(village) == {"village:1.5.0"}
    code, printed = village.arm("suites/drill")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert images(village) == {"village:1.4.0"}


def test_what_a_killed_process_left_is_swept(engine: None) -> None:
    """Its containers, its pod, its images and its directory."""
    del engine
    done = subprocess.run(
        [sys.executable, "-c", UP], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    directory, project = done.stdout.split()[-2:]
    assert left(project), done.stderr
    assert Path(directory) in Embedded.sweep()

    assert left(project) == []
    assert not Path(directory).exists()
