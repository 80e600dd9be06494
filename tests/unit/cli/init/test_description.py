"""What is written of a component: what was seen as a fact, what was not as a question."""

from __future__ import annotations

from typing import Any

from pytest_rollback.agent.messages.services.survey import (
    SurveyedUnit,
    SwitchedLink,
    VariablesFile,
)
from pytest_rollback.cli.init.candidates import candidates
from pytest_rollback.cli.init.components import parts
from pytest_rollback.cli.init.description import Found, described
from tests.unit.cli.init.hosts import health, survey, unit

LIKELY = ((8080, "its command has it"),)


def written(one: SurveyedUnit, *others: SurveyedUnit, **more: Any) -> str:  # noqa: ANN401
    """Return the text about the system of a unit, on a host with others; `more` is of the host."""
    host = survey(one, *others, **more)
    (candidate,) = candidates(host, named=[one.name])
    found: dict[str, Any] = {each.name: health() for each in candidate.units}
    given = {"name": "", "state": "", "target": ""}
    there = parts(candidate, "shop")
    whole = Found(
        connection="local://",
        sudo=False,
        survey=host,
        candidate=candidate,
        name="shop",
        parts=there,
        health=found,
        edge=None,
        given=given,
    )
    return described(whole)


def test_sockets_that_were_not_seen_are_a_question() -> None:
    """Only of a unit that holds none for certain `listens = []` is written."""
    assert "listens = []  # its processes hold no port" in written(unit("web", "/srv/shop"))
    text = written(unit("web", "/srv/shop", unseen=True, likely=LIKELY))
    assert "listens =" not in text
    assert "# ? listens: its sockets were not seen; 8080 is likely: its command has it" in text


def test_files_that_a_start_script_reads_are_told() -> None:
    """Those that it exports as `environment_files`, and one outside the root as a question."""
    inside = VariablesFile("/srv/shop/a.env", "told", by_script=True, exported=True)
    private = VariablesFile("/srv/shop/b.env", "told", by_script=True)
    outside = VariablesFile("/etc/default/shop", "a script reads it", by_script=True, exported=True)
    text = written(unit("web", "/srv/shop", variables=(inside, private, outside)))

    assert 'environment_files = ["a.env"]' in text
    assert "# ? /etc/default/shop: a script reads it, outside the root" in text


def test_a_part_that_another_manager_has_is_a_question() -> None:
    """It is of the same place, and would be left out in silence."""
    other = unit("worker", "/srv/shop")._replace(manager="supervisord", socket="/run/s")
    text = written(unit("web", "/srv/shop"), other)

    assert "# ? worker of supervisord at /run/s lives there too and is left out" in text


def test_a_link_that_a_deploy_switches_is_the_strategy() -> None:
    """The root is what lies around it, and paths of the release go by the link."""
    link = SwitchedLink("/srv/shop/current", "/srv/shop/releases/2", 3, "current -> releases/2")
    settings = VariablesFile("/srv/shop/releases/2/.env", "told", ("TOKEN",))
    text = written(
        unit("web", "/srv/shop/releases/2", links=(link,), variables=(settings,)),
        unit("worker", "/srv/shop/current", links=(link,)),
    )

    assert 'root = "/srv/shop"' in text
    assert 'secrets = ["current/.env"]' in text
    assert 'strategy = "links"' in text
    assert 'links = ["current"]' in text
    assert "# keep = 3  # ? how many releases the deploy tool keeps" in text
    assert "[fallback]" not in text
    assert "files = [" not in text.partition("[configuration]")[0]


def test_backups_are_kept_apart_where_a_package_manager_owns_the_tree() -> None:
    """With the directory and the reason; one elsewhere says nothing."""
    there = (("/srv/shop/node_modules", "npm ci deletes and makes it anew"),)
    text = written(unit("web", "/srv/shop"), owned=there)
    assert "# node_modules: npm ci deletes and makes it anew; backups beside" in text
    assert 'backups = "state"' in text

    text = written(unit("web", "/srv/shop"), owned=(("/srv/wiki/node_modules", "npm"),))
    assert "backups =" not in text
