#!/usr/bin/env python3
"""Put saved copies back: the procedure's loop and rsync beside the agent.

    .venv/bin/python benchmarks/restore.py [--files 30 1000 10000] [--rounds 5]

All ways take turns in one run, each on a fresh copy of the same deployed tree; each number is the
median of its turns. Ours plans, verifies before and after, keeps both versions, is durable and
journaled, and its time includes both round trips with the agent's start. The others do none of
that; rsync is given the saved files as a tree of their own, which is more than a deploy leaves.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import Stock, Way, interleaved, machine, shell, shown, table
from rollback.action import Scope
from rollback.actions.files import RESTORE_FILES
from rollback.connection import Connection
from rollback.manifest import load

PROCEDURE = (
    """cd {root} && find . -name '*.backup' -exec sh -c 'mv "$1" "${{1%.backup}}"' _ {{}} \\;"""
)


def fresh(stock: Stock) -> Callable[[], None]:
    """Return what puts the deployed tree back, and waits until the disk is at rest."""
    kept = stock.home / "kept"

    def again() -> None:
        shutil.rmtree(stock.root)
        shutil.copytree(kept / "srv", stock.root)
        for path in stock.state.iterdir():
            if path.name != "backups.json":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        subprocess.run(["sync"], check=True)

    return again


def keep(stock: Stock) -> None:
    """Keep the deployed tree, and the saved files as a tree for rsync."""
    shutil.copytree(stock.root, stock.home / "kept/srv")
    for name in stock.names:
        path = stock.home / "saved" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(stock.root / f"{name}.backup", path)


def ours(stock: Stock) -> Callable[[], float]:
    """Return what the gate does for the action: look, apply, look again."""
    system = load(stock.manifest).system
    connection, scope = Connection(system), Scope(system, run="benchmark")

    def run() -> float:
        for change in RESTORE_FILES.plan(scope, RESTORE_FILES.look(connection, scope)):
            connection.ask(
                change.noun,
                change.verb,
                deadline=change.seconds,
                state=system.about.state,
                run=scope.run,
                **change.arguments,
            )
        if RESTORE_FILES.plan(scope, RESTORE_FILES.look(connection, scope)):
            raise SystemExit("the restore left something to do")
        return 0

    return run


def ways(stock: Stock) -> Iterator[Way]:
    """Yield every way to restore a stock."""
    again = fresh(stock)
    yield Way(
        "the procedure: `find … -exec sh -c mv`", shell(PROCEDURE.format(root=stock.root)), again
    )
    if shutil.which("rsync"):
        saved = f"{stock.home / 'saved'}/"
        yield Way("`rsync -a`", shell(f"rsync -a {saved} {stock.root}/"), again)
        yield Way("`rsync -a --fsync`", shell(f"rsync -a --fsync {saved} {stock.root}/"), again)
    yield Way("**ours, through the agent**", ours(stock), again)


def measured(files: int, rounds: int) -> list[Way]:
    """Return every way with its turns over so many files."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        stock = Stock(Path(home), files)
        stock.build()
        keep(stock)
        listed = list(ways(stock))
        for way in listed:
            way.rounds = rounds
        return interleaved(listed)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, nargs="+", default=[30, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left behind
    print(f"{machine(Path(tempfile.gettempdir()))}; medians of {asked.rounds} turns\n")
    runs = {files: measured(files, asked.rounds) for files in asked.files}
    names = list(dict.fromkeys(way.name for run in runs.values() for way in run))
    found = {(files, way.name): way.median for files, run in runs.items() for way in run}
    rows = [[name, *(shown(found[files, name]) for files in runs)] for name in names]
    print(table(["put saved copies back", *(f"{files:,} files" for files in runs)], rows), "\n")
    for files, run in runs.items():
        others = ", ".join(f"{way.name} {way.median / run[-1].median:.1f} x" for way in run[:-1])
        print(f"- {files:,} files, as long as ours: {others}")


if __name__ == "__main__":
    main()
