"""The environment of a unit: what its manager hands it, its variables, its environment files."""

from __future__ import annotations

import os
import pwd
import re
from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence

from ...files import lookup, reach
from .. import env_file
from .definition import EnvironmentFile, UnitDefinition

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
"""What systemd is built with: /sbin and /bin are links on its hosts."""


class Variables(NamedTuple):
    """The variables of a unit, and what is wrong with the files that set them.

    `problems` keep the unit from being started; `ignored` are lines that set nothing.
    """

    found: Dict[str, str]
    problems: List[str]
    ignored: List[str]


def handed(
    manager: str, environment: Mapping[str, str] | None, unit: UnitDefinition
) -> Dict[str, str]:
    """Return what a manager hands to a unit before the unit's own variables."""
    if manager == "supervisord":
        group, _, process = unit.unit.partition(":")
        own = {"ENABLED": "1", "GROUP_NAME": group, "PROCESS_NAME": process or group}
        return {
            **(environment or {"PATH": os.environ.get("PATH", PATH)}),
            **{f"SUPERVISOR_{name}": value for name, value in own.items()},
        }
    found = {"PATH": PATH, **(environment or {})}
    account = account_of(unit.user)
    return {**found, **of_account(account)} if account else found


NO_SHELL = re.compile(r"(?:/usr)?(?:/s?bin)/(?:nologin|false|true)")
NOBODY = 65534


def of_account(account: pwd.struct_passwd) -> Dict[str, str]:
    """Return what systemd sets of a unit's account: no home at "/", and no shell that is none.

    It takes nobody to have neither, whatever the host's list of accounts says.
    """
    found = {"LOGNAME": account.pw_name, "USER": account.pw_name}
    if account.pw_uid == NOBODY:
        return found
    if account.pw_dir.strip("/"):
        found["HOME"] = account.pw_dir
    if account.pw_shell and not NO_SHELL.fullmatch(account.pw_shell):
        found["SHELL"] = account.pw_shell
    return found


def account_of(user: str) -> pwd.struct_passwd | None:
    """Return an account by its name or number, None where there is none."""
    try:
        return pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        return None


def variables(
    base: Mapping[str, str],
    unit: UnitDefinition,
    more: Sequence[EnvironmentFile],
    real: Callable[[str], str],
) -> Variables:
    """Return the variables of a unit.

    Args:
        base: what its manager hands it.
        unit: what its files say.
        more: further files that are read, in order.
        real: gives the path at which a file is read instead.
    """
    result = Variables({**base, **unit.environment}, [], [])
    for file in (*unit.environment_files, *more):
        taken(result, file, real)
    for word in unit.unset:
        name, mark, value = word.partition("=")
        if name in result.found and (not mark or result.found[name] == value):
            del result.found[name]
    return result


def taken(result: Variables, file: EnvironmentFile, real: Callable[[str], str]) -> None:
    """Read one environment file, or all that match its pattern, into the result."""
    matched = lookup.matching(real(file.path)) if set("*?[") & set(file.path) else []
    paths = matched or [real(file.path)]
    for path in paths:
        try:
            text = reach.whole(path).decode("utf-8")
        except OSError as error:
            if not file.optional:
                words = f"its environment file {file.path} cannot be read: {error.strerror}"
                result.problems.append(words)
            continue
        except UnicodeDecodeError:
            if not file.optional:
                result.problems.append(f"its environment file {file.path} is not UTF-8")
            continue
        found = env_file.systemd(text) if file.reader == "systemd" else env_file.entries(text)
        for one in found:
            where = f"its environment file {file.path}, line {one.line}"
            if one.problem:
                result.problems.append(f"{where}: {one.problem}")
            elif one.warning:
                result.ignored.append(f"{where}: {one.warning}")
            else:
                result.found[one.key] = one.value
