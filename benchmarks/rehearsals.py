#!/usr/bin/env python3
"""What a rehearsal of a restore costs the live server, and the host, by the size of the database.

    .venv/bin/python benchmarks/rehearsals.py [--megabytes 10,100,1000] [--clients 2]

A database of pgbench is dumped and rehearsed twice: while nobody else works on its server, for what
a rehearsal asks of it, and while pgbench does, for what its users notice. Transactions a second are
medians of seconds of one pgbench, before and during the rehearsal. Waits for a lock are looked at
every 20 ms. Memory is of our own processes, in the 50 ms in which it was most; the throw-away
server's is not in it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import tomli_w

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import REPOSITORY, machine, shown, table
from pytest_rollback.extras.sandbox.common.postgres import Postgres
from tests.unit.support.dumped import server

SCALE = 15.0
"""Megabytes of a database for each unit of pgbench's scale."""

BEFORE = 8.0
"""Seconds in which pgbench works alone."""

PAUSE = 0.05
PROGRESS = re.compile(r"progress: [\d.]+ s, ([\d.]+) tps")
SETTINGS = """
logging_collector = on
log_filename = 'live.log'
"""
SAID = re.compile(r"^\S+ \S+ \S+ \[\d+\] LOG: +(statement|execute [^:]*): ", re.MULTILINE)
BLOCKS = "SELECT sum(blks_read + blks_hit) FROM pg_stat_database"
WAITS = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0) FROM pg_locks
WHERE NOT granted;
"""


class Cost(NamedTuple):
    """What one size costs: seconds and MB; `calls` and blocks of the live server, waits, tps."""

    size: float
    restore: float
    dumped: float
    seconds: float
    calls: int
    blocks: int
    memory: float
    wait: float
    alone: float
    beside: float
    longer: float


class Watch(threading.Thread):
    """Calls something again and again, until it is told to stop; keeps the most that it gave."""

    def __init__(self, asked: Callable[[], float], pause: float) -> None:
        super().__init__(daemon=True)
        self.asked, self.pause, self.most, self.over = asked, pause, 0.0, threading.Event()

    def run(self) -> None:
        """Ask until told to stop."""
        while not self.over.wait(self.pause):
            self.most = max(self.most, self.asked())

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Ask as long as the body works."""
        self.start()
        yield
        self.over.set()
        self.join()


def ours(root: int) -> float:
    """Return the MB of all Python processes below one; what belongs to several counts once."""
    parents: dict[int, list[int]] = {}
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            stat = (each / "stat").read_text()
            parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(each.name))
    listed, total = [root], 0.0
    for pid in listed:
        listed += parents.get(pid, [])
        with contextlib.suppress(OSError):
            if "python" in Path(f"/proc/{pid}/exe").readlink().name:
                said = Path(f"/proc/{pid}/smaps_rollup").read_text()
                found = re.search(r"^Pss:\s+(\d+)", said, re.MULTILINE)
                total += int(found[1]) / 1024 if found else 0.0
    return total


class Bench:
    """A live server with one database of pgbench, its dump, and its rollback.toml."""

    def __init__(self, postgres: Postgres, home: Path) -> None:
        self.postgres, self.home, self.dump = postgres, home, home / "shop.dump"
        self.manifest = home / "rollback.toml"
        place = {"name": "shop", "root": str(home / "srv"), "state": str(home / "state")}
        (home / "srv").mkdir()
        access = {
            "name": "shop",
            "user": "shop",
            "dump": str(self.dump),
            "host": str(postgres.socket),
            "port": postgres.port,
            "tools": str(postgres.tools),
        }
        bounds = {"ignore": ["pgbench_history"], "largest": "100GB", "scratch": str(home)}
        component = {"name": "web", "unit": "web", "health": "p"}
        document = {
            "system": place,
            "target": {"name": "bench", "connection": "local://"},
            "components": [component],
            "probes": {"p": {"command": ["true"]}},
            "database": {**access, "rehearsal": bounds},
        }
        self.manifest.write_text(tomli_w.dumps(document))

    def fill(self, megabytes: float) -> None:
        """Make a database of about a size, and dump it."""
        self.postgres.sql("DROP DATABASE IF EXISTS shop WITH (FORCE)")
        self.postgres.sql("CREATE DATABASE shop OWNER shop")
        self.long("pgbench", "-q", "-i", "-s", str(max(1, round(megabytes / SCALE))))
        self.dump.unlink(missing_ok=True)
        self.long("pg_dump", "-Fc", "-f", str(self.dump))
        self.dump.chmod(0o600)

    def words(self, tool: str, *more: str) -> list[str]:
        """Return the command line of a client of the database."""
        where = ("-h", str(self.postgres.socket), "-p", str(self.postgres.port), "-U", "shop")
        return [str(self.postgres.tools / tool), *where, *more, "shop"]

    def long(self, tool: str, *more: str) -> None:
        """Run a client however long it takes."""
        subprocess.run(self.words(tool, *more), check=True, capture_output=True)

    def rehearse(self) -> tuple[float, float, dict[str, float]]:
        """Rehearse; return seconds, the most memory in MB, and the stamp."""
        began = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "scripts/rollback", "rehearse", f"--target={self.manifest}"],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watch = Watch(lambda: ours(child.pid), PAUSE)
        with watch.watching():
            said, _ = child.communicate()
        if child.returncode:
            raise SystemExit(f"a rehearsal ended with {child.returncode}\n{said}")
        stamp = json.loads((self.home / "state/rehearsal.json").read_text())["rehearsal"]
        return time.monotonic() - began, watch.most, stamp

    def quiet(self) -> tuple[float, float, dict[str, float], int, int]:
        """Rehearse while nobody else works; return also statements, and blocks read."""
        self.postgres.sql("ALTER ROLE shop SET log_statement = 'all'")
        log = self.postgres.directory / "data/log/live.log"
        before, blocks = log.stat().st_size, int(self.postgres.sql(BLOCKS))
        seconds, memory, stamp = self.rehearse()
        blocks = int(self.postgres.sql(BLOCKS)) - blocks
        self.postgres.sql("ALTER ROLE shop RESET log_statement")
        said = log.read_bytes()[before:].decode("utf-8", "replace")
        return seconds, memory, stamp, len(SAID.findall(said)), blocks

    def busy(self, clients: int) -> tuple[float, float, float, float]:
        """Rehearse beside pgbench; return its tps alone and beside, the wait, and the seconds."""
        words = self.words("pgbench", "-n", "-c", str(clients), "-T", "3600", "-P", "1")
        bench = subprocess.Popen(
            words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        told: list[float] = []
        reader = threading.Thread(target=self._read, args=(bench, told), daemon=True)
        reader.start()
        time.sleep(BEFORE)
        alone = statistics.median(told[1:])
        begun = len(told)
        watch = Watch(lambda: float(self.postgres.sql(WAITS)), 0.02)
        try:
            with watch.watching():
                seconds, _, _ = self.rehearse()
        finally:
            bench.terminate()
            bench.wait()
        return alone, statistics.median(told[begun:] or [0.0]), watch.most, seconds

    @staticmethod
    def _read(bench: subprocess.Popen[str], told: list[float]) -> None:
        for line in bench.stderr or ():
            found = PROGRESS.search(line)
            if found:
                told.append(float(found[1]))

    def cost(self, megabytes: float, clients: int) -> Cost:
        """Measure one size."""
        self.fill(megabytes)
        seconds, memory, stamp, calls, blocks = self.quiet()
        alone, beside, wait, longer = self.busy(clients)
        size, restore, dumped = (stamp[key] for key in ("size", "restore", "bytes"))
        return Cost(
            *(size / 1e6, restore, dumped / 1e6, seconds, calls, blocks, memory),
            *(wait, alone, beside, longer),
        )


def column(cost: Cost) -> list[str]:
    """Return what one size costs, in the order of `ROWS`."""
    return [
        f"{cost.size:,.0f} MB",
        f"{cost.dumped:,.1f} MB",
        shown(cost.seconds),
        shown(cost.restore),
        f"{cost.calls:,}",
        f"{cost.blocks:,}",
        f"{cost.blocks * 8192 / 1e6 / cost.size:.2f}",
        f"{cost.memory:.0f} MB",
        f"{cost.alone:,.0f}",
        f"{cost.beside:,.0f}",
        f"{cost.beside / cost.alone:.2f}",
        shown(cost.wait),
        shown(cost.longer),
    ]


ROWS = (
    "the restored database",
    "its dump, `pg_dump -Fc`",
    "**a rehearsal, nobody else at work**",
    "the restore of it",
    "statements on the live server",
    "blocks of 8 kB read there, cached or not",
    "that, as a share of the database",
    "most memory of our processes",
    "pgbench alone, transactions a second",
    "pgbench beside a rehearsal",
    "**beside : alone**",
    "longest wait for a lock, of anybody",
    "a rehearsal beside pgbench",
)


def main() -> None:
    """Measure each size, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", default="10,100,1000", metavar="LIST")
    parser.add_argument("--clients", type=int, default=2)
    asked = parser.parse_args()
    print(machine(Path(tempfile.gettempdir())), flush=True)
    costs = []
    with server(SETTINGS) as postgres, tempfile.TemporaryDirectory(prefix="bench-") as home:
        Path(home).chmod(0o1777)  # the server's account keeps its files there
        postgres.sql("CREATE ROLE shop LOGIN CREATEDB")
        bench = Bench(postgres, Path(home))
        for megabytes in map(float, asked.megabytes.split(",")):
            costs.append(bench.cost(megabytes, asked.clients))
            print(f"{megabytes:,.0f} MB are done", file=sys.stderr, flush=True)
    print(
        "\n"
        + table(
            ["", *(f"{each.size:,.0f} MB" for each in costs)],
            [[name, *row] for name, *row in zip(ROWS, *map(column, costs), strict=True)],
        )
    )


if __name__ == "__main__":
    main()
