#!/usr/bin/env python3
"""Restore from backups: the procedure's loop, cp and rsync beside the agent.

    .venv/bin/python benchmarks/restore.py [--files 30 1000 10000] [--rounds 3] [--memory 100000]

All ways take turns in one run, each on a fresh copy of the same deployed tree, with the disk at
rest; each number is the median of its turns. Ours plans, verifies before and after, keeps both
versions, is durable and journaled; its time has the agent's start in it. The others do none of
that; rsync is given the backups as a tree of their own, which is more than a deploy leaves. `ours`
stages copies; names are exchanged on a host without room for them. Shown apart: one look of the
gate, with a start of the agent; and for both ways the whole files phase as the gate has it: a look,
the restore, a look, and then, before anything starts, backups that share their bytes with live
files get their own, which exchanged ones need.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pytest_rollback
from benchmarks.bench import Stock, Way, interleaved, machine, shell, shown, table
from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.agent.messages.restore import RestoreRequest
from pytest_rollback.manifest.load import load
from pytest_rollback.recovery.action import AnyAction, Change, Scope
from pytest_rollback.recovery.actions.files import RESTORE_FILES
from pytest_rollback.recovery.actions.unshare import SEPARATE
from pytest_rollback.transport.connection import Connection

PROCEDURE = (
    """cd {root} && find . -name '*.backup' -exec sh -c 'mv "$1" "${{1%.backup}}"' _ {{}} \\;"""
)
COPIES = (
    """cd {root} && find . -name '*.backup' -exec sh -c 'cp -a "$1" "${{1%.backup}}"' _ {{}} \\;"""
)
REPLACE = """
import os, sys
for top, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.endswith(".backup"):
            os.replace(os.path.join(top, name), os.path.join(top, name[:-7]))
"""
AGENT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.messages.restore import RestoreRequest
from pytest_rollback.agent.protocol import decode
said = getattr(apply, sys.argv[2])(decode(RestoreRequest, json.loads(sys.argv[3])))
said = getattr(said, "digest", "-")
most = next(line.split()[1] for line in open("/proc/self/status") if "VmHWM" in line)
print(said, int(most) // 1024)
"""
OURS, EXCHANGED = "**ours**", "ours, exchanged names"
PHASE = "… the whole files phase of ours"


def fresh(stock: Stock) -> Callable[[], None]:
    """Return what puts the deployed tree back, and waits until the disk is at rest.

    What a turn leaves is moved aside: after many files were deleted, ext4 takes a minute in which a
    new one costs it several times as much.
    """
    kept = stock.home / "kept"

    def again() -> None:
        stock.root.rename(Path(tempfile.mkdtemp(dir=stock.home)) / "srv")
        shutil.copytree(kept / "srv", stock.root)
        for path in stock.state.iterdir():
            if path.name != "backups.json":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        subprocess.run(["sync"], check=True)

    return again


def keep(stock: Stock) -> None:
    """Keep the deployed tree, and the backups as a tree for rsync."""
    shutil.copytree(stock.root, stock.home / "kept/srv")
    for name in stock.names:
        path = stock.home / "saved" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(stock.root / f"{name}.backup", path)


class Ours:
    """What the gate does for an action: look, apply, look again."""

    def __init__(self, stock: Stock) -> None:
        system = load(stock.manifest).system
        self.connection, self.scope = Connection(system), Scope(system, run="benchmark")
        self.changes: tuple[Change, ...] = ()

    def looked(self) -> None:
        """Look and plan, as the gate does before a change."""
        self.changes = self.plan(RESTORE_FILES)

    def apply(self, way: str = "") -> Callable[[], float]:
        """Return what carries out what was planned; files are restored in this way."""

        def run() -> float:
            for change in self.changes:
                request = change.call.request
                if isinstance(request, RestoreRequest):
                    request = request._replace(way=way)
                self.connection.ask(replace(change.call, request=request))
            return 0

        return run

    def phase(self, way: str) -> Callable[[], float]:
        """Return what takes the whole files phase, as the gate does."""

        def run() -> float:
            self.looked()
            self.apply(way)()
            self.prove()
            self.changes = self.plan(SEPARATE)
            self.apply()()
            if self.changes and self.plan(SEPARATE):
                raise SystemExit("backups share their bytes still")
            return 0

        return run

    def prove(self) -> float:
        """Look again: nothing is left to do."""
        if self.plan(RESTORE_FILES):
            raise SystemExit("the restore left something to do")
        return 0

    def plan(self, action: AnyAction) -> tuple[Change, ...]:
        """Look and plan."""
        return action.planned(self.connection, self.scope)


def ways(stock: Stock) -> Iterator[Way]:
    """Yield every way to restore a stock."""
    again, ours = fresh(stock), Ours(stock)
    loop = PROCEDURE.format(root=stock.root)
    yield Way("the procedure: `find … -exec sh -c mv`", shell(loop), again)
    yield Way("`cp -a` per file", shell(COPIES.format(root=stock.root)), again)
    if shutil.which("rsync"):
        saved = f"{stock.home / 'saved'}/"
        yield Way("`rsync -a`", shell(f"rsync -a {saved} {stock.root}/"), again)
        yield Way("`rsync -a --fsync`", shell(f"rsync -a --fsync {saved} {stock.root}/"), again)
    script = stock.home / "replace.py"
    script.write_text(REPLACE)
    yield Way(
        "a bare loop of `os.replace`", shell(f"{sys.executable} {script} {stock.root}"), again
    )

    def planned() -> None:
        again()
        ours.looked()

    yield Way(OURS, ours.apply(), planned)
    yield Way("… a look of ours", ours.prove)
    yield Way(EXCHANGED, ours.apply("exchange"), planned)
    yield Way(PHASE, ours.phase(""), again)
    yield Way(f"{PHASE}, exchanged names", ours.phase("exchange"), again)


def measured(files: int, rounds: int, skipped: list[str]) -> list[Way]:
    """Return every way with its turns over so many files, but for those with a skipped word."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        stock = Stock(Path(home), files)
        stock.build()
        keep(stock)
        listed = [way for way in ways(stock) if not any(word in way.name for word in skipped)]
        for way in listed:
            way.rounds = rounds
        return interleaved(listed)


def memory(files: int) -> str:
    """Return how much memory the agent takes for so many files, in words."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        stock = Stock(Path(home), files)
        stock.build()
        where = Location(str(stock.root), str(stock.state), ".backup", "r")
        request = RestoreRequest(where, Selection(()), "files")
        plugins = str(Path(pytest_rollback.__file__).parents[1])

        def took(verb: str, digest: str = "") -> tuple[str, int]:
            """Return the digest of the plan, and the most memory of a process for one verb."""
            words = json.dumps(request._replace(digest=digest))
            argv = [sys.executable, "-I", "-S", "-c", AGENT, plugins, verb, words]
            done = subprocess.run(argv, check=True, capture_output=True, text=True)
            said, most = done.stdout.split()
            return said, int(most)

        digest, looked = took("look")
        _, most = took("apply", digest)
    return f"{files:,} files: {most} MB of memory at most for the restore, {looked} MB for the plan"


def compared(files: int, run: list[Way]) -> str:
    """Return how many times as long as ours the others take."""
    mine = next(way.median for way in run if way.name == OURS)
    words = ", ".join(
        f"{way.name} {way.median / mine:.1f} x" for way in run if "ours" not in way.name
    )
    return f"- {files:,} files, as long as ours: {words}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, nargs="*", default=[30, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--skip", nargs="*", default=[], help="words in the names of ways")
    parser.add_argument("--memory", type=int, help="also say what so many files take")
    asked = parser.parse_args()
    print(f"{machine(Path(tempfile.gettempdir()))}; medians of {asked.rounds} turns\n")
    runs = {files: measured(files, asked.rounds, asked.skip) for files in asked.files}
    names = list(dict.fromkeys(way.name for run in runs.values() for way in run))
    found = {(files, way.name): way.median for files, run in runs.items() for way in run}
    rows = [[name, *(shown(found[files, name]) for files in runs)] for name in names]
    print(table(["restore from backups", *(f"{files:,} files" for files in runs)], rows), "\n")
    for files, run in runs.items():
        print(compared(files, run))
    if asked.memory:
        print(f"- {memory(asked.memory)}")


if __name__ == "__main__":
    main()
