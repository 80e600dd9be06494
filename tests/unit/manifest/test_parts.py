"""A release of several parts in rollback.toml: their order, what each has, and what is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.backup.owners import Owners
from pytest_rollback.errors import ManifestError, UsageError
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery import strategies
from pytest_rollback.run.options import RunOptions

SHOP = """
[system]
name = "shop"
root = "/srv/shop"
state = "/var/lib/rollback/shop"
[target]
name = "here"
connection = "local://"
[release]
strategy = "links"
images = ["units/sidecar.container"]
packages = ["acme-agent"]
[release.commands]
look = ["edge", "live"]
return = ["edge", "back"]
[[components]]
name = "edge"
unit = "edge"
strategy = "commands"
health = "web"
[[components]]
name = "sidecar"
unit = "sidecar"
strategy = "images"
health = "web"
[[components]]
name = "web"
unit = "web"
health = "web"
[[components]]
name = "worker"
unit = "worker"
health = "web"
[[components]]
name = "jobs"
unit = "jobs"
strategy = "backups"
files = ["jobs/**"]
health = "web"
[[components]]
name = "agent"
unit = "agent"
strategy = "packages"
health = "web"
[probes.web]
url = "http://127.0.0.1:8000/"
"""


def described() -> dict[str, Any]:
    """Return the description, to be altered."""
    return tomllib.loads(SHOP)


def system() -> System:
    """Return the shop of five parts."""
    return parse(described(), "x")


def test_parts_are_in_the_order_in_which_they_come_back() -> None:
    """Whatever the order of components is; what a strategy shares is one part."""
    assert [each.words for each in parts.of(system())] == [
        "packages (agent)",
        "backups (jobs)",
        "links (web, worker)",
        "images (sidecar)",
        "commands (edge)",
    ]
    used = [each.name for each in strategies.used(system())]
    assert used == ["packages", "links", "images", "commands"]


def test_the_link_of_most_tools_is_meant_for_a_component_too() -> None:
    """Where nothing is named."""
    document = described()
    document["release"]["strategy"] = "backups"
    for each in document["components"][2:4]:
        each["strategy"] = "links"
    assert parse(document, "x").release.links == ("current",)


def test_a_part_is_asked_about_its_own_alone() -> None:
    """Links are no images, and the units of others run none; its files are its component's."""
    asked = strategies.calls(strategies.used(system()), system())
    assert asked["links"].request.links == ("current",)
    assert asked["images"].request.files == ("units/sidecar.container",)
    assert asked["images"].request.units == ("sidecar",)

    owners = Owners(parts.files(system()))
    assert owners.of("current") == "web"
    assert owners.of("units/sidecar.container") == "sidecar"
    assert owners.of("jobs/run.py") == "jobs"
    assert owners.of("motd") == "shared"


@pytest.mark.parametrize(
    ("only", "chosen"),
    [
        ((), {"packages", "backups", "links", "images", "commands"}),
        (("sidecar",), {"images"}),
        (("web", "worker", "edge"), {"links", "commands"}),
        (("web",), set()),
    ],
)
def test_some_components_bring_back_their_parts(only: tuple[str, ...], chosen: set[str]) -> None:
    """A part comes back as a whole, or not at all."""
    whole = system()
    found = {name for name in parts.names(whole) if parts.is_chosen(whole, name, only)}
    assert found == chosen


def test_half_of_a_part_is_refused() -> None:
    """With the options that name all of it; a part of single files can be halved."""
    with pytest.raises(UsageError, match=r"links \(web, worker\) come back together") as told:
        RunOptions(only=frozenset({"web"})).fit(system(), Path("x"))
    assert told.value.hint == "--component=web --component=worker"
    RunOptions(only=frozenset({"web", "worker", "jobs"})).fit(system(), Path("x"))


Spoil = Callable[[dict[str, Any]], object]


def compose(document: dict[str, Any]) -> None:
    """Have all of it in a compose project."""
    document["services"] = {"manager": "compose", "project": "/srv/shop/compose.yaml"}
    document["release"]["images"] = ["compose.yaml"]


def every(name: str) -> Spoil:
    """Return what has every component kept by one strategy."""

    def spoil(document: dict[str, Any]) -> None:
        for each in document["components"]:
            each["strategy"] = name

    return spoil


SPOILT: dict[str, Spoil] = {
    "components[0].strategy: found 'magic', expected 'backups', 'links'": lambda d: d["components"][
        0
    ].update(strategy="magic"),
    "release.commands: missing, expected look and return": lambda d: d["release"].pop("commands"),
    "release.packages: found none": lambda d: d["release"].pop("packages"),
    "release.images: found none, expected the unit files": lambda d: d["release"].pop("images"),
    "release.links: found with other strategies": lambda d: d["release"].update(
        strategy="backups", links=["current"]
    ),
    "release.strategy: found 'links', which no component has": every("backups"),
    "release.keep: found with links and packages": lambda d: d["release"].update(keep=4),
    "fallback.git: found with strategy = 'links'": lambda d: d.update(fallback={"git": "/srv/x"}),
    "components[1].strategy: found 'images', expected [services] manager": lambda d: d.update(
        services={"manager": "supervisord"}
    ),
    "components[5].strategy: found 'packages' in a compose project beside others": compose,
    "components[4].files[0]: found '**', expected a narrower one: current is": lambda d: d[
        "components"
    ][4].update(files=["**"]),
    "components[4].files[0]: found 'current/jobs/*', expected none: current is": lambda d: d[
        "components"
    ][4].update(files=["current/jobs/*"]),
    "components[1].strategy: found 'images' with several roots": lambda d: d["system"].update(
        root=None, roots=["/srv/a", "/srv/b"]
    ),
}


@pytest.mark.parametrize(("expected", "spoil"), SPOILT.items(), ids=range(len(SPOILT)))
def test_what_cannot_be_combined_is_told(expected: str, spoil: Spoil) -> None:
    """With the key, and what was expected."""
    document = described()
    spoil(document)
    with pytest.raises(ManifestError) as caught:
        parse({k: v for k, v in document.items() if v is not None}, "x")

    assert [line for line in caught.value.findings if expected in line], caught.value.findings
