"""Units of one host are put together to systems, and named."""

from __future__ import annotations

import pytest

from pytest_rollback.cli.init.candidates import candidates
from pytest_rollback.cli.init.components import named, parts
from tests.unit.cli.init.hosts import survey, unit


def test_units_of_one_directory_of_systems_are_one_system() -> None:
    """The root is what they have in common, the name what their names begin with."""
    (found,) = candidates(
        survey(unit("shop-web", "/srv/shop/web"), unit("shop-api", "/srv/shop/api"))
    )

    assert (found.root, found.name) == ("/srv/shop", "shop")
    assert found.seen == "what /srv/shop/api, /srv/shop/web have in common"


def test_two_systems_are_two_candidates() -> None:
    """The one with most units first."""
    found = candidates(
        survey(
            unit("mail", "/opt/mail"), unit("shop-web", "/srv/shop"), unit("shop-api", "/srv/shop")
        )
    )

    assert [each.root for each in found] == ["/srv/shop", "/opt/mail"]


def test_a_working_tree_is_the_root() -> None:
    """Of units in places that hold no systems as well, such as a home."""
    (found,) = candidates(
        survey(unit("till", "/x/y/till/run"), unit("web", "/x/y/web"), tops=("/x/y",))
    )

    assert (found.root, found.checkout and found.checkout.top) == ("/x/y", "/x/y")


def test_what_is_given_is_the_root() -> None:
    """Whatever else shows."""
    (found,) = candidates(survey(unit("till", "/srv/shop/till/run")), "/srv/shop/till")

    assert (found.root, found.name, found.seen) == ("/srv/shop/till", "till", "--root")


def test_what_has_to_be_up_first_comes_first() -> None:
    """By dependencies before ports; where these make a circle, somebody begins."""
    web = unit("shop-web", "/srv/shop", ports=(80,), after=("shop-api", "postgresql"))
    api = unit("shop-api", "/srv/shop", ports=(8080,))
    (found,) = candidates(survey(web, api))
    assert [(each.name, each.order) for each in parts(found, "shop")] == [
        ("api", ""),
        ("web", "systemctl show shop-web: After=shop-api"),
    ]

    (found,) = candidates(survey(web, api._replace(after=("shop-web",))))
    assert len(parts(found, "shop")) == 2


@pytest.mark.parametrize(
    ("units", "names"),
    [
        (["shop-web", "shop-api"], ["web", "api"]),
        (["shop@1", "shop@2"], ["shop-1", "shop-2"]),
        (["web:*", "till:till_00"], ["web", "till-till_00"]),
        (["shop"], ["shop"]),
        (["shop-shared"], ["shop-shared"]),
        (["Shop.Web"], ["web"]),
    ],
)
def test_components_are_named_by_their_units(units: list[str], names: list[str]) -> None:
    """Without what all of the system begin with; a number alone says nothing."""
    assert named(units, "shop") == names
