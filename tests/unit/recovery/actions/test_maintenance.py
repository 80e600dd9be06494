"""The maintenance page: shown in one step, never through a link, lifted from healthy services."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.rollback.maintenance.page import is_reloaded
from pytest_rollback.errors import Refused, Unfinished
from pytest_rollback.manifest import requests
from pytest_rollback.recovery import actions
from pytest_rollback.transport.batch import look
from tests.unit.recovery.site import Site, Systemd, edge


@pytest.fixture
def faced(tmp_path: Path) -> Site:
    """A site with an edge that is asked."""
    return Site(tmp_path / "faced", edge=True)


def reloads(site: Site) -> int:
    """Return how often the edge was reloaded."""
    return site.log.read_text().count("reload") if site.log.exists() else 0


def test_the_page_is_written_the_edge_reloaded_and_users_get_it(faced: Site) -> None:
    """Done is when the edge answers with the page; then there is nothing left to do."""
    with edge(faced):
        assert faced.perform(actions.MAINTENANCE_ON) == 1
        assert faced.perform(actions.MAINTENANCE_ON) == 0

    assert faced.page.read_text() == "back soon\n"
    assert faced.page.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in faced.www.iterdir()] == ["maintenance.html"]
    assert reloads(faced) == 1


def test_a_page_that_routes_nothing_is_not_done(
    faced: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written is not shown: an edge that still answers with the system is told with its answer."""
    monkeypatch.setattr("pytest_rollback.agent.rollback.maintenance.page.PATIENCE", 0.3)
    with edge(faced, routed=False):
        (change,) = faced.plan(actions.MAINTENANCE_ON)
        with pytest.raises(Unfinished, match="does not answer as expected"):
            faced.apply(change)
        (again,) = faced.plan(actions.MAINTENANCE_ON)

    assert again.why == "the edge: answered 200, not 503"


def test_without_an_edge_to_ask_the_reload_of_this_run_counts(site: Site) -> None:
    """Where nothing can be asked, the page is done once this run had the edge reload."""
    site.page.write_text("back soon\n")
    assert site.perform(actions.MAINTENANCE_ON) == 1
    assert site.perform(actions.MAINTENANCE_ON) == 0

    assert reloads(site) == 1


def test_the_check_comes_before_the_reload(site: Site) -> None:
    """An edge whose configuration is bad is not reloaded; its words are told."""
    document = site.document()["maintenance"]
    check = ["sh", "-c", "echo unknown directive >&2; exit 1"]
    site.describe(maintenance={**document, "check": check})
    (change,) = site.plan(actions.MAINTENANCE_ON)
    with pytest.raises(Unfinished, match="the check of the edge failed: unknown directive"):
        site.apply(change)
    assert reloads(site) == 0

    site.describe(maintenance={**document, "check": ["true"]})
    assert site.perform(actions.MAINTENANCE_ON) == 1
    assert reloads(site) == 1


@pytest.mark.parametrize("kind", ["symlink", "directory"])
def test_nothing_is_written_through_what_is_no_page(site: Site, kind: str) -> None:
    """A link, whoever made it, is refused with its target untouched; so is a directory."""
    (change,) = site.plan(actions.MAINTENANCE_ON)
    victim = site.home / "victim.conf"
    victim.write_text("mine")
    if kind == "symlink":
        site.page.symlink_to(victim)
    else:
        site.page.mkdir()
    for attempt in (lambda: site.plan(actions.MAINTENANCE_ON), lambda: site.apply(change)):
        with pytest.raises(Refused, match=f"is a {kind}") as caught:
            attempt()

        assert "ls -ld" in caught.value.hint
    assert victim.read_text() == "mine"


def test_somebody_elses_page_is_kept(site: Site) -> None:
    """A page that says something else is replaced, and lies in the evidence."""
    site.page.write_text("planned work")
    site.perform(actions.MAINTENANCE_ON)

    assert site.page.read_text() == "back soon\n"
    assert site.evidence() == {"replaced/maintenance.html"}


def test_maintenance_stays_on_until_services_are_healthy(
    faced: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a required component is unwell the plan is refused; a rehearsal foresees it well."""
    Systemd(faced)
    monkeypatch.setenv("PATH", f"{faced.home / 'bin'}:/usr/bin:/bin")
    with edge(faced):
        faced.perform(actions.MAINTENANCE_ON)
        with pytest.raises(Refused, match="maintenance page is kept") as caught:
            faced.plan(actions.MAINTENANCE_OFF)
        assert {line.partition(":")[0] for line in caught.value.findings} == {"gate", "mesh"}
        assert faced.page.exists()

        scope = faced.scope()
        found = look(faced.connection, actions.MAINTENANCE_OFF.look(scope))
        ahead = actions.MAINTENANCE_OFF.plan(scope, actions.MAINTENANCE_OFF.assuming(scope, found))
        assert [change.call.name for change in ahead] == ["page.off"]


def test_the_page_goes_once_services_are_healthy(
    faced: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users get the system again, and the page lies in the evidence."""
    systemd = Systemd(faced)
    monkeypatch.setenv("PATH", f"{faced.home / 'bin'}:/usr/bin:/bin")
    try:
        with edge(faced):
            faced.perform(actions.MAINTENANCE_ON)
            faced.perform(actions.START)
            assert faced.perform(actions.MAINTENANCE_OFF) == 1
            assert faced.perform(actions.MAINTENANCE_OFF) == 0
    finally:
        systemd.end()

    assert not faced.page.exists()
    assert faced.evidence() == {"page/maintenance.html"}
    assert reloads(faced) == 2


def test_a_system_without_a_page_has_nothing_to_do(site: Site) -> None:
    """What is not described is neither put on nor taken off."""
    site.system = site.system.model_copy(update={"maintenance": None})
    site.connection.system = site.system

    assert site.plan(actions.MAINTENANCE_ON) == site.plan(actions.MAINTENANCE_OFF) == ()


def test_maintenance_stays_on_while_a_request_of_users_fails(
    faced: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Health is not all: what users ask of a required component has to be answered as well."""
    document = faced.document()
    asked = document["probes"]["gate"]
    document["components"][0]["requests"] = ["asked", "wanted"]
    wanted = {**asked, "body": "superb"}
    faced.describe(
        components=document["components"],
        probes={**document["probes"], "asked": asked, "wanted": wanted},
    )
    systemd = Systemd(faced)
    monkeypatch.setenv("PATH", f"{faced.home / 'bin'}:/usr/bin:/bin")
    try:
        with edge(faced):
            faced.perform(actions.MAINTENANCE_ON)
            faced.perform(actions.START)
            with pytest.raises(Refused, match="maintenance page is kept") as caught:
                faced.plan(actions.MAINTENANCE_OFF)
    finally:
        systemd.end()

    assert caught.value.findings == ("gate: wanted: the answer does not match 'superb'",)
    assert faced.page.exists()


def test_outside_of_a_run_nothing_was_reloaded(site: Site) -> None:
    """Readiness looks at the page before any run: no journal can speak for the edge."""
    assert not is_reloaded(requests.location(site.system))
