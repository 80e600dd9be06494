"""Actions on a host that hinders them: unit files, the guard, the page, the snapshot, defaults."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.rollback.default_configuration import (
    DEFAULTS_PLAN,
    DefaultsRequest,
)
from pytest_rollback.agent.messages.rollback.maintenance import PageRequest
from pytest_rollback.agent.messages.rollback.snapshot import LoggedComponent, SnapshotRequest
from pytest_rollback.agent.messages.rollback.start_guard import GuardRequest
from pytest_rollback.agent.messages.services.units import GUARD
from pytest_rollback.agent.rollback import snapshot, start_guard
from pytest_rollback.agent.rollback.maintenance import page
from pytest_rollback.agent.services import unit_file_states
from pytest_rollback.agent.state.journal import entries
from pytest_rollback.errors import Refused
from pytest_rollback.recovery import actions
from pytest_rollback.transport.call import Call
from tests.unit.recovery.site import Site, Systemd
from tests.unit.support import requests
from tests.unit.support.apart import injected, words

pytestmark = pytest.mark.usefixtures("systemd")

UNIT = "etc/units/gate.service"


def guard(site: Site) -> GuardRequest:
    """Return a request about the guard of the site's units."""
    return GuardRequest(site.location(), "systemd", None, str(site.units), ("gate", "mesh"))


def saving(site: Site, *components: LoggedComponent) -> SnapshotRequest:
    """Return a request for a snapshot."""
    where, units = site.location(), str(site.units)
    return SnapshotRequest(where, "systemd", None, (), units, (), components, None)


def test_a_unit_without_a_file_in_the_release_is_left_alone(site: Site) -> None:
    """What the release does not have cannot differ from what is installed."""
    site.path("etc/units/mesh.service").unlink()
    site.perform(actions.RESTORE_CONFIGURATION)
    site.perform(actions.INSTALL_UNITS)

    assert (site.units / "mesh.service").read_text() == "[Service]\nExecStart=previous mesh\n"
    assert unit_file_states.named("supervisord", "gate:worker") == "gate.conf"


def test_a_unit_file_that_is_recorded_and_not_there_is_no_empty_one(site: Site) -> None:
    """The configuration is restored first; until then nothing is installed."""
    site.path(UNIT).unlink()
    with pytest.raises(Refused, match=r"is not as recorded: gate\.service"):
        site.perform(actions.INSTALL_UNITS)

    assert (site.units / "gate.service").read_text().endswith("# current\n")


def test_a_unit_file_of_the_release_that_is_a_link_is_refused(site: Site) -> None:
    """Where it leads is not the release's to say."""
    site.path(UNIT).unlink()
    site.path(UNIT).symlink_to("/etc/passwd")
    with pytest.raises(Refused, match=r"'gate\.service' is a symlink"):
        site.plan(actions.INSTALL_UNITS)


def test_unit_files_that_change_after_the_plan_are_not_replaced(site: Site) -> None:
    """Neither is one that cannot be kept first."""
    site.perform(actions.RESTORE_CONFIGURATION)
    installed = site.units / "gate.service"
    installed.write_text("[Service]\nExecStart=failed\n")
    (change,) = site.plan(actions.INSTALL_UNITS)
    installed.write_text("[Service]\nExecStart=hotfix\n")
    with pytest.raises(Refused, match="unit files changed since the plan"):
        site.apply(change)
    (site.state / "runs/r1/evidence/units/gate.service").mkdir(parents=True)
    (change,) = site.plan(actions.INSTALL_UNITS)
    with pytest.raises(Exception, match=r"units/gate\.service in the evidence is a directory"):
        site.apply(change)

    assert installed.read_text() == "[Service]\nExecStart=hotfix\n"


def test_the_guard_stays_while_files_are_half_restored(site: Site) -> None:
    """Whoever asks: nothing may start on a mixed tree."""
    site.perform(actions.GUARD_ON)
    (change,) = site.plan(actions.RESTORE_FILES)
    said = injected(lambda: words(lambda: _asked(site, change)), "linkat:error=EIO:when=1")
    assert "Input/output error" in said
    with pytest.raises(HostError, match="the files are not completely restored; no unit may start"):
        start_guard.off(guard(site))

    assert drop_in(site).exists()
    site.perform(actions.RESTORE_FILES)
    site.perform(actions.GUARD_OFF)
    assert not (site.units / "gate.service.d").exists()


def drop_in(site: Site) -> Path:
    """Return the guard of this system at its unit."""
    (found,) = (site.units / "gate.service.d").glob(f"{GUARD}*.conf")
    return found


def _asked(site: Site, change: Any) -> None:  # noqa: ANN401 - a change of the plan
    """Ask for a change; how it is refused here is the agent's own word."""
    try:
        site.apply(change)
    except Exception as error:
        raise OSError(str(error)) from error


def test_drop_ins_of_others_stay(site: Site) -> None:
    """The directory goes only when it was left empty; what keeps it is told."""
    other = site.units / "gate.service.d" / "limits.conf"
    other.parent.mkdir()
    other.write_text("[Service]\nLimitNOFILE=100\n")
    site.perform(actions.GUARD_ON)
    ours = drop_in(site)
    said = injected(
        lambda: words(lambda: start_guard.off(guard(site))), "unlinkat:error=EIO:when=5"
    )
    assert said == f"HostError: {ours}: Input/output error"
    site.perform(actions.GUARD_OFF)

    assert [path.name for path in other.parent.iterdir()] == ["limits.conf"]
    assert not (site.units / "mesh.service.d").exists()


def test_an_edge_whose_page_is_gone_is_reloaded_all_the_same(site: Site) -> None:
    """It may not have been told since; there is nothing to move."""
    reload = tuple(site.system.maintenance.reload) if site.system.maintenance else ()
    page.off(PageRequest(site.location(), str(site.page), "back soon", reload=reload))

    assert site.log.read_text() == "reload "
    assert site.evidence() == set()


def missing(site: Site, run: str = "r1") -> list[str]:
    """Return what a run's snapshot could not read, as it wrote it down."""
    (said,) = (
        each
        for each in entries(str(site.state / "runs" / run / "changes"))
        if each["event"] == "snapshot done"
    )
    found: list[str] = said["missing"]
    return found


def test_a_host_in_trouble_is_saved_as_far_as_it_can_be_read(site: Site, systemd: Systemd) -> None:
    """What is missing is listed; the other files, logs and states are there."""
    (systemd.folder / "offline").touch()
    os.mkfifo(site.home / "mesh.log")
    site.path("etc/link").symlink_to("/etc/shadow")
    components = (
        LoggedComponent("gate", "gate", ("journal",)),
        LoggedComponent("mesh", "mesh", (str(site.home / "mesh.log"),)),
    )
    journalctl = site.home / "bin" / "journalctl"
    journalctl.write_text("#!/bin/sh\necho 'the last line of the gate'\necho broken >&2\nexit 1\n")
    journalctl.chmod(0o755)
    configuration = ("etc/app.env", "etc/link", "etc/none")
    request = saving(site, *components)
    request = request._replace(configuration=configuration, unit_files=("gone",))
    first = snapshot.take(request)
    assert snapshot.take(request) == first

    assert sorted(missing(site)) == [
        f"{site.home}/mesh.log: is not a regular file",
        f"{site.root}/etc/link: 'link' is a symlink",
        f"{site.root}/etc/none: No such file or directory",
        f"{site.units}/gone: No such file or directory",
        "the journal of gate: broken",
    ]
    place = site.state / "runs/r1/snapshot"
    assert (place / "logs/gate.log").read_text() == "the last line of the gate\n"
    assert (place / "configuration/etc/app.env").exists()
    assert (
        "not been booted with systemd" in json.loads((place / "units.json").read_text())["problem"]
    )


def test_a_snapshot_says_which_commit_the_repository_is_at(site: Site) -> None:
    """None where it has none; a journal that answers is kept without a word of trouble."""
    journalctl = site.home / "bin" / "journalctl"
    journalctl.write_text("#!/bin/sh\necho 'up'\n")
    journalctl.chmod(0o755)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(site.root)]
    request = saving(site, LoggedComponent("gate", "gate", ("journal",)))
    heads = []
    for number, words_ in enumerate((["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"])):
        subprocess.run([*git, *words_], check=True)
        where = site.location(f"r{number}")
        snapshot.take(request._replace(location=where, directory=None, git=str(site.root)))
        assert missing(site, f"r{number}") == []
        place = site.state / "runs" / f"r{number}" / "snapshot"
        heads.append(json.loads((place / "git.json").read_text())["head"])
        assert (place / "logs/gate.log").read_text() == "up\n"

    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    assert heads == [None, head.stdout.strip()]


def test_a_default_takes_the_place_of_nothing(site: Site) -> None:
    """A file that is missing, and that no deploy changed, gets its default, for its owner alone."""
    site.put("etc/defaults/limits.json", '{"most": 1}')
    site.describe(configuration={"files": ["etc/limits.json"], "defaults": "etc/defaults"})
    scope = replace(site.scope(), defaults=True)
    site.perform(actions.USE_DEFAULTS, scope)
    default = site.path("etc/limits.json")
    assert default.read_text() == '{"most": 1}'
    assert default.stat().st_mode & 0o777 == 0o600
    site.undo()

    assert not default.exists()


@pytest.mark.parametrize(
    ("name", "live", "default", "told"),
    [
        ("a.json", '{"half": 1', '{"come": 1}', ("+come",)),
        ("a.json", '{"half": 1', "[1]", ()),
        ("a.env", "SAME=1\nGONE=2\nOLD=3\nbroken\n", "SAME=1\nOLD=4\n", ("-GONE", "~OLD")),
    ],
)
def test_of_secret_files_the_keys_alone_are_told(
    site: Site, name: str, live: str, default: str, told: tuple[str, ...]
) -> None:
    """What goes, comes and changes; of what is no object, nothing is known by name."""
    site.put(f"etc/{name}", live)
    site.put(f"etc/defaults/{name}", default)
    site.describe(configuration={"files": [f"etc/{name}"], "defaults": "etc/defaults"})
    selection = requests.selected(secrets=(f"etc/{name}",))
    request = DefaultsRequest(site.location(), selection, (f"etc/{name}",), "etc/defaults")
    found = site.connection.ask(Call(DEFAULTS_PLAN, request))

    assert [each.diff for each in found.files] == [told]
