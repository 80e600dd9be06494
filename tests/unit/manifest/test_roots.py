"""A system in several places: absolute paths become those below `/`, or it is refused."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.load import parse

WHOLE = tomllib.loads("""
[system]
name = "shop"
roots = ["/usr/lib/shop/", "/etc/shop", "/etc/cron.d/shop"]
state = "/var/lib/rollback/shop"
secrets = ["/etc/shop/.env", "/etc/ssl/private/shop.key"]
[target]
name = "production"
connection = "local://"
[services]
source = "/usr/lib/shop/units"
[[components]]
name = "web"
unit = "shop-web"
files = ["/usr/lib/shop/web/**", "/etc/shop/web.toml"]
environment_files = ["/etc/shop/.env"]
directory = "/usr/lib/shop"
health = "web"
[probes.web]
url = "http://localhost:8080/health"
[configuration]
files = ["/etc/shop/web.toml", "/etc/cron.d/shop"]
defaults = "/usr/lib/shop/defaults"
""")

Spoil = Callable[[dict[str, Any]], object]

BOUND = "expected a path below one of the roots /usr/lib/shop, /etc/shop, /etc/cron.d/shop"

SPOILT: dict[str, Spoil] = {
    f"configuration.files[0]: found '/etc/other/a', {BOUND}": lambda d: d["configuration"].update(
        files=["/etc/other/a"]
    ),
    f"configuration.files[0]: found '/etc/cron.d/shop2', {BOUND}": lambda d: d[
        "configuration"
    ].update(files=["/etc/cron.d/shop2"]),
    f"components[0].files[1]: found '/usr/lib/*/a.py', {BOUND}": lambda d: d["components"][
        0
    ].update(files=["/etc/shop/a", "/usr/lib/*/a.py"]),
    f"components[0].files[0]: found '/etc/shop*', {BOUND}": lambda d: d["components"][0].update(
        files=["/etc/shop*"]
    ),
    f"components[0].environment_files[0]: found '/etc/default/shop', {BOUND}": lambda d: d[
        "components"
    ][0].update(environment_files=["/etc/default/shop"]),
    f"services.source: found '/srv/units', {BOUND}": lambda d: d["services"].update(
        source="/srv/units"
    ),
    "components[0].files[0]: found 'web/**', expected an absolute path: there is no one root": (
        lambda d: d["components"][0].update(files=["web/**"])
    ),
    "system.roots: found beside root, expected one of them": lambda d: d["system"].update(
        root="/srv"
    ),
    "system.root: missing": lambda d: d["system"].pop("roots"),
    "system.roots: found none, expected the places": lambda d: d["system"].update(roots=[]),
    "system.roots[0]: found '/', expected a directory or file of the system alone": (
        lambda d: d["system"].update(roots=["/"])
    ),
    "system.roots[1]: found '/etc/shop/web', expected a place that is not in another, '/etc": (
        lambda d: d["system"].update(roots=["/etc/shop", "/etc/shop/web"])
    ),
    "system.roots[0]: found '/etc/shop', expected a place that is not in another": (
        lambda d: d["system"].update(roots=["/etc/shop", "/etc/shop/"])
    ),
    "system.roots[0]: found 'etc/shop', expected an absolute path": lambda d: d["system"].update(
        roots=["etc/shop"]
    ),
    "system.roots: found 'x', expected a list": lambda d: d["system"].update(roots="x"),
    "system.roots[0]: found 3, expected a text in quotes": lambda d: d["system"].update(roots=[3]),
    "system.state: found '/etc/shop/state', expected a directory that is neither inside nor": (
        lambda d: d["system"].update(state="/etc/shop/state")
    ),
    "system.state: found '/etc', expected a directory that is neither inside nor above the root": (
        lambda d: d["system"].update(state="/etc")
    ),
    "release.strategy: found 'links' with several roots, expected 'backups'": lambda d: d.update(
        release={"strategy": "links"}
    ),
    "system.roots[0]: found '/etc/systemd/system/shop.service', where systemd reads unit files": (
        lambda d: d["system"].update(roots=["/etc/systemd/system/shop.service"])
    ),
    "system.roots[0]: found '/usr/lib', where systemd reads unit files, expected them in": (
        lambda d: d["system"].update(roots=["/usr/lib"])
    ),
    "fallback.git: found with several roots, expected none": lambda d: d.update(
        fallback={"git": "/srv/shop.git"}
    ),
}


def complaints(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with a document."""
    with pytest.raises(ManifestError) as caught:
        parse(document, "x.toml")
    return list(caught.value.findings)


def test_absolute_paths_become_those_below_the_one_root() -> None:
    """What is elsewhere and may be there stays absolute; requests are limited to the places."""
    system = parse(copy.deepcopy(WHOLE), "x.toml")
    web = system.components[0]

    assert (system.about.root, system.about.where) == (
        "/",
        "/usr/lib/shop, /etc/shop, /etc/cron.d/shop",
    )
    place = requests.location(system)
    assert place.within == ("usr/lib/shop", "etc/shop", "etc/cron.d/shop")
    assert place.places == system.about.places == system.about.roots
    assert system.about.secrets == ("etc/shop/.env", "/etc/ssl/private/shop.key")
    assert web.files == ("usr/lib/shop/web/**", "etc/shop/web.toml")
    assert (web.environment_files, web.directory) == (("etc/shop/.env",), "usr/lib/shop")
    assert system.configuration.files == ("etc/shop/web.toml", "etc/cron.d/shop")
    assert system.configuration.defaults == "usr/lib/shop/defaults"
    assert system.services.source == "usr/lib/shop/units"


def test_one_root_is_as_it_was() -> None:
    """Its paths are relative to it, and nothing is limited."""
    document = copy.deepcopy(WHOLE)
    document["system"].update(root="/srv/shop", secrets=["a"])
    del document["system"]["roots"]
    document["services"] = {"source": "units"}
    document["components"][0].update(files=["web/**"], environment_files=["b"], directory=".")
    document["configuration"] = {"files": ["c"]}
    place = requests.location(parse(document, "x.toml"))

    assert (place.within, place.places) == ((), ("/srv/shop",))


@pytest.mark.parametrize(("expected", "spoil"), SPOILT.items(), ids=range(len(SPOILT)))
def test_a_contradiction_is_told_with_its_key(expected: str, spoil: Spoil) -> None:
    """One spoiled key gives a line with key, finding and expectation."""
    document = copy.deepcopy(WHOLE)
    spoil(document)

    assert [line for line in complaints(document) if line.startswith(expected)]
