"""Maintenance that commands switch: looked at before and after, never believed, taken back."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.rollback.maintenance import commands
from pytest_rollback.agent.state.journal import entries
from pytest_rollback.errors import Refused, RollbackError, Unfinished
from pytest_rollback.recovery import actions
from tests.unit.recovery.site import Site

SCRIPT = """#!/bin/sh
echo "$1" >> {home}/asked
case $1 in
on|off) [ -e {home}/stuck ] || echo $1 > {home}/mode; [ ! -e {home}/broken ] || exit 3;;
look) case $(cat {home}/mode) in
  on) echo "web: MAINT";; off) echo "web: UP";; *) cat {home}/mode;; esac;;
esac
"""


class Balanced:
    """A site before which a balancer stands that is switched by commands."""

    def __init__(self, site: Site) -> None:
        self.site, self.home = site, site.home
        self.script = self.home / "lb"
        self.script.write_text(SCRIPT.format(home=shlex.quote(str(self.home))))
        self.script.chmod(0o755)
        self.be("off")
        site.describe(maintenance={"commands": self.told()})

    def told(self, **other: object) -> dict[str, Any]:
        """Return what rollback.toml says."""
        words = {each: [str(self.script), each] for each in ("on", "off", "look")}
        return {**words, "shown": "MAINT", "lifted": "UP", **other}

    def be(self, mode: str) -> None:
        """Have it in a mode."""
        (self.home / "mode").write_text(f"{mode}\n")

    @property
    def mode(self) -> str:
        """How it is."""
        return (self.home / "mode").read_text().strip()

    @property
    def switched(self) -> list[str]:
        """What it was asked to change."""
        asked = self.home / "asked"
        lines = asked.read_text().split() if asked.exists() else []
        return [each for each in lines if each != "look"]


@pytest.fixture
def balanced(tmp_path: Path) -> Balanced:
    """A site with such a balancer, and no page."""
    return Balanced(Site(tmp_path / "balanced"))


def test_it_is_switched_once_each_way(balanced: Balanced) -> None:
    """Done is what the look says; nothing is asked a second time."""
    site = balanced.site
    assert [site.perform(actions.MAINTENANCE_ON) for _ in range(2)] == [1, 0]
    assert balanced.mode == "on"
    told = list(entries(str(site.state / "runs/r1/changes")))
    noted = [each["commands"]["off"] for each in told if each["event"] == "maintenance"]

    assert noted == [[str(balanced.script), "off"]]
    assert balanced.switched == ["on"]


def test_a_command_that_changes_nothing_is_not_done(
    balanced: Balanced, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends well, and the look says otherwise."""
    monkeypatch.setattr(commands, "PATIENCE", 0.3)
    (balanced.home / "stuck").touch()
    (change,) = balanced.site.plan(actions.MAINTENANCE_ON)
    with pytest.raises(Unfinished, match=r"is not on, although .* ended well"):
        balanced.site.apply(change)


def test_a_command_that_fails_is_told(balanced: Balanced) -> None:
    """With what it printed, also where it has changed something; the same command goes on."""
    (balanced.home / "broken").touch()
    (change,) = balanced.site.plan(actions.MAINTENANCE_ON)
    with pytest.raises(Unfinished, match="the command on of the maintenance mode failed"):
        balanced.site.apply(change)
    (balanced.home / "broken").unlink()

    assert balanced.site.perform(actions.MAINTENANCE_ON) == 0


@pytest.mark.parametrize("said", ["unreachable", "MAINT of old, UP again", ""])
def test_a_look_that_says_neither_is_never_taken_for_either(balanced: Balanced, said: str) -> None:
    """Nor both: a balancer that cannot be asked does not serve, as far as we know."""
    balanced.be(said)
    with pytest.raises(Refused, match=r"says (both|neither) of 'MAINT' and 'UP'") as caught:
        balanced.site.plan(actions.MAINTENANCE_ON)

    assert "shown and lifted" in caught.value.hint


def test_a_look_that_fails_is_no_answer(balanced: Balanced) -> None:
    """Whatever it has printed."""
    look = ["sh", "-c", "echo UP; exit 1"]
    balanced.site.describe(maintenance={"commands": balanced.told(look=look)})
    with pytest.raises(Refused, match="the look of the maintenance mode failed"):
        balanced.site.plan(actions.MAINTENANCE_ON)


@pytest.mark.parametrize("mode", ["on", "off"])
def test_an_undo_switches_it_off_where_it_is_on(balanced: Balanced, mode: str) -> None:
    """By the commands of the run, whatever is described by then."""
    site = balanced.site
    site.perform(actions.MAINTENANCE_ON)
    balanced.be(mode)
    site.undo()

    assert balanced.mode == "off"
    assert balanced.switched == ["on", "off"][: 2 if mode == "on" else 1]


@pytest.mark.parametrize(
    "table",
    [
        {"commands": {}},
        {},
        {"page": "/var/www/html/x.html", "commands": None},
        {"reload": ["true"], "commands": None},
        {"commands": {"shown": "UP", "lifted": "UP"}},
        {"commands": {"shown": ""}},
    ],
)
def test_what_could_not_be_told_apart_is_refused(balanced: Balanced, table: dict[str, Any]) -> None:
    """A page beside commands, neither, and words of which one is in the other."""
    given = dict(table)
    if "commands" in given and given["commands"] != {}:
        given["commands"] = balanced.told(**(given["commands"] or {}))
    with pytest.raises(RollbackError):
        balanced.site.describe(maintenance=given)
