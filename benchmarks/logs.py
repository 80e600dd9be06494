#!/usr/bin/env python3
"""Errors in the last five minutes of a log: every line, tools, bisecting, and the agent.

    .venv/bin/python benchmarks/logs.py [--megabytes 1024] [--hours 24] [--rounds 5] [--cold]

All ways take turns in one run over one file with sorted times and a few errors; each number is
the median of its turns, each way has found the same errors. The agent's is its function, in a
process that runs already, as for bisecting; `--cold` drops the page cache before each turn (root).
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import Way, interleaved, machine, shell, shown, table
from pytest_rollback.agent.messages.logs import ComponentLog, LogsRequest
from pytest_rollback.agent.observe.logs import inspection

ERRORS = r"\b(ERROR|CRITICAL|FATAL)\b|Traceback \(most recent call last\)"
WINDOW = 300.0
EVERY = 5000
"""One line of so many is an error."""

REST = "INFO uvicorn.access: 127.0.0.1:54321 - GET /api/query HTTP/1.1 200 in 5 ms"


def stamp(when: float) -> str:
    """Return a time as the log writes it."""
    return dt.datetime.fromtimestamp(when, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"


def lines(size: int, hours: float, now: float) -> Iterator[str]:
    """Yield the lines of a log of about this size that ends now."""
    count = size // (len(stamp(now)) + len(REST) + 2)
    for number in range(count):
        when = now - hours * 3600 * (count - 1 - number) / count
        rest = REST.replace("INFO", "ERROR") if number % EVERY == EVERY - 1 else REST
        yield f"{stamp(when)} {rest}\n"


def every_line(path: Path, start: float) -> int:
    """Return the errors, by reading every line."""
    first, search = stamp(start), re.compile(ERRORS).search
    with path.open(encoding="utf-8") as file:
        return sum(1 for line in file if line >= first and search(line))


def bisecting(path: Path, start: float) -> int:
    """Return the errors, by bisecting with seek: right on sorted lines only."""
    first, search = stamp(start), re.compile(ERRORS).search
    with path.open("rb") as file:
        low, high = 0, path.stat().st_size
        while high - low > 1:
            middle = (low + high) // 2
            file.seek(middle)
            file.readline()
            line = file.readline()
            if line and line[:24].decode() < first:
                low = middle
            else:
                high = middle
        file.seek(low)
        file.readline()
        found = file.read().decode().split("\n")
    return sum(1 for line in found if line >= first and search(line))


def agent(path: Path, start: float) -> int:
    """Return the errors, by the agent's `logs.look`."""
    asked = ComponentLog("web", "web", (str(path),), start)
    request = LogsRequest((asked,), ERRORS, (), window=1e9, timeout=60.0)
    found = inspection.look(request).components["web"]
    if found.problem:
        raise SystemExit(found.problem)
    return found.errors


def drop() -> None:
    """Forget what the kernel has read of files."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3")


def ways(path: Path, start: float, rounds: int, before: Callable[[], object]) -> Iterator[Way]:
    """Yield every way, the slow ones last."""
    wanted = every_line(path, start)

    def found(look: Callable[[Path, float], int]) -> Callable[[], float]:
        def run() -> float:
            if look(path, start) != wanted:
                raise SystemExit(f"{look.__name__} did not find {wanted} errors")
            return 0

        return run

    words = "ERROR|CRITICAL|FATAL|Traceback"
    awk = f"awk -v s={stamp(start)}"
    yield Way("Python, bisecting with seek", found(bisecting), before, rounds)
    yield Way("**the agent's logs.look**", found(agent), before, rounds)
    until = f"{awk} '$1<s{{exit}} /{words}/'"
    yield Way("tac, awk", shell(f"tac {path} | {until} >/dev/null"), before, rounds)
    yield Way("grep over the whole file", shell(f"grep -cE '{words}' {path}"), before, rounds)
    yield Way("Python, every line", found(every_line), before, rounds)
    yield Way(
        "awk over the whole file", shell(f"{awk} '$1>=s && /{words}/' {path}"), before, rounds
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logs-", dir="/var/tmp") as home:
        path, now = Path(home) / "web.log", time.time()
        with path.open("w", encoding="utf-8") as file:
            file.writelines(lines(asked.megabytes << 20, asked.hours, now))
        print(machine(path), end="\n\n")
        before = drop if asked.cold else lambda: None
        done = interleaved(ways(path, now - WINDOW, asked.rounds, before))
        rows = [[w.name, shown(w.median), f"{w.median / done[0].median:.1f}"] for w in done]
        print(table([f"{asked.megabytes} MB, last 5 minutes", "time", "times bisecting"], rows))


if __name__ == "__main__":
    main()
