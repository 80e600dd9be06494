"""Nothing is silent: commands on a terminal and in a pipe, beside a host that does not answer."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pyte
import pytest

from tests.plugin.operator import HEEDING, REPOSITORY
from tests.plugin.shop import Shop
from tests.plugin.terminal import CTRL_C, Terminal

TICK = re.compile(r"\d+m\d\ds [^\r\n]+")
SILENT = 6
"""Seconds for which the host says nothing; each tick comes long before the next would be missed."""

SEEN = "asks local:// for"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop that is described and not there, on a host whose Python takes its time."""
    found = Shop(tmp_path)
    slow = tmp_path / "python"
    slow.write_text(f'#!/bin/sh\nsleep {SILENT}\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)
    target = {"name": "corner", "connection": "local://", "python": str(slow)}
    found.root.mkdir()
    found.describe(target=target)
    return found


def words(shop: Shop, *, suite: bool) -> list[str]:
    """Return a command that asks the host one thing, after which it ends."""
    where = f"--rollback-target={shop.manifest}"
    if not suite:
        return ["scripts/rollback", "status", where]
    reports = ("-o", f"rollback_reports={shop.reports}")
    one = ("-k", "readiness.backups.intact", "-p", "no:cacheprovider")
    return ["-m", "pytest", "-q", "suites/readiness", *one, where, *reports]


def seen(text: str) -> list[str]:
    """Return what stands on a terminal at the end, as a person sees it."""
    screen = pyte.Screen(80, 50)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    return [row.rstrip() for row in screen.display if row.strip()]


def ticks(text: str) -> list[str]:
    """Return the ticks that were shown, each once."""
    return [each for each in dict.fromkeys(TICK.findall(text)) if SEEN in each]


@pytest.mark.parametrize("suite", [False, True])
def test_a_terminal_ticks_in_one_line_that_is_gone_at_the_end(shop: Shop, *, suite: bool) -> None:
    """It says which host is asked for what, since when, and until when at most."""
    with Terminal(*words(shop, suite=suite), TERM="xterm") as terminal:
        _, text = terminal.over()

    assert len(ticks(text)) >= SILENT // 3, text
    assert re.search(rf"{SEEN} .*\([2-9] s of \d+ s\)", text), text
    assert not [row for row in seen(text) if TICK.match(row)], seen(text)
    assert not [row for row in ticks(text) if len(row) >= 80]


@pytest.mark.parametrize("suite", [False, True])
def test_a_pipe_gets_lines_of_their_own_beside_the_output(shop: Shop, *, suite: bool) -> None:
    """On standard error, so that whoever reads the output reads no ticks."""
    done = subprocess.run(
        [*HEEDING, sys.executable, *words(shop, suite=suite)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )

    found = ticks(done.stderr)
    assert len(found) >= SILENT // 4, done.stderr
    assert len(found) <= 2 * SILENT, done.stderr  # for two requests
    assert all(TICK.fullmatch(line) for line in done.stderr.splitlines()), done.stderr
    assert SEEN not in done.stdout


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1", "TERM": "xterm"}, {"TERM": "dumb"}])
def test_a_plain_terminal_gets_lines_and_no_codes(shop: Shop, plain: dict[str, str]) -> None:
    """Somebody who wants no colours may read with something that moves no cursor either."""
    with Terminal(*words(shop, suite=False), **plain) as terminal:
        _, text = terminal.over()

    assert "\x1b" not in text
    assert len(ticks(text)) >= SILENT // 4, text


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_leaves_the_terminal_clean(shop: Shop, times: int) -> None:
    """No tick is left of what was broken off, and what is said then stands at a line's begin."""
    with Terminal(*words(shop, suite=True), TERM="xterm") as terminal:
        terminal.until("(2 s of")
        for _ in range(times):
            terminal.type(CTRL_C)
        _, text = terminal.over()

    rows = seen(text)
    assert not [row for row in rows if TICK.match(row)], rows
    assert any(row.startswith("report: ") for row in rows), rows


def test_a_silent_host_is_in_no_report(shop: Shop) -> None:
    """What ticked is not part of the evidence."""
    with Terminal(
        *words(shop, suite=True), "--junitxml", str(shop.home / "j.xml"), TERM="xterm"
    ) as at:
        at.over()

    kept = [path for path in shop.home.rglob("*") if path.is_file()]
    assert (shop.home / "j.xml") in kept
    assert not [path for path in kept if SEEN.encode() in path.read_bytes()]
