"""The database as an action: no plan when the dump is live, a refusal when it cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import Refused
from pytest_rollback.extras.database.action import RESTORE_DATABASE
from tests.unit.recovery.site import Site
from tests.unit.support.databases import Base, base


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A deployed site without an edge that could be asked."""
    return Site(tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[Base]:
    """A server with a database and a dump of its previous release."""
    with base() as found:
        yield found


def describe(site: Site, server: Base, **more: object) -> None:
    """Have the site's rollback restore the database."""
    access = server.access()._asdict()
    keys = ("name", "dump", "host", "port", "user", "tools")
    site.describe(database={**{key: access[key] for key in keys}, "restore": True, **more})


def test_the_plan_is_carried_out_found_empty_and_undone(site: Site, server: Base) -> None:
    """Through the gate's own steps, with the undo of the whole run; a second run does nothing."""
    server.fresh()
    os.utime(server.dump, (1, 1))  # of before the deploy of the site
    describe(site, server)
    (change,) = site.plan(RESTORE_DATABASE)
    assert change.what == "restore the database shop and swap it in"
    assert site.perform(RESTORE_DATABASE) == 1
    assert server.release() == "previous"
    assert site.plan(RESTORE_DATABASE, site.scope("r2")) == ()
    site.undo()

    assert server.release() == "current"


def test_a_rollback_that_is_not_told_to_restores_none(site: Site, server: Base) -> None:
    """Where it is not described or not wanted, and where other components go on using it."""
    assert site.plan(RESTORE_DATABASE) == ()
    describe(site, server, restore=False)
    assert site.plan(RESTORE_DATABASE) == ()
    describe(site, server)

    some = site.scope(only=["gate"])
    assert site.plan(RESTORE_DATABASE, some) == ()
    assert "the database shop is not restored" in RESTORE_DATABASE.spared(some)
    assert RESTORE_DATABASE.spared(site.scope()) == ""


def test_what_stands_in_the_way_refuses_the_plan(site: Site, server: Base) -> None:
    """All of it at once, each with its way out; and a server that is down refuses as well."""
    server.fresh()
    describe(site, server, user="plain", dump=str(server.home / "nothing"))
    with pytest.raises(Refused, match="shop cannot be restored") as caught:
        site.plan(RESTORE_DATABASE)
    assert len(caught.value.findings) == 3
    assert 'ALTER ROLE "plain" CREATEDB;' in caught.value.hint
    describe(site, server, port=1)
    with pytest.raises(Refused, match="no database server listens") as caught:
        site.plan(RESTORE_DATABASE)
    assert "start it" in caught.value.hint
