"""The sandbox of images without an engine: its compose file, its programs, and what it needs."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from pytest_rollback.errors import ManifestError, Unreachable, UsageError
from pytest_rollback.extras.sandbox.common.layout import Layout
from pytest_rollback.extras.sandbox.common.recipe import Recipe
from pytest_rollback.extras.sandbox.common.release import ReleaseFiles, listed
from pytest_rollback.extras.sandbox.local.images import ImagesSite, digest
from pytest_rollback.extras.sandbox.local.project import ContainerLook
from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.extras.sandbox.local.supervisord import Manager
from pytest_rollback.manifest.release import IMAGES

VILLAGE = Path(__file__).parents[4] / "fixtures/village"
NAMES = ("database", "edge", "gateway", "p2p", "mesh", "relay", "agents", "rag")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImagesSite:
    """The parts of a sandbox of which nothing is started; its engine is a program of ours."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("podman", "podman-compose"):
        (programs / name).write_text('#!/bin/sh\necho "$CONTAINERS_CONF" "$@"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    layout = Layout(tmp_path / "s")
    layout.directory.mkdir()
    layout.create()
    ports = {name: 17000 + number for number, name in enumerate(NAMES)}
    return ImagesSite(layout, Recipe.read(VILLAGE, strategy=IMAGES), ports, Manager(layout))


def first() -> ReleaseFiles:
    """Return the previous release as it lies in the repository."""
    source = VILLAGE / "releases/previous"
    return ReleaseFiles("1.4.0", source, listed(source))


def test_a_compose_file_names_the_image_and_what_unit_files_start(site: ImagesSite) -> None:
    """Its tag is the release; variables and a file of the configuration are those of the root."""
    site.layout.releases.mkdir()
    tree = site.tree("1.4.0", "", first())
    assert not {*listed(tree)} & {*site.outside}
    assert site.release() == ""
    site.name(site.project.tag("1.4.0"), tree)

    found = yaml.safe_load(site.project.file.read_text())
    assert site.release() == "1.4.0"
    assert found["name"] == site.project.name
    assert set(found["services"]) == {each.unit for each in site.components}
    rag = found["services"]["aivillage-rag"]
    assert rag["command"][1:] == ["-m", "core.rag.hyper_rag"]
    assert rag["image"] == f"localhost/{site.project.name}/village:1.4.0"
    assert rag["env_file"] in site.outside


def test_a_scenario_has_another_image_of_the_same_release(site: ImagesSite) -> None:
    """By what is in it, so that the same scenario is the same image."""
    site.layout.releases.mkdir()
    tree = site.tree("1.4.0", "", first())
    before = digest(tree)
    (tree / "core/p2p/mesh_protocol.py").write_text("")
    site.name(site.project.tag("1.4.0", digest(tree)), tree)

    assert digest(tree) != before
    assert site.release() == "1.4.0"


def test_a_release_without_a_unit_file_or_with_an_odd_name_is_refused(site: ImagesSite) -> None:
    """With what to write."""
    with pytest.raises(ManifestError, match="has no ExecStart") as caught:
        site.starts(site.layout.root, "aivillage-rag")
    assert "add config/systemd/aivillage-rag.service" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="cannot be called 'two words'"):
        site.install(ReleaseFiles("two words", site.layout.root, ()), "")


@pytest.mark.parametrize("limit", [20000, resource.RLIM_INFINITY])
def test_what_is_started_with_its_python_finds_its_engine(
    site: ImagesSite, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Containers get no more files than this host lets us have."""
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (limit, limit))
    site.project.install()
    code = "import subprocess; print(subprocess.check_output(['podman', 'ps'], text=True))"
    found = subprocess.check_output([site.layout.bin / "python", "-c", code], text=True)
    settings = site.layout.bin / "containers.conf"

    assert found.split()[-1] == "ps"
    assert (str(settings) in found) == settings.exists() == (limit == 20000)
    if settings.exists():
        assert 'nofile=10000:10000"' in settings.read_text()


def test_without_an_engine_or_its_compose_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: ImagesSite
) -> None:
    """Both hints are commands."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    (tmp_path / "programs/podman-compose").unlink()
    with pytest.raises(Unreachable, match="needs podman-compose") as caught:
        site.project.install()
    assert caught.value.hint == f"{tmp_path}/python3 -m pip install podman-compose"

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="the sandbox of images needs podman, "):
        Embedded(VILLAGE, IMAGES).up()
    assert not list(tmp_path.glob("rollback-sandbox-*"))


def test_a_container_that_is_restarted_does_not_stay_up() -> None:
    """It runs most of the time."""
    found = ContainerLook.read({"State": {"Status": "running"}, "RestartCount": 2})

    assert (found.stays, found.words) == (False, "running, 2 restarts")
    assert ContainerLook("running", 0).stays
