"""A release of packages in rollback.toml: what it needs, and what does not go together."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.load import parse
from pytest_rollback.recovery.strategies import packages

SHOP = """
[system]
name = "shop"
root = "/usr/lib/acme-shop"
state = "/var/lib/rollback/shop"
[target]
name = "here"
connection = "local://"
[release]
strategy = "packages"
packages = ["acme-shop", "libacme:amd64"]
[[components]]
name = "web"
unit = "acme-shop"
health = "web"
[probes.web]
url = "http://127.0.0.1:8000/"
"""


def test_archives_are_kept_in_the_state_directory() -> None:
    """Unless another place is named."""
    document = tomllib.loads(SHOP)
    system = parse(document, "x")
    assert packages(system).pool == "/var/lib/rollback/shop/packages"
    assert packages(system).names == ("acme-shop", "libacme:amd64")
    assert system.release.switched == ()

    document["release"]["pool"] = "/var/cache/acme"
    assert packages(parse(document, "x")).pool == "/var/cache/acme"


Spoil = Callable[[dict[str, Any]], object]
SPOILT: dict[str, Spoil] = {
    "release.packages: found none": lambda d: d["release"].pop("packages"),
    "release.packages: found with other strategies": lambda d: d["release"].pop("strategy"),
    "release.pool: found '/usr/lib/acme-shop/pool'": lambda d: d["release"].update(
        pool="/usr/lib/acme-shop/pool"
    ),
    "release.packages[0]": lambda d: d["release"].update(packages=["--force-all"]),
    "release.sources[0]": lambda d: d["release"].update(sources=["archives"]),
}


@pytest.mark.parametrize(("expected", "spoil"), SPOILT.items(), ids=range(len(SPOILT)))
def test_what_does_not_go_together_is_told(expected: str, spoil: Spoil) -> None:
    """With the key, and what was expected."""
    document = tomllib.loads(SHOP)
    spoil(document)
    with pytest.raises(ManifestError) as caught:
        parse(document, "x")

    assert [line for line in caught.value.findings if expected in line]
