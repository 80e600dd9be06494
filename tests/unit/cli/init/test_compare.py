"""What `--check` says of a host that went on: units gone, moved, new; ports; health."""

from __future__ import annotations

from pytest_rollback.agent.messages.services.survey import SurveyedUnit
from pytest_rollback.cli.init import compare
from tests.unit.cli.init.hosts import described, survey, unit

WEB = unit("shop-web", "/srv/shop", ports=(8080,))


def told(*below: SurveyedUnit, named: SurveyedUnit | None = WEB, problem: str = "") -> list[str]:
    """Return what differs on a host that has these units below the root."""
    units = {named.name: named} if named else {}
    now = compare.Now(units, survey(*below, tops=("/srv/shop",)), {"web": problem})
    system = described()
    return [*compare.of_component(system, system.components[0], now), *compare.of_root(system, now)]


def test_a_host_that_is_as_described_differs_in_nothing() -> None:
    """Whether or not a unit is named with its kind."""
    assert told(WEB) == []


def test_each_difference_is_a_line() -> None:
    """With what was found, and what the file says."""
    assert told(named=None) == [
        "component web: the unit shop-web.service is gone",
        "system.root: no unit lives below /srv/shop",
    ]
    assert told(WEB, named=WEB._replace(state="failed", ports=(8081,))) == [
        "component web: the unit shop-web.service is failed",
        "component web: shop-web.service listens on 8081, not on 8080",
    ]
    moved = unit("shop-web", "/opt/shop", ports=(8080,))
    assert told(WEB, named=moved) == [
        "component web: shop-web.service lives in /opt/shop, not below /srv/shop"
    ]
    assert told(WEB, unit("shop-mail", "/srv/shop/mail")) == [
        "new: shop-mail is active and lives in /srv/shop/mail: no component names it"
    ]
    assert told(WEB, problem="answered 500, not 200") == [
        "component web: the probe web: answered 500, not 200"
    ]


def test_a_unit_of_the_same_name_under_another_manager_is_not_it() -> None:
    """Two supervisords of one host may both have a `web`."""
    system = described()
    told = {"manager": "supervisord", "socket": "/run/mine.sock"}
    under = system.model_copy(update={"services": system.services.model_copy(update=told)})
    mine = WEB._replace(**told)

    assert compare.is_managed(under, mine)
    assert not compare.is_managed(under, mine._replace(socket="/run/other.sock"))
    assert not compare.is_managed(under, WEB)


def test_ports_that_could_not_be_seen_are_not_missing() -> None:
    """The probe is asked all the same."""
    assert told(WEB, named=WEB._replace(ports=(), unseen=True)) == []


def test_a_repository_that_is_none_any_more_is_told() -> None:
    """Of one below the root."""
    now = compare.Now({}, survey(WEB), {})
    assert list(compare.of_checkout(described(), now)) == [
        "fallback.git: /srv/shop is no working tree that a unit lives in"
    ]
