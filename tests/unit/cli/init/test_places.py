"""Where a system lies beside its root: proposed, and never what belongs to others as well."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.messages.services.survey import SwitchedLink, VariablesFile
from pytest_rollback.manifest.document import decoded
from pytest_rollback.manifest.load import parse
from tests.unit.cli.init.hosts import unit
from tests.unit.cli.init.test_description import written


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/etc/shop/web.env", "/etc/shop"),
        ("/etc/web/env", "/etc/web"),
        ("/etc/default/shop", "/etc/default/shop"),
        ("/etc/shop.env", "/etc/shop.env"),
        ("/etc/nginx/shop.env", "/etc/nginx/shop.env"),
        ("/usr/lib/shop.env", "/usr/lib/shop.env"),
        ("/home/shop/.env", "/home/shop/.env"),
        ("/var/lib/shop/env", "/var/lib/shop/env"),
    ],
)
def test_a_place_beside_the_root_is_proposed(path: str, place: str) -> None:
    """The directory that bears the system's name, or a unit's; else the file alone."""
    text = written(unit("web", "/srv/shop", variables=(VariablesFile(path, "EnvironmentFile"),)))

    assert f'# roots = ["/srv/shop", "{place}"]' in text
    assert f"docs/recipes/roots.md; {path} of web: EnvironmentFile" in text
    assert parse(decoded(text.encode(), "a test"), "a test").about.places == ("/srv/shop",)


@pytest.mark.parametrize("path", ["/srv/shop/.env", "/run/shop/env", "/proc/1/environ"])
def test_what_is_below_the_root_or_of_no_release_is_none(path: str) -> None:
    """What the system itself writes anew at each start comes with no deploy."""
    text = written(unit("web", "/srv/shop", variables=(VariablesFile(path, "EnvironmentFile"),)))
    assert "roots" not in text


def test_only_backups_have_several_roots() -> None:
    """What other strategies refuse is not proposed."""
    link = SwitchedLink("/srv/shop/current", "/srv/shop/releases/2", 3, "current -> releases/2")
    file = VariablesFile("/etc/shop/web.env", "EnvironmentFile")
    text = written(unit("web", "/srv/shop/current", links=(link,), variables=(file,)))
    assert "roots" not in text
