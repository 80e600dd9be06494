#!/usr/bin/env python3
"""Verify backups: the readiness suite beside what people type and testinfra's idiom.

    .venv/bin/python benchmarks/verify.py [--files 30 1000 10000] [--rounds 5]

All ways take turns in one run; each number is the median of its turns. All verify that each copy
exists, is not empty, and has the recorded sha256 and mode. Ours also compares owners, attributes
and the live files, and looks for strays. goss is not in the table: it could not be installed.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import Stock, Way, interleaved, machine, shell, shown, suite, table
from tests.contract.daemon import Sshd

RAW = """find {root} -name '*.backup' -type f -print0 | xargs -0 sha256sum > /dev/null &&
find {root} -name '*.backup' -type f -print0 | xargs -0 stat -c '%a %s' > /dev/null"""
IDIOM = """
import json, pytest
COPIES = json.loads(open({facts!r}).read())
@pytest.mark.parametrize(("path", "sha256", "mode"), COPIES)
def test_copy(host, path, sha256, mode):
    copy = host.file(path)
    assert copy.exists
    assert copy.size > 0
    assert copy.sha256sum == sha256
    assert copy.mode == mode
"""
CRITERIA = "suites/readiness/test_backups.py"
SEVERAL, FEW = 1000, 30
"""Files up to which a test per file is worth waiting for: here, and over ssh."""


def ours(stock: Stock, name: str, *words: str) -> Way:
    """Return the readiness suite's criteria about backups."""
    target = f"--rollback-target={stock.manifest}"
    reports = f"rollback_reports={stock.home / 'reports'}"
    return Way(name, suite(CRITERIA, target, "-o", reports, *words))


def idiom(stock: Stock, name: str, *words: str) -> Way:
    """Return one test for each file, as testinfra's own documentation has it."""
    record = json.loads((stock.state / "backups.json").read_text())
    facts = stock.home / "facts.json"
    listed = [(f"{stock.root}/{e['path']}.backup", e["sha256"], e["mode"]) for e in record["files"]]
    facts.write_text(json.dumps(listed))
    test = stock.home / "test_copies.py"
    test.write_text(IDIOM.format(facts=str(facts)))
    plugins = ("-p", "no:rollback", "-q", "-c", "/dev/null", "--rootdir", stock.home)
    return Way(name, suite(test, *plugins, *words), rounds=1)


def ways(stock: Stock, sshd: Sshd) -> Iterator[Way]:
    """Yield every way to verify a stock."""
    config = stock.home / "ssh_config"
    config.write_text(f"{sshd.client('bench').read_text()}\n  ControlPath {stock.home}/cm\n")
    far = Stock(stock.home, 0)
    far.manifest, far.root, far.state = stock.home / "far.toml", stock.root, stock.state
    far.describe(sshd.url)
    yield Way("`find`, `sha256sum`, `stat`", shell(RAW.format(root=stock.root)))
    yield ours(stock, "pytest, nothing but its start", "--collect-only")
    yield ours(stock, "**readiness, local**")
    yield ours(far, "**readiness, ssh**")
    if len(stock.names) <= SEVERAL:
        yield idiom(stock, "testinfra, a test per file, local", "--hosts=local://")
    if len(stock.names) <= FEW:
        opened(config, sshd)
        url = sshd.reached(config)
        yield idiom(stock, "testinfra, a test per file, ssh with ControlPath", f"--hosts={url}")


def opened(config: Path, sshd: Sshd) -> None:
    """Open the connection that testinfra will share: opening it, it would wait for its end."""
    shared = ("-o", "ControlMaster=yes", "-o", "ControlPersist=600", "-p", str(sshd.port))
    silent = subprocess.DEVNULL
    command = ["ssh", "-F", str(config), *shared, "127.0.0.1", "true"]
    subprocess.run(command, check=True, stdout=silent, stderr=silent)


def measured(files: int, rounds: int, sshd: Sshd) -> list[Way]:
    """Return every way with its turns over so many files."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        stock = Stock(Path(home), files)
        stock.build()
        listed = list(ways(stock, sshd))
        for way in listed:
            way.rounds = min(way.rounds, rounds)
        return interleaved(listed)


def ratios(files: int, found: list[Way]) -> Iterator[str]:
    """Yield what the targets ask of one run."""
    raw, idle, local, far, *idioms = found
    bound = 1.5 * raw.median + idle.median
    yield (
        f"- {files:,} files: local {local.median / bound:.2f} x of (1.5 x raw + pytest's start); "
        f"ssh {far.median - local.median:+.2f} s; most memory {local.memory:.0f} MB"
    )
    for each, mine in zip(idioms, (local, far), strict=False):
        yield f"- {files:,} files: {each.name} takes {each.median / mine.median:.0f} x as long"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--files", type=int, nargs="+", default=[30, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left running
    print(f"{machine(Path(tempfile.gettempdir()))}; medians of {asked.rounds} turns\n")
    with Sshd(Path(tempfile.mkdtemp(prefix="sshd-"))) as sshd:
        runs = {}
        for files in asked.files:
            runs[files] = measured(files, asked.rounds, sshd)
            print(*ratios(files, runs[files]), sep="\n", flush=True)
    names = list(dict.fromkeys(way.name for run in runs.values() for way in run))
    found = {(files, way.name): way.median for files, run in runs.items() for way in run}
    cells = {key: shown(seconds) for key, seconds in found.items()}
    rows = [[name, *(cells.get((files, name), "") for files in runs)] for name in names]
    print("\n" + table(["verify backups", *(f"{files:,} files" for files in runs)], rows))


if __name__ == "__main__":
    main()
