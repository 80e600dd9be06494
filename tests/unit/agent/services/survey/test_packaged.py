"""Units that packages of Debian have brought, told from those that only use a program of one."""

from __future__ import annotations

import shutil

import pytest

from pytest_rollback.agent.messages.services.survey import SurveyedUnit, SurveyRequest
from pytest_rollback.agent.services.presence.survey import packaged
from tests.unit.cli.init.hosts import unit

HERE = "/usr/bin/dpkg-deb"
"""A program of an essential package, which no deploy installs."""

OWNED = "/usr/share/doc/dpkg/copyright"


@pytest.fixture(autouse=True)
def _debian() -> None:
    if not shutil.which("dpkg-query"):
        pytest.skip("not run: there is no dpkg-query; these tests are for Debian")


@pytest.fixture(scope="module")
def program() -> tuple[str, str]:
    """A program of this host, and the package that brought it."""
    for name in ("git", "perl", "podman", "make", "curl"):
        path = f"/usr/bin/{name}"
        owners = packaged.owners([path])
        known = packaged.installed()
        if path in owners and not known[owners[path]].is_essential:
            return path, owners[path]
    pytest.skip("not run: this host has none of the usual programs")


def looked(one: SurveyedUnit, *names: str, root: str = "") -> SurveyedUnit:
    """Return a unit as it is seen where some are asked for."""
    (found,) = packaged.seen([one], SurveyRequest(names, root))
    return found


def test_a_unit_is_of_a_package_where_it_is_asked_for(program: tuple[str, str]) -> None:
    """By what it runs, with the command that says so; otherwise hosts would have a hundred."""
    path, package = program
    one = unit("shop", "", places=(), started_by=(path,))
    assert looked(one).packages == ()

    (found,) = looked(one, "shop").packages
    assert (found.name, found.seen) == (package, f"dpkg-query --search {path}: {package}")
    assert found.version


def test_a_program_of_a_package_makes_no_package_of_what_lives_elsewhere(
    program: tuple[str, str],
) -> None:
    """A system in /srv is not of the package whose program it uses, also where it is asked for."""
    one = unit("shop", "/srv/shop", started_by=(program[0], "/srv/shop/serve.py"))
    assert looked(one, "shop").packages == ()


def test_its_own_file_alone_says_nothing_of_what_lives_elsewhere() -> None:
    """A package may bring a unit, and somebody else what that runs."""
    one = unit("shop", "/srv/shop", started_by=("/srv/shop/serve",), files=(OWNED,))
    assert looked(one, "shop").packages == ()


@pytest.mark.parametrize("path", [HERE, "/usr/bin/python3", "/usr/bin/[x", "/nowhere/at/all"])
def test_no_package_is_named(path: str) -> None:
    """An essential one, that of an interpreter, a pattern, and a file that nobody brought."""
    assert looked(unit("shop", "", places=(), started_by=(path,)), "shop").packages == ()


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/usr/lib/acme-shop/bin/serve", "/usr/lib/acme-shop"),
        ("/usr/lib/x86_64-linux-gnu/acme/serve", "/usr/lib/x86_64-linux-gnu/acme"),
        ("/opt/acme/shop/serve", "/opt/acme"),
        ("/usr/bin/serve", ""),
        ("/usr/lib/serve", ""),
    ],
)
def test_the_directory_of_a_package(path: str, own: str) -> None:
    """The one that is its own, whatever lies further down; none where all packages have files."""
    assert packaged.own(path) == own


def test_a_package_that_is_needed_in_one_version_alone_is_of_the_release() -> None:
    """Through others as well; not one that is essential, or whose version may be another one."""
    rows = {
        "gauge": ("3.1", "gauge-lib (= 3.1), python3 (>= 3.9), gauge-data (= 2.0)", False),
        "gauge-lib:amd64": ("3.1", "gauge-words:any (= 1:7), base (= 5)", False),
        "gauge-words": ("1:7", "", False),
        "gauge-data": ("2.1", "", False),
        "base": ("5", "", True),
        "python3": ("3.11", "", False),
    }
    known = {
        name: packaged.KnownPackage(name, version, name, essential, depends)
        for name, (version, depends, essential) in rows.items()
    }
    found = {each.name: each.seen for each in packaged.tied(["gauge"], known)}
    assert list(found) == ["gauge-lib:amd64", "gauge-words"]
    assert "gauge depends on gauge-lib (= 3.1)" in found["gauge-lib:amd64"]
