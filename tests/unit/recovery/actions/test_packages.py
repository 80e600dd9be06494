"""Packages are installed once and then read by the manager; what cannot come back is not begun."""

from __future__ import annotations

import tomllib

import pytest

from pytest_rollback.agent.messages.backup.packages import (
    PACKAGES_RETURN,
    PackagesPlan,
    PackageStep,
)
from pytest_rollback.agent.messages.services.units import RELOAD
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.load import parse
from pytest_rollback.recovery.action import Scope
from pytest_rollback.recovery.actions import RETURN_PACKAGES
from tests.unit.manifest.test_packages import SHOP

STEP = PackageStep("acme-shop", "acme-shop 2.0", "acme-shop 1.0 (all)", "version 2.0 is installed")


@pytest.fixture
def scope() -> Scope:
    """A rollback of the shop."""
    return Scope(parse(tomllib.loads(SHOP), "x"), run="r1")


@pytest.mark.parametrize(
    ("found", "routes"),
    [
        (PackagesPlan(), []),
        (PackagesPlan((STEP,), 1000), [PACKAGES_RETURN, RELOAD]),
        (PackagesPlan((STEP,), 1000, unread=True), [PACKAGES_RETURN, RELOAD]),
        (PackagesPlan(unread=True), [RELOAD]),
    ],
)
def test_what_is_left_is_planned(scope: Scope, found: PackagesPlan, routes: list[object]) -> None:
    """Both in this order; the reload alone where a run was killed between them."""
    changes = RETURN_PACKAGES.plan(scope, found)
    assert [each.call.route for each in changes] == routes


def test_what_cannot_be_undone_is_told(scope: Scope) -> None:
    """In the plan, before anything is changed."""
    (install, _) = RETURN_PACKAGES.plan(scope, PackagesPlan((STEP,), lost=("acme-shop 2.0",)))
    assert "cannot be undone" in install.why
    assert install.what == "install acme-shop 1.0 (all)"


def test_what_cannot_come_back_is_not_begun(scope: Scope) -> None:
    """With all reasons, and the way out."""
    found = PackagesPlan((STEP,), problems=("its archive is gone",), hints=("ls -l pool",))
    with pytest.raises(Refused) as caught:
        RETURN_PACKAGES.plan(scope, found)
    assert (caught.value.findings, caught.value.hint) == (("its archive is gone",), "ls -l pool")
