"""Unit files that a rollback leaves as the deploy made them are found, and no others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rollback.agent.messages.location import Location, Release
from pytest_rollback.agent.messages.unit_files import (
    OrphanUnitFile,
    UnitFilesPlan,
    UnitFilesRequest,
)
from pytest_rollback.agent.services.unit_file_states import orphans
from pytest_rollback.agent.state import backup_set, journal
from pytest_rollback.checks import orphans as checks
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.release import About

LONG_AGO = "2020-01-01T00:00:00+00:00"


class Host:
    """A root with a source of unit files, what is installed of them, and a record."""

    def __init__(self, home: Path) -> None:
        self.root, self.there, self.state = home / "root", home / "there", home / "state"
        for place in (self.root / "units", self.there):
            place.mkdir(parents=True)
        self.state.mkdir(mode=0o700)
        self.saved: list[str] = []
        self.added: list[str] = []

    def put(self, place: str, name: str, text: str) -> None:
        """Write a unit file of the release, or an installed one."""
        path = {"release": self.root / "units", "installed": self.there}[place] / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def found(self, manager: str, *units: str) -> list[tuple[str, str]]:
        """Return the names that are found, and what the deploy did; the record says `old`."""
        digest = hashlib.sha256(b"old").hexdigest()
        files = tuple(
            backup_set.FileEntry(f"units/{each}", digest, 3, 0o644, 0, 0, 0, {})
            for each in self.saved
        )
        added = tuple(f"units/{each}" for each in self.added)
        one, two = Release("1", None), Release("2", None)
        known = backup_set.BackupSet(
            "shop", str(self.root), ".backup", LONG_AGO, "ann", one, two, files, added
        )
        backup_set.write(str(self.state), known)
        where = Location(str(self.root), str(self.state), ".backup")
        request = UnitFilesRequest(
            where, manager, None, "units", str(self.there), units[:1], named=units
        )
        return [(each.name, each.deploy) for each in orphans(request)]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """Nothing is installed, and nothing recorded."""
    return Host(tmp_path)


@pytest.mark.parametrize(
    ("manager", "name"),
    [
        ("supervisord", "shop-new.conf"),
        ("supervisord", "shop-new.ini"),
        ("systemd", "shop-new.service"),
        ("systemd", "shop-new.timer"),
        ("systemd", "shop-new.service.d/more.conf"),
    ],
)
def test_each_kind_of_unit_file_is_found(host: Host, manager: str, name: str) -> None:
    """Added and installed; deleted; changed and installed as the deploy has it."""
    host.added = [name]
    host.put("release", name, "new")
    assert host.found(manager, "shop-web") == []  # of the release, and not installed here
    host.put("installed", name, "new")
    assert host.found(manager, "shop-web") == [(name, "added")]

    host.added, host.saved = [], [name]
    assert host.found(manager, "shop-web") == [(name, "changed")]
    host.put("installed", name, "old")
    assert host.found(manager, "shop-web") == []
    (host.there / name).unlink()
    assert host.found(manager, "shop-web") == []  # not installed before, by what is known
    (host.root / "units" / name).unlink()
    assert host.found(manager, "shop-web") == [(name, "deleted")]


def test_what_a_rollback_installs_is_none(host: Host) -> None:
    """Files of components, of their templates and their drop-ins; and what is no unit file."""
    names = ["a.service", "b@.service", "a.service.d/one.conf", "b@.service.d/two.conf"]
    host.saved = [*names, "README.md", "a.service.d/notes.txt", "deep/er/a.service"]
    for each in names:
        host.put("release", each, "new")
        host.put("installed", each, "new")
    assert host.found("systemd", "other", "a", "b@1.service") == []

    host.saved, host.added = [], ["a.service.d/one.conf"]
    assert host.found("systemd", "other", "a") == []  # goes, see `ReleaseUnits.gone`


def test_a_unit_of_one_release_alone_is_found_beside_its_component(host: Host) -> None:
    """A component does not help: its unit is neither removed nor brought back."""
    host.put("installed", "new.service", "new")
    host.added, host.saved = ["new.service"], ["old.service"]
    found = [("new.service", "added"), ("old.service", "deleted")]
    assert host.found("systemd", "web", "new", "old.service") == found


def test_a_link_to_the_release_is_as_recorded(host: Host) -> None:
    """It changes with the file that it leads to; one that leads elsewhere does not."""
    host.saved = ["app.service"]
    host.put("release", "app.service", "new")
    (host.there / "app.service").symlink_to(host.root / "units/app.service")
    assert host.found("systemd", "web") == []
    (host.there / "app.service").unlink()
    (host.there / "app.service").symlink_to("/dev/null")
    assert host.found("systemd", "web") == [("app.service", "changed")]


def test_what_a_run_brought_back_was_deleted(host: Host) -> None:
    """After the rollback the file is there again, and not installed."""
    host.saved = ["shop-old.conf", "shop-else.conf"]
    for each in host.saved:
        host.put("release", each, "old")
    assert host.found("supervisord", "shop-web") == []
    folder = host.state / "runs/r1"
    folder.mkdir(parents=True)
    row = ["", 3, 0o644, 0, 0, 0, {}, 0, "file"]
    rows = [["units/shop-old.conf", *row, ""], ["units/shop-else.conf", *row, "ab"]]
    write_journal(folder / "journal-configuration", {"event": "plan", "items": rows})
    assert host.found("supervisord", "shop-web") == [("shop-old.conf", "deleted")]
    (folder / "journal-configuration").write_text("no journal\n")
    assert host.found("supervisord", "shop-web") == []  # who lists the runs says what it is


def write_journal(path: Path, entry: dict[str, object]) -> None:
    """Write a journal of one entry as the agent does."""
    line = {**entry, "hash": journal.chained(journal.START, entry)}
    path.write_text(json.dumps(line) + "\n")


def described(manager: str) -> SimpleNamespace:
    """Return a system with one component, as far as it is looked at here."""
    services = SimpleNamespace(
        manager=manager, source="units", directory="/etc/u", socket="/run/s.sock"
    )
    web = SimpleNamespace(name="new", unit="shop-new")
    about = About(name="shop", root="/srv/shop", state="/nowhere")
    return SimpleNamespace(services=services, components=[web], about=about)


def test_the_way_out_can_be_pasted() -> None:
    """Commands for each manager; a component where both releases have the unit."""
    found = UnitFilesPlan(
        orphans=(
            OrphanUnitFile("shop-new.service", "added"),
            OrphanUnitFile("shop-old.timer", "deleted"),
            OrphanUnitFile("cron.service", "changed"),
            OrphanUnitFile("x.service.d/a.conf", "added"),
        )
    )
    with pytest.raises(Refused, match="leaves 4 unit files as the deploy made them") as refused:
        checks.demand_none(found, described("systemd"))  # type: ignore[arg-type]
    hint = refused.value.hint
    assert "add a component to rollback.toml for cron.service" in hint
    assert "remove component new from rollback.toml" in hint
    gone = "systemctl disable --now shop-new.service && rm /etc/u/shop-new.service"
    assert f"before a rollback: {gone} && systemctl daemon-reload" in hint
    read = "-- setsid -w cat /srv/shop/units/shop-old.timer </dev/null"
    assert f"{read} | install -Dm 644 /dev/stdin /etc/u/shop-old.timer && test -s" in hint
    assert "systemctl enable --now shop-old.timer" in hint
    assert (
        "rm /etc/u/x.service.d/a.conf && systemctl daemon-reload && systemctl try-restart" in hint
    )
    assert "waive readiness.units.owned" in hint


def test_a_component_of_one_release_is_told_what_it_is() -> None:
    """Not that its program is missing, but that the previous release has no such unit."""
    system = described("supervisord")
    found = UnitFilesPlan(orphans=(OrphanUnitFile("shop-new.conf", "added"),))
    with pytest.raises(Refused, match="previous release does not have shop-new") as refused:
        checks.demand_both(found, system, system.components[0])  # type: ignore[arg-type]
    update = "supervisorctl -s unix:///run/s.sock update"
    assert refused.value.hint.endswith(f"before a rollback: rm /etc/u/shop-new.conf && {update}")
    gone = UnitFilesPlan(orphans=(OrphanUnitFile("shop-old.conf", "deleted"),))
    checks.demand_both(gone, system, system.components[0])  # type: ignore[arg-type]
