"""`[release.commands]` in rollback.toml: what goes together, and how it is asked of the host."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.load import parse
from pytest_rollback.recovery import strategies

SHOP = """
[system]
name = "shop"
root = "/srv/shop"
state = "/var/lib/rollback/shop"
[target]
name = "here"
connection = "local://"
[services]
manager = "systemd"
source = "units"
[release]
strategy = "commands"
[release.commands]
look = ["shop", "live"]
return = ["shop", "back"]
timeout = "7s"
[[components]]
name = "web"
unit = "web"
health = "web"
[probes.web]
url = "http://127.0.0.1:8000/"
"""


def test_what_is_run_is_what_is_written() -> None:
    """As words; what is not there is empty."""
    asked = strategies.commands(parse(tomllib.loads(SHOP), "x"))

    assert (asked.look, asked.back) == (("shop", "live"), ("shop", "back"))
    assert (asked.undo, asked.proves, asked.user) == ((), (), "")
    assert (asked.timeout, asked.change_timeout) == (7.0, 300.0)


Spoil = Callable[[dict[str, Any]], object]
SPOILT: dict[str, Spoil] = {
    "release.commands: missing, expected look and return": lambda d: d["release"].pop("commands"),
    "release.commands: found with other strategies": lambda d: d["release"].update(
        strategy="backups"
    ),
    "release.commands.look: missing": lambda d: d["release"]["commands"].pop("look"),
    "release.commands.return: missing": lambda d: d["release"]["commands"].pop("return"),
    "release.commands.undo: found an empty list, expected at least one": lambda d: d["release"][
        "commands"
    ].update(undo=[]),
    "release.commands.proves: found 'shop proves', expected a list": lambda d: d["release"][
        "commands"
    ].update(proves="shop proves"),
    "release.commands.proof: unknown key; known keys: change_timeout": lambda d: d["release"][
        "commands"
    ].update(proof=["shop"]),
    "release.commands.timeout: found '0s', expected a duration above zero": lambda d: d["release"][
        "commands"
    ].update(timeout="0s"),
}


@pytest.mark.parametrize(("expected", "spoil"), SPOILT.items(), ids=range(len(SPOILT)))
def test_what_does_not_go_together_is_told(expected: str, spoil: Spoil) -> None:
    """With the key, and what was expected."""
    document = tomllib.loads(SHOP)
    spoil(document)
    with pytest.raises(ManifestError) as caught:
        parse(document, "x")

    assert [line for line in caught.value.findings if expected in line], caught.value.findings
