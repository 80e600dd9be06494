"""A package of somebody else, as docs/extend.md has it, beside ours: its hooks are played."""

from __future__ import annotations

import functools
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.run import hookspecs
from tests.architecture.recipes import steps
from tests.architecture.sources import REPOSITORY
from tests.plugin.installed import built, distribution, environment, pip, run_in
from tests.plugin.operator import last_record
from tests.plugin.shop import Shop

PAGE = (REPOSITORY / "docs/extend.md").read_text()
RUNIT = "plugins/pytest_rollback/agent/services/runit.py"
BLOCK = re.compile(r"^```(?:python|toml) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTIONS = """
def pytest_addoption(parser):
    for name in ("--live", "--arm", "--component", "--impact"):
        parser.addoption(name, default="none")
"""


@functools.cache
def package(broken: str = "") -> Path:
    """Return the folder of programs of an environment with our wheel and theirs.

    Args:
        broken: what stands at the end of its module of hooks.
    """
    source = Path(tempfile.mkdtemp(prefix="acme-"))
    (source / "acme_rollback").mkdir()
    (source / "acme_rollback/__init__.py").touch()
    for name, text in BLOCK.findall(PAGE):
        (source / name).write_text(text)
    with (source / "pyproject.toml").open("a") as file:
        file.write('[project.entry-points.pytest11]\nacme = "acme_rollback.options"\n')
    (runit,) = (each for each in steps("service manager") if each.path == RUNIT)
    (source / "acme_rollback/runit.py").write_text(runit.text)
    (source / "acme_rollback/options.py").write_text(OPTIONS)
    with (source / "acme_rollback/parts.py").open("a") as file:
        file.write(broken)
    programs = environment(f"venv-acme{len(broken)}", distribution("wheel"))
    done = pip(programs.parent, "--no-deps", "--no-index", str(built("wheel", source)))
    assert done.returncode == 0, done.stderr
    return programs


@pytest.fixture(scope="module")
def store() -> Iterator[Shop]:
    """A shop as it should be."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


def test_the_page_names_every_hook() -> None:
    """And no other."""
    specified = {name for name in vars(hookspecs) if name.startswith("pytest_rollback_")}

    assert set(re.findall(r"^\| `(pytest_rollback_\w+)`", PAGE, re.MULTILINE)) == specified


def test_a_reporter_of_somebody_else_joins(store: Shop) -> None:
    """Its option, also as a setting; its file; its line below the verdict, without its secret."""
    programs = package()
    code, said = run_in(programs, store.home, "pytest", "suites/readiness", "--acme-log=a.log")
    verdict = last_record(store.reports)["verdict"]

    assert (store.home / "a.log").read_text() == f"{verdict} {code}\n", said
    assert "acme: ended with" in said
    (store.home / "pytest.ini").write_text("[pytest]\nrollback_acme_log = b.log\n")
    probes = store.document()["probes"]
    store.describe(probes={name: {**probe, "body": "no such"} for name, probe in probes.items()})
    words = ("suites/drill", "--rollback-arm=corner", "--live=theirs")
    code, said = run_in(programs, store.home, "pytest", *words)
    (store.home / "pytest.ini").unlink()
    store.describe()

    assert (store.home / "b.log").read_text() == f"{last_record(store.reports)['verdict']} {code}\n"
    assert code != 0, said
    assert (store.home / "acme.begun").exists(), said
    assert "acme: call" in said, said
    assert "wile-e-coyote" not in said


def test_it_can_refuse_a_session(store: Shop) -> None:
    """Before anything is asked; with -p no: nobody knows its option."""
    words = ("suites/readiness", "--acme-log=none/a.log")
    code, said = run_in(package(), store.home, "pytest", *words)
    assert (code, "HINT: mkdir it first" in said) == (4, True), said

    code, said = run_in(package(), store.home, "pytest", *words, "-p", "no:rollback-acme")
    assert (code, "unrecognized arguments: --acme-log" in said) == (4, True), said


def test_its_command_is_one_of_ours(store: Shop) -> None:
    """In the list, and called with what was typed."""
    _, said = run_in(package(), store.home, "rollback", "--help")
    assert "greet somebody" in said

    code, said = run_in(package(), store.home, "rollback", "acme", "you", "all")
    assert (code, said) == (0, "rollback acme greets you all\n")


LOOK = """
from pathlib import Path
from pytest_rollback.agent.messages.services.units import LOOK, UnitPorts, UnitsRequest
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.load import load
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
system = load(Path("rollback.toml")).system
connection = Connection(system)
UNITS = (UnitPorts("steady", ()), UnitPorts("other", ()))
request = UnitsRequest(requests.location(system), requests.manager(system), UNITS)
for name, state in connection.ask(Call(LOOK, request)).units.items():
    print(name, state.known, state.state)
connection.close()
"""
SV = """#!/bin/sh
[ $2 = steady ] && echo "run: steady: (pid $$) 5s" || echo "fail: unable to change"
"""


def test_its_service_manager_has_the_units(store: Shop, tmp_path: Path) -> None:
    """`[services] manager` takes its name, and the host is asked by its module."""
    (tmp_path / "sv").write_text(SV)
    (tmp_path / "sv").chmod(0o755)
    (tmp_path / "look.py").write_text(LOOK)
    programs = package()
    store.describe(services={**store.document()["services"], "manager": "runit"})
    path = f"{tmp_path}:{programs}:/usr/bin:/bin"
    code, said = run_in(programs, store.home, "python", str(tmp_path / "look.py"), PATH=path)
    store.describe()

    assert (code, said) == (0, "steady True active\nother False inactive\n"), said


def test_a_package_that_cannot_be_loaded_is_named(store: Shop, tmp_path: Path) -> None:
    """Where criteria are asked; somebody else's session goes on."""
    programs = package("1/0\n")
    code, said = run_in(programs, store.home, "pytest", "suites/readiness")
    assert (code, "the part 'acme' of acme-rollback cannot be loaded" in said) == (4, True), said

    (tmp_path / "test_a.py").write_text("def test_a(pytestconfig): ...\n")
    code, said = run_in(programs, tmp_path, "pytest", "--live=theirs")
    assert (code, "1 passed" in said) == (0, True), said
