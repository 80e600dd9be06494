#!/usr/bin/env python3
"""What travels to a host for each route, and how long its agent takes to start.

    .venv/bin/python benchmarks/starts.py --rounds 5
    .venv/bin/python benchmarks/starts.py --beside ../other-clone

A start is Python, the script that travels, and the import of what answers the route; nothing is
asked. Along a line there are sources, which are compiled each time; a Python of this machine finds
them compiled in memory. The median and the largest are those of the routes; each route's time is
the best of its rounds, for whatever else runs makes it longer only. Another clone takes turns.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import REPOSITORY, machine, table

PREPARE = """
import json, marshal, sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path
sys.path.insert(0, sys.argv[1] + "/plugins")
from pytest_rollback.transport import memfd, payload

home, request = Path(sys.argv[2]), {"protocol": 0, "ask": [], "secrets": []}

def script(boot, module):
    begin = "from agent.main import serve\\n"
    assert begin in boot
    more = f"import importlib;importlib.import_module('agent.{module}')\\n"
    return payload.started(boot.replace(begin, begin + more))

for route, place in payload.places().items():
    module, modules = place.partition(":")[0], payload.needed([route])
    kept, text = home / route, payload.payload(modules)
    content = marshal.dumps((memfd.packed(modules), json.dumps(request)))
    kept.write_bytes(b"sign" + MAGIC_NUMBER + content)
    line = [*script(payload.BOOT, module), text, payload.packed(request)]
    memory = [*script(memfd.BOOT, module), str(kept), "sign"]
    print(json.dumps([route, len(text), line, memory]))
"""
"""Prints for each route of a clone what travels, and the two ways to start its agent."""


class Start(NamedTuple):
    """One route of one clone: characters that travel, two commands, and the times of each."""

    route: str
    characters: int
    commands: tuple[list[str], list[str]]
    seconds: tuple[list[float], list[float]]

    def best(self, way: int) -> float:
        """Return the milliseconds of the best round."""
        return min(self.seconds[way]) * 1000


def starts(clone: Path, place: Path) -> list[Start]:
    """Return the routes of a clone, ready to be started by files in a folder of their own."""
    home = tempfile.mkdtemp(dir=place)
    words = [sys.executable, "-c", PREPARE, str(clone), home]
    told = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout
    read = [json.loads(line) for line in told.splitlines()]
    return [Start(name, size, (line, memory), ([], [])) for name, size, line, memory in read]


def timed(words: list[str]) -> float:
    """Return the seconds that a start takes, with the interpreter itself and no shim."""
    begun = time.perf_counter()
    python = os.path.realpath(sys.executable)
    subprocess.run([python, *words], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def row(name: str, found: list[Start]) -> list[str]:
    """Return what the table says of a clone."""
    sizes = [each.characters for each in found]
    line, memory = ([each.best(way) for each in found] for way in (0, 1))
    return [
        name,
        f"{statistics.median(sizes):,.0f}",
        f"{max(sizes):,}",
        *(f"{statistics.median(each):.1f} ms" for each in (line, memory)),
    ]


def take_turns(routes: Iterable[Start]) -> None:
    """Start each of some agents once in both ways."""
    for each in routes:
        for words, seconds in zip(each.commands, each.seconds, strict=True):
            seconds.append(timed(words))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside", type=Path, help="another clone, in turns with this one")
    asked = parser.parse_args()
    clones = {"this clone": REPOSITORY} | ({"beside": asked.beside} if asked.beside else {})
    print(machine(Path(tempfile.gettempdir())), flush=True)
    with tempfile.TemporaryDirectory() as place:
        found = {name: starts(clone, Path(place)) for name, clone in clones.items()}
        for _ in range(asked.rounds):
            for routes in zip(*found.values(), strict=False):
                take_turns(routes)
    head = ["", "median payload", "largest", "start, along a line", "start, from memory"]
    print("\n" + table(head, [row(name, each) for name, each in found.items()]))


if __name__ == "__main__":
    main()
