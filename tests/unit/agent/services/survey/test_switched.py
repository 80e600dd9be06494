"""Links that a deploy switches, told from links that only lead somewhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

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
