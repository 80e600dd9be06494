#!/usr/bin/env python3
"""Lines that are made to be slow to read: the time for each byte must not grow with the line.

    .venv/bin/python benchmarks/hostile_log.py [--most 4096] [--rounds 3]

Each kind of line is read in growing lengths, to `--most` kibibytes, by the agent's own function
over a file of one megabyte at least. The last column is how many times longer a byte takes in the
longest line than in the shortest one: linear is about 1, quadratic is the ratio of the lengths.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import machine, table
from pytest_rollback.agent.messages.logs import ComponentLog, LogsRequest
from pytest_rollback.agent.observe.logs import inspection
from pytest_rollback.manifest.model import Logs

SHORTEST = 16
LEAST = 1 << 20

KINDS: dict[str, Callable[[int], str]] = {
    "`{` and time keys": lambda size: "{" + '"ts' * (size // 3),
    "nested brackets": lambda size: "{" + '"a":[' * (size // 5),
    "an open string": lambda size: '{"ts":"' + "time" * (size // 4),
    "escaped quotes": lambda size: '{"a":"' + '\\"' * (size // 2) + '"}',
    "digits": lambda size: "1" * size,
    "a JSON number of many digits": lambda size: '{"ts":' + "1" * size + "}",
    "colons and digits": lambda size: "12:" * (size // 3),
    "spaces": lambda size: "ERRO" + " " * size,
    "brackets": lambda size: "[" * size,
    "escapes": lambda size: "\x1b[" * (size // 2),
    "key=value": lambda size: 'a="' * (size // 3),
    "words that end in level": lambda size: "level" * (size // 5) + "=",
    "dotted names": lambda size: "a." * (size // 2) + "Error",
    "NUL": lambda size: "a" + "\0" * size,
    "names before a bar": lambda size: "a" * size + "|",
    "quotes of an access log": lambda size: '" ' * (size // 2),
}


def seconds(path: Path, kind: Callable[[int], str], size: int, rounds: int) -> float:
    """Return the seconds that a byte takes, in a file of lines of a size; median of the rounds."""
    line = kind(size) + "\n"
    count = max(1, LEAST // len(line))
    path.write_text(line * count + "\n", encoding="utf-8")
    asked = ComponentLog("web", "web", (str(path),), time.time() - 60)
    request = LogsRequest((asked,), Logs().errors, (), window=1e9, timeout=600.0)
    taken = []
    for _ in range(rounds):
        before = time.perf_counter()
        inspection.look(request)
        taken.append(time.perf_counter() - before)
    return statistics.median(taken) / (len(line) * count)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    sizes = [SHORTEST]
    while sizes[-1] * 16 <= asked.most:
        sizes.append(sizes[-1] * 16)
    rows = []
    with tempfile.TemporaryDirectory(prefix="hostile-") as home:
        path = Path(home) / "web.log"
        print(machine(Path(home)), end="\n\n")
        for name, kind in KINDS.items():
            each = [seconds(path, kind, size << 10, asked.rounds) for size in sizes]
            ratio = each[-1] / each[0]
            rows.append([name, *(f"{one * 1e9:.0f} ns" for one in each), f"{ratio:.1f}"])
    print(table(["a line of", *(f"{size} KiB" for size in sizes), "last : first"], rows))


if __name__ == "__main__":
    main()
