"""The rollback.toml of one host: its own connection, and nothing that happens once per fleet."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.fleet.errands import HostErrands
from pytest_rollback.extras.fleet.members import derived
from pytest_rollback.extras.fleet.members.inventory import FleetMember
from pytest_rollback.manifest.load import load

SHIPPED = Path(__file__).parents[4] / "rollback.toml"
WEB1 = FleetMember("web1", "ssh://deploy@web1")


def test_the_shipped_file_is_that_of_a_host_without_what_is_the_fleets(tmp_path: Path) -> None:
    """All other tables are as they are; readiness misses no channel."""
    before = tomllib.loads(SHIPPED.read_text())
    path = tmp_path / "rollback.toml"
    derived.write(path, SHIPPED, WEB1, ("notify", "contacts", "maintenance"))
    after = tomllib.loads(path.read_text())
    assert after["notify"] == {"channels": []}
    assert {*before} - {*after} == {"contacts", "maintenance"}
    assert after["target"]["connection"] == "ssh://deploy@web1"
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"notify", "target", "runbook"}
    assert not load(path).system.contacts


def test_a_table_that_cannot_be_found_is_refused(tmp_path: Path) -> None:
    """One that is left where it is would happen on each host."""
    source = tmp_path / "fleet.toml"
    source.write_text('notify.channels = []\n[target]\nconnection = "ssh://a"\n')
    with pytest.raises(UsageError, match="notify cannot be left out"):
        derived.write(tmp_path / "rollback.toml", source, WEB1, ("notify",))


@pytest.mark.parametrize(
    ("host", "about", "left"),
    [
        ("web1", "looks", {"maintenance"}),
        ("web1", "changes", {"maintenance", "contacts"}),
        ("web2", "looks", {"maintenance", "contacts", "database"}),
        ("web2", "changes", {"maintenance", "contacts", "database"}),
    ],
)
def test_the_canary_is_asked_what_nobody_else_is(
    tmp_path: Path, host: str, about: str, left: set[str]
) -> None:
    """Channels by readiness alone, the database always; the page is no host's."""
    members = {name: FleetMember(name, f"ssh://{name}") for name in ("web1", "web2")}
    errands = HostErrands(SHIPPED, members, ("messages", "page", "database"), "web1")
    path = errands.manifest(host, tmp_path / host, looks=about == "looks")
    lacks = {*tomllib.loads(SHIPPED.read_text())} - {*tomllib.loads(path.read_text())}
    assert lacks == left
