#!/usr/bin/env python3
"""A fleet of throw-away hosts: readiness, a roll, a silent host; beside testinfra, a test per fact.

    .venv/bin/python benchmarks/fleet.py               # 10 and 50 hosts
    .venv/bin/python benchmarks/fleet.py --hosts 3
    .venv/bin/python benchmarks/fleet.py --hosts 3 --carriers ssh ansible

Needs root, sshd and util-linux: each host is a set of namespaces with an sshd of its own, and all
of them share the processors of this machine with the controller. Processor time and memory are
those of the controller alone: its command with all that it started, and the ssh that stays in the
background. What runs on the hosts is not among it. The last two columns are ratios to testinfra's
own ssh in the same run, over one connection for each host.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import NamedTuple, Self

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import machine, table
from tests.fleet.hosts import CARRIERS, GONE, Hosts
from tests.fleet.inside import PORT

HEADS = [
    *("what", "carrier", "hosts", "exit code", "seconds", "processor s"),
    *("processor s for each host", "peak MB"),
    *("seconds beside testinfra", "processor beside testinfra"),
]
TICK = os.sysconf("SC_CLK_TCK")
MARK = "BENCHMARK_OF_A_FLEET"
PACE = 0.25
"""Seconds between two looks at the controller's processes."""

SILENT = "Host {name}\n  ProxyCommand sleep 600\n"
"""How a host is described that takes a connection and never says a word."""

PLAIN = """
import pytest
FILES = ["{root}/motto.txt", "{root}/web/serve.py", "{root}/motto.txt.prev",
         "{root}/web/serve.py.prev"]

@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("fact", ["exists", "size", "mode", "user", "sha256sum"])
def test_file(host, path, fact):
    assert getattr(host.file(path), fact)

def test_port(host):
    assert host.socket("tcp://127.0.0.1:{port}").is_listening

def test_processes(host):
    assert host.process.filter(comm="supervisord") or host.process.filter(args="supervisord")

def test_probe(host):
    assert host.run("curl -fsS http://127.0.0.1:{port}/").rc == 0
"""


class Cost(NamedTuple):
    """What a command cost: exit code, seconds, seconds of processors, peak bytes, and what it said.

    `named` is the seconds until it named a host that was looked for, None where it never did.
    """

    code: int
    seconds: float
    processor: float
    peak: int
    said: str
    named: float | None = None


class Sampler:
    """Looks at the marked processes of this numbering of processes, while a command is at work."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self.space = Path("/proc/self/ns/pid").readlink()
        self.peak = 0
        self.orphans: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(PACE):
            total = 0
            for each in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    if self._is_ours(each):
                        total += held(each)
                        stat = (each / "stat").read_text().rpartition(")")[2].split()
                        if stat[1] == "1":  # nobody of ours waits for it: it is in no other sum
                            self.orphans[int(each.name)] = sum(map(int, stat[11:15])) / TICK
            self.peak = max(self.peak, total)

    def _is_ours(self, process: Path) -> bool:
        here = (process / "ns/pid").readlink() == self.space
        return here and f"{MARK}={self.mark}".encode() in (process / "environ").read_bytes()


def held(process: Path) -> int:
    """Return the bytes that a process holds, what it shares with others in parts."""
    for line in (process / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def measured(command: list[str], wanted: str = "") -> Cost:
    """Run a command, and return what it cost; `wanted` is a text that its output should have."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun, named, said = time.monotonic(), None, []
    with Sampler() as sampler:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).resolve().parents[1],
            env={**os.environ, MARK: sampler.mark, "COLUMNS": "80", "PYTHONUNBUFFERED": "1"},
        )
        for line in process.stdout or ():
            said.append(line)
            if wanted and named is None and wanted in line:
                named = time.monotonic() - begun
        code = process.wait()
        seconds = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    processor = waited + sum(sampler.orphans.values())
    return Cost(code, seconds, processor, sampler.peak, "".join(said), named)


def plain(all_: Hosts) -> Cost:
    """Ask testinfra for the facts of every host, a test for each, over one connection a host."""
    home = all_.home / "plain"
    home.mkdir()
    (home / "test_host.py").write_text(PLAIN.format(root=all_.home / "host/srv", port=PORT))
    query = f"ssh_config={all_.home}/ssh_config&controlpersist=600"
    hosts = ",".join(f"ssh://root@{name}?{query}" for name in all_.hosts)
    words = ["-m", "pytest", "-q", "-p", "no:rollback", "-c", "/dev/null", "--rootdir", str(home)]
    return measured([sys.executable, *words, f"--hosts={hosts}", str(home / "test_host.py")])


def silenced(all_: Hosts, name: str) -> None:
    """Have a host take connections and say nothing."""
    all_.connect(name)
    config = all_.home / "ssh_config"
    gone = GONE.format(name=name)
    config.write_text(config.read_text().replace(gone, SILENT.format(name=name)))


def rows(number: int, carrier: str) -> list[list[str]]:
    """Measure a fleet of so many hosts, over one carrier; return the rows of a table."""
    found: list[list[str]] = []
    costs: dict[str, Cost] = {}
    with Hosts(number, carrier, batches=[1, "100%"], max_failed=0) as all_:
        last = f"h{number}"
        silenced(all_, last)
        costs["silent host named"] = measured(all_.command("ready"), f"{last}: never reached")
        all_.connect()
        costs["testinfra, a test per fact"] = plain(all_)
        costs["fleet ready"] = measured(all_.command("ready"))
        costs["fleet roll"] = measured(all_.command("roll", "--arm=corner"))
    for name, cost in costs.items():  # on a busy machine a rollback may be too slow to be proven
        if cost.code:
            sys.stdout.write(f"{name}, exit code {cost.code}: {cost.said.splitlines()[-1]}\n")
    usual = costs["testinfra, a test per fact"]
    for name, cost in costs.items():
        seconds = cost.seconds if cost.named is None else cost.named
        found.append(
            [
                name,
                carrier if "fleet" in name or "host" in name else "ssh",
                str(number),
                str(cost.code),
                f"{seconds:.1f}",
                f"{cost.processor:.1f}",
                f"{cost.processor / number:.2f}",
                f"{cost.peak / 2**20:.0f}",
                f"{seconds / usual.seconds:.2f}",
                f"{cost.processor / usual.processor:.2f}",
            ]
        )
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, nargs="+", default=[10, 50], metavar="N")
    parser.add_argument("--carriers", nargs="+", default=["ssh"], choices=CARRIERS)
    wanted = parser.parse_args()
    sys.stdout.write(f"{machine(Path(tempfile.gettempdir()))}\n\n")
    sys.stdout.flush()
    found = [
        row
        for number in wanted.hosts
        for carrier in wanted.carriers
        for row in rows(number, carrier)
    ]
    sys.stdout.write(table(HEADS, found) + "\n")


if __name__ == "__main__":
    main()
