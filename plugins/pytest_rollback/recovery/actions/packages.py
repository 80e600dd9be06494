"""Packages: each recorded one is installed in its version again, by its kept archive."""

from __future__ import annotations

from pytest_rollback.agent.messages.backup.packages import (
    PACKAGES_PLAN,
    PACKAGES_RETURN,
    PackagesPlan,
)
from pytest_rollback.agent.messages.services.units import RELOAD, ReloadRequest
from pytest_rollback.errors import Refused
from pytest_rollback.manifest import parts, requests
from pytest_rollback.manifest.release import PACKAGES
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import PATIENT, location, some
from pytest_rollback.recovery.strategies import packages
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look, asked, without_asking
from pytest_rollback.transport.call import Call

SECONDS = 3.0
"""What dpkg takes to read its database, whatever it installs."""

BYTES_A_SECOND = 5e6


def wanted(scope: Scope) -> bool:
    """Return whether a rollback brings packages back; in a release of packages alone, always."""
    system = scope.system
    if not parts.is_mixed(system):
        return PACKAGES in parts.names(system)
    return parts.is_chosen(system, PACKAGES, scope.only)


def spared(scope: Scope) -> str:
    """Return that packages stay, where a whole rollback would bring the previous ones back."""
    if PACKAGES not in parts.names(scope.system) or wanted(scope):
        return ""
    return (
        f"packages stay: they are those of {parts.words(scope.system, PACKAGES)}\n"
        "HINT: to have the previous ones, run the same command without --component"
    )


def installed(scope: Scope) -> Look[PackagesPlan]:
    """Return which packages are not as recorded; none with other strategies."""
    if not wanted(scope):
        return without_asking(PackagesPlan())
    request = packages(scope.system)._replace(location=location(scope))
    return asked(Call(PACKAGES_PLAN, request, PATIENT))


def pending_packages(scope: Scope) -> Look[tuple[str, ...]]:
    """Return the names of the packages that are not as recorded."""
    found = yield from installed(scope)
    return tuple(each.name for each in found.steps)


def returns(scope: Scope, found: PackagesPlan) -> tuple[Change, ...]:
    """Return one change for all packages, and one that has the service manager read unit files.

    Raises:
        Refused: an archive, or a kept file, is not as recorded.
    """
    if found.problems:
        raise Refused(
            f"{count(len(found.steps), 'package')} could not be brought back",
            findings=found.problems,
            hint="; ".join(dict.fromkeys(found.hints)),
        )
    changes = (_install(scope, found),) if found.steps else ()
    return (*changes, _read(scope)) if changes or found.unread else ()


def _install(scope: Scope, found: PackagesPlan) -> Change:
    system = scope.system
    budget = system.budgets.files
    request = packages(system)._replace(location=location(scope), seconds=budget)
    why = "; ".join(f"{each.name}: {each.why}" for each in found.steps)
    if found.lost:
        why += f"; cannot be undone, its archive is nowhere: {some(found.lost)}"
    return Change(
        Call(PACKAGES_RETURN, request, budget + PATIENT),
        f"install {', '.join(each.wanted for each in found.steps)}",
        why,
        SECONDS + found.bytes / BYTES_A_SECOND,
    )


def _read(scope: Scope) -> Change:
    system = scope.system
    request = ReloadRequest(location(scope), requests.manager(system))
    call = Call(RELOAD, request, system.budgets.services)
    return Change(call, "reload the service manager", "packages bring unit files", 1.0)


RETURN_PACKAGES = Action(
    "install recorded packages", "files", look=installed, plan=returns, spared=spared
)
