"""How a sandbox's manifest is made: an overlay over a rollback.toml, with placeholders filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.extras.sandbox.common.recipe import Recipe, filled, lacking, laid_over, quiet

BASE = """
[system]
name = "shop"
root = "/srv/shop"
[[components]]
name = "web"
unit = "shop-web"
listens = [80]
[[components]]
name = "till"
unit = "shop-till"
[[contacts]]
level = 1
name = "ann"
channels = ["pager"]
[notify.pager]
url = "https://example.org/"
"""
OVERLAY = """
[sandbox]
manifest = "base.toml"
ports = ["web"]
[system]
root = "{dir}/root"
[[components]]
name = "web"
listens = ["{port.web}"]
[[components]]
name = "new"
unit = "{unknown}"
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A recipe of two files."""
    (tmp_path / "base.toml").write_text(BASE)
    (tmp_path / "embedded.toml").write_text(OVERLAY)
    return Recipe.read(tmp_path)


def test_the_overlay_wins_key_by_key(recipe: Recipe) -> None:
    """Tables merge, arrays of named tables by their names, and other arrays are replaced."""
    document = recipe.document({"dir": "/tmp/s", "port.web": 8080})  # noqa: S108 - only a text

    assert document["system"] == {"name": "shop", "root": "/tmp/s/root"}  # noqa: S108
    assert document["components"] == [
        {"name": "web", "unit": "shop-web", "listens": [8080]},
        {"name": "till", "unit": "shop-till"},
        {"name": "new", "unit": "{unknown}"},
    ]


def test_keys_are_left_out_of_each_table(recipe: Recipe) -> None:
    """By their path; in an array of tables, of each of them."""
    assert lacking(recipe.base, ["system", "root"])["system"] == {"name": "shop"}
    assert lacking(recipe.base, ["components", "unit"])["components"] == [
        {"name": "web", "listens": [80]},
        {"name": "till"},
    ]
    assert lacking(recipe.base, ["nowhere", "unit"]) == recipe.base


def test_a_sandbox_notifies_nobody(recipe: Recipe) -> None:
    """Channels of the base are taken out, also from its contacts; an overlay can add its own."""
    document = recipe.document({})
    louder = laid_over(quiet(recipe.base), {"notify": {"pager": {"url": "http://localhost/"}}})

    assert document["notify"] == {"channels": []}
    assert document["contacts"] == [{"level": 1, "name": "ann"}]
    assert louder["notify"] == {"channels": [], "pager": {"url": "http://localhost/"}}


def test_a_placeholder_alone_keeps_its_type() -> None:
    """A port stays a number; within a text it becomes a part of the text."""
    words: dict[str, str | int] = {"port.web": 80, "dir": "/s"}

    assert filled("{port.web}", words) == 80
    assert filled("localhost:{port.web}{dir}", words) == "localhost:80/s"
    assert filled({"a": ["{dir}", True, 1.5]}, words) == {"a": ["/s", True, 1.5]}


@pytest.mark.parametrize(
    ("overlay", "why"),
    [
        ("[sandbox]\nmanifesto = 'x'", r"\[sandbox\] cannot be used"),
        ("sandbox = 5", r"\[sandbox\] cannot be used"),
        ("[sandbox]\nmanifest = 'no.toml'", "no.toml cannot be read"),
        ("[sandbox", "embedded.toml: "),
    ],
)
def test_a_recipe_that_cannot_be_used(tmp_path: Path, overlay: str, why: str) -> None:
    """The file at fault is named."""
    (tmp_path / "embedded.toml").write_text(overlay)

    with pytest.raises(ManifestError, match=why):
        Recipe.read(tmp_path)
