"""A compose project in rollback.toml: keys that go together, and what a release of images needs."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.load import parse

SHOP = """
[system]
name = "shop"
root = "/srv/shop"
state = "/var/lib/rollback/shop"
[target]
name = "here"
connection = "local://"
[services]
manager = "compose"
project = "/srv/shop/compose.yaml"
[release]
strategy = "images"
[[components]]
name = "web"
unit = "web"
health = "web"
[probes.web]
url = "http://127.0.0.1:8000/"
"""


def test_a_project_is_where_its_file_is() -> None:
    """Its directory is that of the units; the manager is reached by the file."""
    system = parse(tomllib.loads(SHOP), "x")

    assert system.services.directory == "/srv/shop"
    assert requests.manager(system).socket == "/srv/shop/compose.yaml"
    assert system.release.switched == ("compose.yaml",)
    assert "podman-compose -f /srv/shop/compose.yaml logs" in system.components[0].see_logs()


Spoil = Callable[[dict[str, Any]], object]
SPOILT: dict[str, Spoil] = {
    "go together": lambda d: d["services"].pop("project"),
    "there is no source and no socket": lambda d: d["services"].update(source="units"),
    "release.strategy: found 'images', expected [services] manager = 'compose'": lambda d: d.update(
        services={"manager": "supervisord"}
    ),
    "release.images: found none, expected the unit files or quadlets": lambda d: d.update(
        services={"manager": "systemd"}
    ),
    "release.images: found /srv/shop/docker.yaml, expected the compose file": lambda d: d[
        "release"
    ].update(images=["docker.yaml"]),
    "release.images: found with other strategies": lambda d: d.update(
        release={"images": ["compose.yaml"]}
    ),
}


@pytest.mark.parametrize(("expected", "spoil"), SPOILT.items(), ids=range(len(SPOILT)))
def test_what_does_not_go_together_is_told(expected: str, spoil: Spoil) -> None:
    """With the key, and what was expected."""
    document = tomllib.loads(SHOP)
    spoil(document)
    with pytest.raises(ManifestError) as caught:
        parse(document, "x")

    assert [line for line in caught.value.findings if expected in line]
