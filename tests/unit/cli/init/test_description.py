"""What is written of a component: what was seen as a fact, what was not as a question."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_rollback.agent.messages.services.survey import (
    OwningPackage,
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


def test_a_virtual_environment_behind_a_link_is_said() -> None:
    """With what is wrong with it, as a question."""
    link = SwitchedLink(
        "/srv/shop/current", "/srv/shop/releases/2", 3, "current -> releases/2", "."
    )
    one = unit("web", "/srv/shop/current/bin")
    text = written(one._replace(links=(link,)))
    assert "3 directories in /srv/shop/releases; 2 is a virtual environment" in text
    assert "make each environment" not in text

    text = written(one._replace(links=(link._replace(environment="venv", astray="x is moved"),)))
    assert "venv in 2 is a virtual environment" in text
    assert "# ? x is moved; make each environment in the directory where it stays" in text


def test_backups_are_kept_apart_where_a_package_manager_owns_the_tree() -> None:
    """With the directory and the reason; one elsewhere says nothing."""
    there = (("/srv/shop/node_modules", "npm ci deletes and makes it anew"),)
    text = written(unit("web", "/srv/shop"), owned=there)
    assert "# node_modules: npm ci deletes and makes it anew; backups beside" in text
    assert 'backups = "state"' in text

    text = written(unit("web", "/srv/shop"), owned=(("/srv/wiki/node_modules", "npm"),))
    assert "backups =" not in text


PROJECT = "/srv/shop/compose.yaml"


def service(name: str, image: str, **more: Any) -> SurveyedUnit:  # noqa: ANN401 - any field
    """Return a service of a compose project."""
    one = unit(name, "/srv/shop", runs=image, log=("container",), files=(PROJECT,), **more)
    return one._replace(manager="compose", socket=PROJECT)


def test_a_compose_project_is_its_images() -> None:
    """With the file that names them; a name that moves is a question, a version is none."""
    web = service("web", "registry.example.org/web:2.1", ports=(8000,), after=("store",))
    text = written(web, service("store", "registry.example.org:5000/store"))

    assert 'manager = "compose"' in text
    assert f'project = "{PROJECT}"' in text
    assert 'strategy = "images"  # compose.yaml is a compose project: web, store' in text
    assert 'images = ["compose.yaml"]' in text
    assert "store runs registry.example.org:5000/store: a version, or a digest" in text
    assert "web runs registry" not in text.replace("and runs", "")
    assert "listens = []  # it publishes no port" in text
    assert text.index('unit = "store"') < text.index('unit = "web"')
    assert "# ? its files do not tell" not in text


def test_a_unit_that_runs_compose_stands_behind_its_services() -> None:
    """Also where it is the one that was named: what it starts is what has to come back."""
    runner = unit("shop", "/srv/shop", started_by=("/usr/bin/docker",))
    text = written(runner, service("web", "web:1", ports=(8000,)))

    assert 'strategy = "images"' in text
    assert "# ? shop of systemd lives there too and is left out" in text


def packaged(name: str, package: str, *beside: str) -> SurveyedUnit:
    """Return a unit that a package has brought."""
    path = f"/opt/acme/{name}/serve"
    owner = OwningPackage(package, "1.0-2", f"dpkg-query --search {path}: {package}", beside)
    return unit(name, f"/opt/acme/{name}", started_by=(path,), packages=(owner,))


def test_packages_that_brought_the_units_are_the_strategy() -> None:
    """All of them, each with the file by which it is one; what may come along is a question."""
    text = written(
        packaged("web", "acme-web", "acme-data"), packaged("api", "acme-api:arm64", "acme-web")
    )

    assert 'packages = ["acme-api:arm64", "acme-web"]' in text
    assert "dpkg-query --search /opt/acme/web/serve: acme-web" in text
    assert "acme-api:arm64 1.0-2, acme-web 1.0-2 installed" in text
    assert "# ? packages: is also acme-data, of the same source, of the release" in text
    assert '# sources = ["/srv/archives"]' in text
    assert "outside the root: no rollback" not in text
    assert "\nfiles = " not in text


def test_commands_are_mentioned_where_nothing_else_fits() -> None:
    """As a comment; a repository, and directories of a package manager, are an answer."""
    mark = '# strategy = "commands"'
    assert mark in written(unit("web", "/srv/shop"))
    assert "# [release.commands]" in written(unit("web", "/srv/shop"))
    assert mark not in written(unit("web", "/srv/shop"), tops=("/srv/shop",))
    there = (("/srv/shop/node_modules", "npm"),)
    assert mark not in written(unit("web", "/srv/shop"), owned=there)

    text = written(unit("web", "/srv/shop", started_by=("/usr/bin/podman",)), tops=("/srv/shop",))
    assert "# ? web runs containers that no compose file here describes" in text


@pytest.mark.parametrize(
    ("image", "moves"),
    [
        ("web", True),
        ("web:latest", True),
        ("registry.example.org:5000/shop/web", True),
        ("web:2.1", False),
        ("registry.example.org:5000/web:2.1", False),
        ("web@sha256:6f1d", False),
        ("3064777cd524", False),
    ],
)
def test_the_name_of_an_image_that_moves(image: str, *, moves: bool) -> None:
    """One without a tag, or with the usual one; an id and a digest stay what they are."""
    assert (f"web runs {image}: a version" in written(service("web", image))) == moves
