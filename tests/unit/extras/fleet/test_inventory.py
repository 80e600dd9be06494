"""The hosts of a fleet: Ansible's own answer, or a list; what cannot be true is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.fleet.members import inventory
from pytest_rollback.extras.fleet.members.inventory import FleetMember, limited, members
from pytest_rollback.manifest.fleet import Fleet

INVENTORY = """
web:
  hosts:
    web1: {ansible_host: 192.0.2.1, ansible_user: deploy, ansible_port: 2222}
    web2: {ansible_host: 192.0.2.2, ansible_ssh_private_key_file: /keys/web}
    web3: {ansible_host: 192.0.2.3}
db:
  hosts:
    db1: {ansible_host: 192.0.2.9}
"""
needs_ansible = pytest.mark.skipif(
    shutil.which("ansible-inventory") is None, reason="not run: install ansible-core"
)


def found(folder: Path, text: str, hosts: str = "web", **more: object) -> list[tuple[str, str]]:
    """Return the hosts of an inventory with this text."""
    (folder / "hosts.yml").write_text(text)
    fleet = Fleet.model_validate({"inventory": "hosts.yml", "hosts": hosts, **more})
    return [*members(fleet, folder, "ssh://any")]


@needs_ansible
def test_hosts_and_addresses_are_those_of_ansible(tmp_path: Path) -> None:
    """Name, user, port and key of each; the order is that of Ansible."""
    assert found(tmp_path, INVENTORY) == [
        ("web1", "ssh://deploy@192.0.2.1:2222"),
        ("web2", "ssh://192.0.2.2?ssh_identity_file=/keys/web"),
        ("web3", "ssh://192.0.2.3"),
    ]


@needs_ansible
def test_a_pattern_is_one_of_ansible(tmp_path: Path) -> None:
    """Also one that leaves hosts out."""
    assert [name for name, _ in found(tmp_path, INVENTORY, "all:!db:!web2")] == ["web1", "web3"]


@needs_ansible
@pytest.mark.parametrize(
    ("text", "hosts", "said", "hint"),
    [
        (INVENTORY, "wbe", "'wbe' matches no host", "its groups are: db, web"),
        ("web:\n  hosts: {}\n", "web", "has no host", "ansible-inventory -i"),
        ("web: [", "web", "cannot read", "ansible-inventory -i"),
        (
            INVENTORY.replace("192.0.2.3", "192.0.2.2"),
            "web",
            "web2 and web3 are one host: both lead to 192.0.2.2:22",
            "leave one of both out",
        ),
        (
            INVENTORY.replace("192.0.2.3", "192.0.2.3, ansible_connection: winrm"),
            "web",
            "ansible_connection = winrm is not used here",
            'carrier = "ansible"',
        ),
        (
            INVENTORY.replace("192.0.2.3", "'192.0.2.3', ansible_ssh_common_args: -J jump"),
            "web",
            "web3: ansible_ssh_common_args is not used here",
            "~/.ssh/config",
        ),
    ],
)
def test_what_cannot_be_rolled_is_refused(
    tmp_path: Path, text: str, hosts: str, said: str, hint: str
) -> None:
    """With one message and what to do."""
    with pytest.raises(UsageError) as refused:
        found(tmp_path, text, hosts)
    assert (said in refused.value.message, hint in refused.value.hint) == (True, True), str(
        refused.value
    )


@needs_ansible
def test_with_ansible_as_the_carrier_nothing_of_it_is_refused(tmp_path: Path) -> None:
    """It is asked for each host by name; a name that is a pattern as well is none."""
    odd = INVENTORY.replace("192.0.2.3", "'192.0.2.3', ansible_connection: podman")
    carried = found(tmp_path, odd, carrier="ansible")
    where = f"?ansible_inventory={tmp_path}/hosts.yml"
    assert carried == [(f"web{n}", f"ansible://web{n}{where}") for n in (1, 2, 3)]
    with pytest.raises(UsageError, match=r"web3!: expected a name of letters"):
        found(tmp_path, odd.replace("web3:", "'web3!':"), carrier="ansible")


@needs_ansible
def test_a_canary_that_is_no_member_is_refused(tmp_path: Path) -> None:
    """Nobody else takes its place."""
    with pytest.raises(UsageError, match="the canary db1 is no host of the fleet"):
        found(tmp_path, INVENTORY, canary="db1")


def test_without_ansible_its_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the list that needs none."""
    monkeypatch.setattr(inventory.play_process, "program", lambda _: None)
    with pytest.raises(UsageError, match="ansible-inventory is not installed") as refused:
        found(tmp_path, INVENTORY)
    assert "pip install 'pytest-rollback[fleet]'" in refused.value.hint


def listed(*hosts: str, connection: str = "ssh://any") -> list[tuple[str, str]]:
    """Return the hosts of a plain list."""
    return [*members(Fleet.model_validate({"hosts": hosts}), Path(), connection)]


def test_a_plain_list_needs_no_inventory() -> None:
    """What stands behind the `?` of the target's connection holds for each host."""
    assert listed("web1.example", "deploy@192.0.2.2:23", connection="ssh://a?timeout=3") == [
        ("web1.example", "ssh://web1.example?timeout=3"),
        ("192.0.2.2:23", "ssh://deploy@192.0.2.2:23?timeout=3"),
    ]


@pytest.mark.parametrize(
    ("hosts", "said"),
    [
        (("192.0.2.1", "a@192.0.2.1"), "listed twice by one name"),
        (("localhost", "127.0.0.1"), "localhost and 127.0.0.1 are one host"),
        ((), "the fleet has no host"),
    ],
)
def test_one_host_by_two_names_is_refused(hosts: tuple[str, ...], said: str) -> None:
    """It would be rolled back twice at once, and counted as two for the quorum."""
    with pytest.raises(UsageError, match=said):
        listed(*hosts)


def test_names_of_the_users_own_configuration_are_followed(tmp_path: Path) -> None:
    """Two names in it that lead to one address are one host."""
    config = tmp_path / "config"
    config.write_text("Host a b\n  HostName 192.0.2.7\nHost c\n  HostName 192.0.2.8\n")
    where = f"ssh://any?ssh_config={config}"
    assert len(listed("a", "c", connection=where)) == 2
    with pytest.raises(UsageError, match="a and b are one host: both lead to"):
        listed("a", "b", connection=where)


def test_some_hosts_are_chosen_by_name() -> None:
    """In the order of the fleet, each once; a part that names nobody is a slip."""
    all_ = [FleetMember(f"web{n}", "ssh://any") for n in (1, 2, 3, 11)]
    assert [name for name, _ in limited(all_, "web3, web1*,web1")] == ["web1", "web3", "web11"]
    with pytest.raises(UsageError, match="no host of the fleet is called db1"):
        limited(all_, "web1,db1")
