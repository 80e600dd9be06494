"""The page that an index shows: it stands alone, and says what the package is."""

from __future__ import annotations

import re
import tomllib

from tests.architecture.sources import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PAGE = (REPOSITORY / PROJECT["readme"]).read_text()


def test_nothing_on_it_leads_into_the_repository() -> None:
    """An index shows the page alone: a relative link or picture would lead nowhere."""
    assert re.findall(r"\]\((?!https://)[^)]*\)|<img|<picture|scripts/|docs/", PAGE) == []


def test_it_installs_the_package() -> None:
    """By its name, with an extra that there is."""
    ((name, extra),) = re.findall(r"pip install '([\w-]+)\[(\w+)\]'", PAGE)

    assert name == PROJECT["name"]
    assert extra in PROJECT["optional-dependencies"]


def test_no_address_is_somebody_elses() -> None:
    """Where there is none yet, it is a reserved one, or that of the project which it names."""
    addresses = [each["email"] for each in PROJECT["authors"]]

    assert all(each.endswith(".example") for each in addresses)
    assert PROJECT["urls"] == {"pytest": "https://docs.pytest.org/"}


def test_it_is_about_the_package() -> None:
    """Its heading is the name; the suites that it lists are those that ship."""
    assert PAGE.startswith(f"# {PROJECT['name']}\n")

    listed = re.findall(r"^\| `(suites/\w+)`", PAGE, re.MULTILINE)
    assert len(listed) == 5
    assert all((REPOSITORY / each).is_dir() for each in listed)
