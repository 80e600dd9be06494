"""Links that a deploy switches, told from links that only lead somewhere else."""

from __future__ import annotations

import shutil
import sys
import venv
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.services.survey import SwitchedLink
from pytest_rollback.agent.services.presence.survey import switched


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A directory with two releases side by side."""
    for name in ("1", "2"):
        (tmp_path / "shop/releases" / name / "bin").mkdir(parents=True)
    return tmp_path / "shop"


def links(place: Path) -> list[tuple[str, str, int]]:
    """Return the links on the way to a place: where each is, where it leads, how many there are."""
    return [(each.link, each.place, each.releases) for each in switched.links([str(place)])]


def test_a_link_is_known_by_its_name_or_by_where_it_leads(shop: Path) -> None:
    """`current` anywhere; another name where releases are side by side."""
    wanted = (str(shop / "releases/2"), 2)
    for name in ("current", "app"):
        (shop / name).symlink_to("releases/2")
        assert links(shop / name / "bin") == [(str(shop / name), *wanted)]


def test_a_link_is_known_by_the_log_of_a_deploy_tool(shop: Path) -> None:
    """Capistrano and Deployer leave one beside it; without one the name says nothing."""
    (shop / "releases").rename(shop / "x")
    (shop / "web").symlink_to("x/2")
    assert links(shop / "web") == []

    (shop / "revisions.log").write_text("")
    assert links(shop / "web") == [(str(shop / "web"), str(shop / "x/2"), 2)]


def test_other_links_are_none(shop: Path) -> None:
    """To a file, to nothing, and a whole system that lies on another disk."""
    (shop / "current").symlink_to("nowhere")
    (shop.parent / "elsewhere").symlink_to("shop")
    (shop / "live").symlink_to(__file__)

    for name in ("current", "live"):
        assert links(shop / name) == []
    assert links(shop.parent / "elsewhere/releases/1") == []


def live(shop: Path, name: str) -> SwitchedLink:
    """Return the link to a release that is live."""
    (shop / "current").symlink_to(f"releases/{name}")
    (found,) = switched.links([str(shop / "current/bin")])
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment as Python makes it, with a script as pip writes it."""
    place = tmp_path_factory.mktemp("made") / "env"
    venv.create(place, symlinks=True)
    (place / "bin/shop-serve").write_text(f"#!{place}/bin/python3\nprint()\n")
    return place


def put(environment: Path, place: Path, runs: Path) -> None:
    """Copy an environment to a place; its script begins with the interpreter of another one."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(environment, place, symlinks=True)
    (place / "bin/shop-serve").write_text(f"#!{runs}/bin/python3\nprint()\n")
    (place / "bin/tool").write_text("#!/usr/bin/python3\n")


@pytest.mark.parametrize("inside", [".", "venv"])
def test_a_virtual_environment_behind_a_link_is_known(
    shop: Path, environment: Path, inside: str
) -> None:
    """The release itself, or a directory in it; its scripts run it."""
    place = shop / "releases/2" / inside
    put(environment, place, place)
    found = live(shop, "2")
    assert (found.environment, found.astray) == (inside, "")


def test_a_release_without_an_environment(shop: Path) -> None:
    """A script of the host's own Python says nothing of one."""
    (shop / "releases/2/bin/serve").write_text(f"#!{sys.executable}\n")
    found = live(shop, "2")
    assert (found.environment, found.astray) == ("", "")


def test_scripts_that_run_another_environment_are_told(shop: Path, environment: Path) -> None:
    """Made by way of the link, or moved: after a rollback they would run what is not meant."""
    place = shop / "releases/2"
    put(environment, place, shop / "current")
    assert "it runs whichever release is live" in live(shop, "2").astray
    (shop / "current").unlink()
    put(environment, place, shop / "releases/1")
    found = live(shop, "2")
    assert found.astray.startswith(f"{place}/bin/shop-serve begins with {shop}/releases/1/bin")
