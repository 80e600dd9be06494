"""What a rollback has left to do below the root, seen before, half way and after."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import leftovers
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.leftovers import Leftovers, LeftoversRequest
from tests.unit.support.deployed import FILES, Deploy
from tests.unit.support.requests import located, selected

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """A release that was saved, deployed over, and rolled back by hand."""
    deploy = Deploy(tmp_path)
    deploy.save()
    deploy.overwrite()
    for path in FILES:
        deploy.copy(path).rename(deploy.root / path)
    return deploy


def look(
    deploy: Deploy, *, only: tuple[str, ...] = (), configuration: tuple[str, ...] = ("config/.env",)
) -> Leftovers:
    """Return what is left."""
    selection = selected(
        only=only,
        configuration=configuration,
        gateway=("core/gateway/**",),
        mesh=("core/mesh/*.py",),
    )
    return leftovers.look(LeftoversRequest(located(deploy.root, deploy.state), selection))


def test_nothing_is_left_after_a_rollback(deploy: Deploy) -> None:
    """Every file is counted where it belongs, and none differs."""
    found = look(deploy)

    assert {name: group.files for name, group in found.owners.items()} == {
        "gateway": 1,
        "mesh": 1,
        "shared": 0,
    }
    assert found.configuration.files == 1
    for group in found.groups:
        assert (group.differ, group.copies, group.left) == ({}, (), ())
    assert found.owners["shared"].added == 1


def test_a_file_that_is_not_as_recorded_says_how(deploy: Deploy) -> None:
    """Content, owner and mode, kind, absence: each by its own words."""
    live = deploy.root / "core/gateway/server.py"

    live.chmod(0o600)
    assert "0600, recorded as" in look(deploy).owners["gateway"].differ["core/gateway/server.py"]
    live.write_text("other")
    assert "differs from" in look(deploy).owners["gateway"].differ["core/gateway/server.py"]
    live.unlink()
    assert look(deploy).owners["gateway"].differ["core/gateway/server.py"] == "is missing"
    live.symlink_to("elsewhere")
    assert look(deploy).owners["gateway"].differ["core/gateway/server.py"] == "is a symlink"


def test_copies_and_added_files_that_are_left_are_named(deploy: Deploy) -> None:
    """A dangling link in the place of an added file is still something; strays are told apart."""
    deploy.put("core/mesh/mesh.py.backup", "x")
    deploy.put("old.backup", "x")
    (deploy.root / "core/new.py").symlink_to("nowhere")
    found = look(deploy)

    assert found.owners["mesh"].copies == ("core/mesh/mesh.py",)
    assert found.owners["shared"].left == ("core/new.py",)
    assert found.strays == ("old.backup",)


def test_only_the_asked_owners_are_looked_at(deploy: Deploy) -> None:
    """What was not rolled back is nobody's fault."""
    (deploy.root / "core/mesh/mesh.py").write_text("other")
    (deploy.root / "config/.env").write_text("other")
    found = look(deploy, only=("gateway",))

    assert set(found.owners) == {"gateway"}
    assert found.configuration.files == 0


def test_unit_files_of_the_release_are_configuration(deploy: Deploy) -> None:
    """By the directory that they are kept in."""
    found = look(deploy, configuration=("config/.env", "core/mesh"))

    assert found.configuration.files == 2
    assert found.owners["mesh"].files == 0


def test_without_a_record_nothing_is_restored(deploy: Deploy) -> None:
    """No record is a problem, not an empty list."""
    (deploy.state / "backups.json").unlink()

    with pytest.raises(HostError, match="no backup set is recorded"):
        look(deploy)


def test_a_file_that_was_only_touched_is_named_apart(deploy: Deploy) -> None:
    """Whoever writes the same bytes again sets its time; that is no other release."""
    os.utime(deploy.root / "core/gateway/server.py", (1, 1))
    found = look(deploy).owners["gateway"]

    assert (found.differ, found.touched) == ({}, ("core/gateway/server.py",))
