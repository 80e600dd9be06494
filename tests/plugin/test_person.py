"""scripts/rollback with a person in front of it: the name is typed, and Ctrl-C loses nothing."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.shop import Shop
from tests.plugin.terminal import CTRL_C, CTRL_D, Terminal

PROMPT = "to change corner, type its name: "


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that runs its current release."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    yield shop
    shop.down()


def begun(shop: Shop) -> Terminal:
    """Begin a rollback on a terminal."""
    where = ("scripts/rollback", "now", f"--rollback-target={shop.manifest}")
    return Terminal(*where, ROLLBACK_REPORTS=str(shop.reports))


def held(shop: Shop) -> dict[str, str]:
    """Return what is live and saved."""
    paths = [path for path in shop.root.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {str(path): path.read_text() for path in paths}


def test_the_name_is_typed_and_a_rollback_that_was_stopped_goes_on(shop: Shop) -> None:
    """Ctrl-C in the middle ends with the way on; the same command takes it to its end."""
    shop.pytest("suites/readiness", "-k", "test_a_baseline_is_stored")
    with begun(shop) as terminal:
        terminal.until(PROMPT)
        terminal.type("corner\n")
        terminal.until("isolate        stop")
        terminal.type(CTRL_C)
        code, shown = terminal.over()
    assert (code, "NOT RECOVERED" in shown) == (2, True), shown
    assert f"rollback now --rollback-target={shop.manifest}" in shown
    assert "Traceback" not in shown

    with begun(shop) as terminal:
        terminal.until(PROMPT)
        terminal.type("corner\n")
        code, shown = terminal.over()
    assert (code, "RECOVERED by rollback in " in shown, "NOT RECOVERED" in shown) == (
        0,
        True,
        False,
    ), shown
    assert (shop.root / "motto.txt").read_text() == "previous\n"


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("production\n", 13, "'production' is not 'corner'"),
        (CTRL_D, 13, "'corner' was not typed"),
        (CTRL_C, 2, "interrupted"),
    ],
)
def test_another_word_changes_nothing(shop: Shop, typed: str, code: int, said: str) -> None:
    """A wrong name, the end of the input, Ctrl-C: one line and a hint."""
    before = held(shop)
    with begun(shop) as terminal:
        terminal.until(PROMPT)
        time.sleep(0.5)  # nobody is quicker; the prompt is there before somebody reads
        terminal.type(typed)
        found = terminal.over()

    assert (found[0], said in found[1], "Traceback" in found[1]) == (code, True, False), found
    assert "the same command" in found[1] or re.search(r"HINT: \S*rollback now ", found[1]), found
    assert held(shop) == before


def test_ctrl_c_before_the_plan_ends_it(shop: Shop) -> None:
    """Who stops the look is not asked for a name."""
    with begun(shop) as terminal:
        terminal.until("target corner")
        terminal.until(".", 30)
        terminal.type(CTRL_C)
        code, shown = terminal.over()

    assert (code, PROMPT in shown, "Traceback" in shown) == (2, False, False), shown
    assert "nothing was changed" in shown


def test_without_saved_copies_nothing_can_be_asked(shop: Shop) -> None:
    """No backups at all: said before the name is asked for, with the way out."""
    for path in (shop.state / "backups.json", *shop.root.rglob("*.prev")):
        path.unlink()
    with begun(shop) as terminal:
        code, shown = terminal.over()

    assert (code != 0, PROMPT in shown, "HINT: " in shown) == (True, False, True), shown
    assert "Traceback" not in shown
