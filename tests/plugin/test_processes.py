"""A program of several processes under a real supervisord: a component is all of them or red."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugin.shop import SERVICE, Shop, free_port

SEVERAL = SERVICE.replace("int(sys.argv[1])", "int(sys.argv[2 + int(sys.argv[1])])")
"""The same service; its first word says which of the ports that follow is its own."""


class Pool(Shop):
    """A shop whose till is a program of two processes; `unit` is what its component names."""

    unit = "shop-till:*"
    other = free_port()

    def save(self, **more: object) -> None:
        """Save the backup set; the till's program is the one of two processes."""
        (self.root / "till/serve.py").write_text(SEVERAL)
        super().save(**more)

    def document(self) -> dict[str, Any]:
        """Return the shop's description."""
        document = super().document()
        document["components"][1]["unit"] = self.unit
        return document

    def sections(self) -> list[str]:
        """Return what the daemon is told: each process has its number and a port."""
        web, till = super().sections()
        words = f"%(process_num)d {self.ports['till']} {self.other}\nnumprocs=2\n"
        name = "process_name=%(program_name)s_%(process_num)02d\n"
        return [web, till.replace(f"{self.ports['till']}\n", f"{words}{name}")]

    def pids(self) -> list[str]:
        """Return the processes of the till, in order."""
        return [self.control("pid", f"shop-till:shop-till_0{number}").strip() for number in (0, 1)]


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A shop that runs its current release."""
    pool = Pool(Path(tempfile.mkdtemp(prefix="shop-")))
    pool.up()
    yield pool
    pool.down()


def test_a_group_is_rolled_back_as_a_whole(pool: Pool) -> None:
    """Each of its processes is stopped, and runs the previous release afterwards."""
    before = pool.pids()
    code, printed = pool.pytest("suites/drill", "--arm=corner")
    _, reds = pool.reds("validate")

    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert not {*before} & {*pool.pids()}
    assert {identity for identity, _ in reds if identity.startswith("validate.units.")} == set()


def test_a_process_that_no_component_names_is_red(pool: Pool) -> None:
    """It would keep its number, and the failed release in its memory: nothing is begun."""
    pool.unit = "shop-till:shop-till_00"
    pool.describe()
    before = pool.pids()
    _, ahead = pool.reds("readiness")
    code, printed = pool.pytest("suites/drill", "--arm=corner")
    _, after = pool.reds("validate")

    assert {("readiness.units.handled", "till"), ("readiness.units.alone", None)} <= ahead
    assert (code, "NOT MET drill.state.saved" in printed) == (1, True), printed
    assert "shop-till:shop-till_01 of the same program" in " ".join(printed.split())
    assert "shop-till:*" in printed
    assert pool.pids() == before
    assert ("validate.units.alone", None) in after


def test_a_group_without_its_ending_says_what_its_name_is(pool: Pool) -> None:
    """Supervisord knows no process of that name."""
    pool.unit = "shop-till"
    pool.describe()
    code, printed = pool.pytest("suites/readiness", "-k", "could_be_started")

    assert (code, "whose name is shop-till:*" in " ".join(printed.split())) == (1, True), printed
