"""What backups in the state directory cost, to save and to go back to, and those beside files.

    .venv/bin/python benchmarks/kept.py [FILES ...]

Each row is a deploy that changes so many files of 4 KiB. *Back* is the plan and the restore. Names
are exchanged where copies lie beside their files, if that is asked for; else both ways copy.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.state import runs
from tests.unit.support.deployed import Deploy
from tests.unit.support.requests import begin, restore

USUAL = (100, 1000, 10_000)
BYTES = 4096

HEAD = """\
| files | save, beside | save, state | back, exchanged | back, copied | back, state | ratio |
| --: | --: | --: | --: | --: | --: | --: |"""


class Times(NamedTuple):
    """Seconds of a save and of the way back."""

    save: float
    back: float


def measured(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def deployed(number: int, *, keep: int, way: str) -> Times:
    """Return what a deploy of so many changed files costs, and its rollback."""
    with tempfile.TemporaryDirectory() as home:
        deploy = Deploy(Path(home))
        names = [f"d{each // 100}/f{each}" for each in range(number)]
        for name in names:
            (deploy.root / name).parent.mkdir(parents=True, exist_ok=True)
            (deploy.root / name).write_bytes(name.encode().ljust(BYTES, b"."))
        saved = measured(lambda: deploy.save(files=names, added=[], keep=keep))
        for name in names:
            (deploy.root / name).write_bytes(b"changed".ljust(BYTES, b"."))
        runs.begin(begin(deploy.state))
        request = restore(deploy.location._replace(run="r1"))._replace(way=way)
        return Times(
            saved,
            measured(lambda: apply.apply(request._replace(digest=apply.look(request).digest))),
        )


def main() -> None:
    """Print the table; the ratio is that of the ways back by copies."""
    print(HEAD)
    for number in [int(each) for each in sys.argv[1:]] or USUAL:
        exchanged = deployed(number, keep=0, way="exchange")
        copied = deployed(number, keep=0, way="rename")
        kept = deployed(number, keep=3, way="rename")
        times = (copied.save, kept.save, exchanged.back, copied.back, kept.back)
        cells = " | ".join(f"{each * 1000:.0f} ms" for each in times)
        print(f"| {number:,} | {cells} | {kept.back / copied.back:.2f} |", flush=True)


if __name__ == "__main__":
    main()
