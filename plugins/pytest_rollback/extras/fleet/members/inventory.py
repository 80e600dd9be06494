"""The hosts of a fleet: by Ansible's own inventory and patterns, or from a plain list.

Promise: a host that would be reached otherwise than Ansible reaches it is refused, and not guessed,
where Ansible itself is not the carrier; so are an empty inventory, a pattern that matches nobody,
and one host under two names.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.fleet.judge import named
from pytest_rollback.extras.fleet.members.addresses import refuse_twice
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.transport.ansible import ansible_line, play_process

PATIENCE = 60.0
"""Seconds for an inventory, which may be a program that asks a cloud."""

USED = {
    "host": "ansible_host",
    "user": "ansible_user",
    "port": "ansible_port",
    "key": "ansible_ssh_private_key_file",
}
"""The variables that say how a host is reached."""

UNUSED = (
    *("ansible_ssh_common_args", "ansible_ssh_extra_args", "ansible_ssh_args", "ansible_password"),
    *("ansible_ssh_pass", "ansible_ssh_executable"),
)
"""Variables that would lead to the host in another way; ssh's configuration can say it too."""

LISTED = re.compile(r"^ {4}(\S+)$", re.MULTILINE)
NAME = re.compile(r"[^-\s@/?][^\s@/?]*")


class FleetMember(NamedTuple):
    """One host: its name, and how it is reached, as `connection` of `[target]` has it."""

    name: str
    connection: str


def members(fleet: Fleet, folder: Path, connection: str) -> tuple[FleetMember, ...]:
    """Return the hosts of a fleet in their order.

    Args:
        fleet: the table of rollback.toml.
        folder: where that lies: the path of an inventory begins there.
        connection: that of `[target]`; what stands behind its `?` holds for each host.

    Raises:
        UsageError: there is none, one is there twice, or one cannot be reached as it is described.
    """
    options = connection.partition("?")[2]
    found = (
        tuple(_of_ansible(fleet.hosts, folder / fleet.inventory, options, fleet.carrier))
        if isinstance(fleet.hosts, str)
        else tuple(_listed(each, options) for each in fleet.hosts)
    )
    if not found:
        raise UsageError("the fleet has no host", hint="name some in hosts of [fleet]")
    if fleet.carrier == "ssh":  # where Ansible leads is asked of each host, by the survey
        refuse_twice({each.name: each.connection for each in found}, len(found))
    names = [each.name for each in found]
    if fleet.canary and fleet.canary not in names:
        raise UsageError(
            f"the canary {fleet.canary} is no host of the fleet",
            hint=f"canary in [fleet] is one of: {named(names, 8)}",
        )
    return found


def limited(found: Sequence[FleetMember], pattern: str) -> tuple[FleetMember, ...]:
    """Return the hosts that a pattern names: their names, with `*` and `?`, between commas.

    Raises:
        UsageError: a part of it names nobody.
    """
    parts = [each.strip() for each in pattern.split(",") if each.strip()]
    for part in parts:
        if not any(fnmatchcase(each.name, part) for each in found):
            raise UsageError(
                f"--limit={pattern}: no host of the fleet is called {part}",
                hint=f"its hosts are: {named([each.name for each in found], 8)}",
            )
    return tuple(each for each in found if any(fnmatchcase(each.name, part) for part in parts))


def _listed(address: str, options: str) -> FleetMember:
    query = f"?{options}" if options else ""
    return FleetMember(address.rpartition("@")[2], f"ssh://{address}{query}")


def _of_ansible(pattern: str, path: Path, options: str, carrier: str) -> Iterator[FleetMember]:
    """Yield the hosts that a pattern matches, each as its carrier reaches it.

    Raises:
        UsageError: the inventory cannot be read, or the pattern matches nobody.
    """
    data = json.loads(asked("ansible-inventory", path, "--list"))
    variables: Mapping[str, Any] = data.get("_meta", {}).get("hostvars", {})
    groups = [name for name in data if name not in {"_meta", "all"}]
    if not any(data[each].get("hosts") for each in groups):
        raise UsageError(f"{path} has no host", hint=f"ansible-inventory -i {path} --graph")
    names = LISTED.findall(asked("ansible", path, pattern, "--list-hosts"))
    if not names:
        known = ", ".join(groups) or "none"
        raise UsageError(
            f"hosts = {pattern!r} matches no host of {path}", hint=f"its groups are: {known}"
        )
    for name in names:
        yield (
            carried(name, path.absolute())
            if carrier == "ansible"
            else described(name, variables.get(name, {}), options)
        )


def carried(name: str, path: Path) -> FleetMember:
    """Return a host of an inventory as Ansible itself reaches it.

    Raises:
        UsageError: its name is a pattern as well.
    """
    if not ansible_line.NAME.fullmatch(name):
        raise UsageError(
            f"{name}: expected a name of letters, digits, '.', '-' and '_'",
            hint=f"call it by such a name in {path}, with its address in ansible_host",
        )
    return FleetMember(name, ansible_line.connection_to(name, path))


def described(name: str, variables: Mapping[str, Any], options: str) -> FleetMember:
    """Return a host as its variables describe it.

    Raises:
        UsageError: they say something that ssh alone would not do.
    """
    unused = [each for each in UNUSED if variables.get(each)]
    how = variables.get("ansible_connection", "ssh")
    if unused or how not in {"ssh", "smart"}:
        said = ", ".join(unused) or f"ansible_connection = {how}"
        raise UsageError(
            f"{name}: {said} is not used here, so that another way would lead to it",
            hint=f'set carrier = "ansible" in [fleet]; or say the same for {name} in '
            "~/.ssh/config, which Ansible reads as well",
        )
    told = {key: str(variables.get(each) or "") for key, each in USED.items()}
    where = told["host"] or name
    if not NAME.fullmatch(where) or "{{" in "".join(told.values()):
        raise UsageError(
            f"{name}: {where!r} is no address",
            hint="give ansible_host and its like plain values: no templates are filled in here",
        )
    bare = f"[{where}]" if ":" in where else where
    user, port = (f"{told['user']}@" if told["user"] else ""), told["port"]
    key = f"ssh_identity_file={Path(told['key']).expanduser()}" if told["key"] else ""
    query = "&".join(filter(None, (options, key)))
    address = f"{user}{bare}{f':{port}' if port else ''}"
    return FleetMember(name, f"ssh://{address}{f'?{query}' if query else ''}")


def asked(program: str, path: Path, *words: str) -> str:
    """Return what a program of Ansible prints about an inventory.

    Raises:
        UsageError: it is not installed, or cannot read the inventory.
    """
    there = play_process.program(program)
    if there is None:
        raise UsageError(
            f"{program} is not installed, and the fleet's hosts are in {path}",
            hint="pip install 'pytest-rollback[fleet]', or apt-get install ansible-core; or list "
            "the addresses in hosts of [fleet]",
        )
    if not path.exists():
        raise UsageError(f"{path} is not there", hint="correct inventory in [fleet]")
    more = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1", "ANSIBLE_NOCOLOR": "1"}
    command = [there, "-i", str(path), *words]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(
            f"{program} did not read {path} within {PATIENCE:.0f} s", hint=" ".join(command)
        ) from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UsageError(
            f"{program} cannot read {path}: {said[-1] if said else 'it says nothing'}",
            hint=" ".join(command),
        )
    return done.stdout
