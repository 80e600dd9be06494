"""Issue 2, 'Reset to default configuration': the last resort, for who confirmed it."""

from __future__ import annotations

from pytest_rollback.agent.messages.rollback.default_configuration import (
    DEFAULTS_PLAN,
    DefaultsPlan,
    DefaultsRequest,
)
from pytest_rollback.agent.messages.rollback.default_configuration import USE_DEFAULTS as USE
from pytest_rollback.errors import Refused
from pytest_rollback.recovery.action import Action, Change, Scope
from pytest_rollback.recovery.actions.requests import (
    PATIENT,
    copying_time,
    location,
    selection,
    some,
)
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.batch import Look, asked, without_asking
from pytest_rollback.transport.call import Call


def request(scope: Scope, digest: str = "") -> DefaultsRequest:
    """Return what a request about defaults states."""
    described = scope.system.configuration
    return DefaultsRequest(
        location(scope), selection(scope), described.files, described.defaults or "", digest
    )


def broken(scope: Scope) -> Look[DefaultsPlan]:
    """Return the configuration files that a restore cannot make readable, and their defaults."""
    if not (scope.defaults and scope.system.configuration.defaults):
        return without_asking(DefaultsPlan())
    return asked(Call(DEFAULTS_PLAN, request(scope), PATIENT))


def resets(scope: Scope, found: DefaultsPlan) -> tuple[Change, ...]:
    """Return one change that puts the defaults of broken files in their place.

    Raises:
        Refused: one of them has no default that could be read.
    """
    if found.lacking:
        raise Refused(
            f"no default for {count(len(found.lacking), 'broken configuration file')}",
            findings=[f"{path}: {why}" for path, why in found.lacking.items()],
            hint=f"add readable defaults to {scope.system.configuration.defaults}",
        )
    if not found.files:
        return ()
    paths = [each.path for each in found.files]
    return (
        Change(
            Call(USE, request(scope, found.digest), scope.system.budgets.configuration),
            f"replace {some(paths)} by the default configuration",
            "; ".join(f"{each.path}: {each.why}; {', '.join(each.diff)}" for each in found.files),
            copying_time(len(paths)),
        ),
    )


USE_DEFAULTS = Action(
    "fall back to the default configuration", "configuration", look=broken, plan=resets
)
