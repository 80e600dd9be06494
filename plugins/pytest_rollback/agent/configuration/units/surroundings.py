"""A unit as it will run: user, groups, directory, interpreter, environment, and what it lacks."""

from __future__ import annotations

import grp
import os
from typing import Dict, Iterator, NamedTuple, Sequence, Tuple

from ...files import lookup, reach
from ...system.command import surroundings as plain
from . import environment, program
from .definition import EnvironmentFile, TriedTree, UnitCommand, UnitDefinition
from .manager import ManagerFacts
from .systemd import STARTS


class Surroundings(NamedTuple):
    """How a unit will run.

    `user` is "" where it cannot be told, `directory` an absolute path of the live tree.
    `missing` is what it refers to that is not there; `problem` keeps it from having an environment.
    """

    unit: UnitDefinition
    user: str
    directory: str
    program: program.Program
    environment: Dict[str, str]
    missing: Tuple[str, ...]
    ignored: Tuple[str, ...]
    problem: str = ""

    @property
    def groups(self) -> Tuple[str, ...]:
        """The groups that the unit names, its own first."""
        return tuple(filter(None, (self.unit.group, *self.unit.groups)))


def derived(
    manager: ManagerFacts,
    unit: UnitDefinition,
    tree: TriedTree,
    more: Sequence[EnvironmentFile] = (),
) -> Surroundings:
    """Return how a unit will run, by what its files say.

    Args:
        manager: the manager that has it.
        unit: what its files say.
        tree: where the tree lies that it will run in.
        more: environment files that it reads without its files saying so.
    """
    systemd = manager.name == "systemd"
    user = unit.user or ("root" if systemd else manager.user)
    directory = placed(unit, user, "/" if systemd else manager.place)
    base = environment.handed(manager.name, manager.environment, unit)
    if not systemd and manager.environment is None:
        base = {**plain(), **base}
    found = environment.variables(base, unit, more, tree.real)
    site = program.CommandSite(directory, found.found.get("PATH", environment.PATH), tree.real)
    ran = program.found(unit.main.argv, site) if unit.main else program.Program()
    if ran.sourced:
        read = [
            EnvironmentFile(os.path.join(directory, each), reader="shell") for each in ran.sourced
        ]
        found = environment.variables(base, unit, [*more, *read], tree.real)
    lacks = (*unit.faults, *missing(unit, directory, site, systemd=systemd))
    problem = found.problems[0] if found.problems else ""
    return Surroundings(
        unit,
        user,
        directory,
        ran,
        found.found,
        tuple(dict.fromkeys((*lacks, *found.problems))),
        tuple(found.ignored),
        problem,
    )


def placed(unit: UnitDefinition, user: str, usual: str) -> str:
    """Return the working directory of a unit; `usual` is that of a unit that names none."""
    account = environment.account_of(user)
    if unit.home:
        return account.pw_dir if account else "/"
    return os.path.expanduser(unit.directory) if unit.directory else usual


def missing(
    unit: UnitDefinition, directory: str, site: program.CommandSite, *, systemd: bool
) -> Iterator[str]:
    """Yield what a unit refers to that is not on this host."""
    key = "WorkingDirectory" if systemd else "directory"
    needed = unit.directory and not unit.directory_optional
    if needed and lookup.kind(site.real(directory)) != "directory":
        yield f"{key}: {directory} is no directory"
    if unit.user and environment.account_of(unit.user) is None:
        yield f"{'User' if systemd else 'user'}: there is no account {unit.user}"
    for group in filter(None, (unit.group, *unit.groups)):
        if not has_group(group):
            yield f"Group: there is no group {group}"
    for command in unit.commands:
        if not command.optional and command.key in (*STARTS, "command"):
            yield from of_command(command, site)
    logs = os.path.dirname(unit.log)
    if unit.log.startswith("/") and lookup.kind(site.real(logs)) != "directory":
        log = "StandardOutput" if systemd else "stdout_logfile"
        yield f"{log}: {logs} is no directory"


def has_group(name: str) -> bool:
    """Return whether a group exists, by its name or number."""
    try:
        return bool(grp.getgrgid(int(name)) if name.isdigit() else grp.getgrnam(name))
    except KeyError:
        return False


def of_command(command: UnitCommand, site: program.CommandSite) -> Iterator[str]:
    """Yield the programs and scripts of a command that are not there, or cannot be executed."""
    for position, path in enumerate(dict.fromkeys(program.found(command.argv, site).files)):
        if "$" in path:
            continue  # a variable, which the file alone does not tell
        real = site.real(path)
        if not os.path.isabs(path):
            yield f"{command.key}: the program {path} is not found"
        elif lookup.kind(real) != "file":
            yield f"{command.key}: {path} does not exist"
        elif position == 0 and not reach.status(real).st_mode & 0o111:
            yield f"{command.key}: {path} is not executable"
