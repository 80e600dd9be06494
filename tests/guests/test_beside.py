"""Plugins of other people in the same session, each of them at work: the verdict stays.

They come from the index, into an environment of their own: part of `make guests`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guests.guest import Guest, Setting
from tests.guests.played import Played, figures, keep, play
from tests.plugin.installed import distribution, environment, pip
from tests.plugin.shop import Shop

pytestmark = pytest.mark.long

OPTIONS = {
    "allure-pytest": ["--alluredir=theirs"],
    "flaky": ["--force-flaky", "--max-runs=3", "--min-passes=1"],
    "pytest-ansible": ["--ansible-host-pattern=all"],
    "pytest-asyncio": [],
    "pytest-check": ["--check-max-fail=1"],
    "pytest-cov": ["--cov=.", "--cov-fail-under=0"],
    "pytest-env": [],
    "pytest-mock": [],
    "pytest-order": ["--indulgent-ordering"],
    "pytest-randomly": ["-p", "randomly"],
    "pytest-repeat": ["--count=3"],
    "pytest-rerunfailures": ["--reruns=2"],
    "pytest-split": ["--splits=2", "--group=1"],
    "pytest-sugar": ["--force-sugar"],
    "pytest-xdist": ["-n", "2", "--dist", "worksteal"],
}
"""Each with the options that make it act on every test."""

SETTINGS: dict[str, dict[str, Setting]] = {
    "pytest-asyncio": {"asyncio_mode": "auto"},
    "pytest-env": {"env": ["PYTEST_ADDOPTS=-k none_of_ours"]},
    "pytest-mock": {"mock_traceback_monkeypatch": "false"},
}
"""The settings of those that have no such options."""


ANSIBLE = {"pytest-ansible", "all of them"}
NEVER_BOTH = ["-p", "no:pytest11.testinfra"], ["-p", "no:pytest-ansible"]
"""pytest-ansible and the plugin of pytest-testinfra, of which we need the connections alone, refuse
each other: one of them is left out by its name."""


def one(name: str) -> Guest:
    """Return a folder in which one of them is told to act."""
    words = [*NEVER_BOTH[name not in ANSIBLE], *OPTIONS[name]]
    return Guest({"addopts": words, **SETTINGS.get(name, {})})


def all_of_them() -> Guest:
    """Return a folder in which every one is."""
    words = [word for each in OPTIONS.values() for word in each]
    return Guest(
        {
            "addopts": [*NEVER_BOTH[0], *words],
            **{k: v for s in SETTINGS.values() for k, v in s.items()},
        }
    )


@pytest.fixture(scope="module")
def beside() -> Path:
    """The programs of an environment with all of them."""
    programs = environment("venv-beside", distribution("wheel"))
    done = pip(programs.parent, *OPTIONS)
    if done.returncode:
        pytest.skip(f"not run: pip cannot install the plugins: {done.stderr[-300:]}")
    return programs


@pytest.mark.parametrize("name", [*OPTIONS, "all of them"])
def test_no_plugin_changes_a_verdict(shop: Shop, wanted: Played, beside: Path, name: str) -> None:
    """All are installed, one is told to act, or all."""
    found = play(shop, one(name) if name in OPTIONS else all_of_them(), beside)
    keep("beside", name, "wheel", figures(found))

    assert (found.code, found.verdict) == (wanted.code, wanted.verdict), found.said
    assert found.rows == wanted.rows, found.said
