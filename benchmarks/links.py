"""What releases behind a link cost: recorded, compared, gone back to; by their number of files.

    .venv/bin/python benchmarks/links.py [FILES ...]

Each row is a system of its own. *Back* is all that a rollback changes for its files: the plan, and
the link led to the previous release, durably. The same with backups beside the files is there to
compare, with a deploy that changes one file in ten.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.state import runs
from tests.unit.agent.backup.test_links import Linked
from tests.unit.support.deployed import Deploy
from tests.unit.support.requests import begin, restore

USUAL = (100, 1000, 10_000)
BYTES = 4096
SHARE = 10

HEAD = """\
| files | record | compare | back, by the link | back, with backups of one in ten |
| --: | --: | --: | --: | --: |"""


def measured(work: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def filled(place: Path, number: int) -> list[str]:
    """Write files into a directory, a hundred in each of its own; return their paths."""
    names = [f"d{each // 100}/f{each}" for each in range(number)]
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode().ljust(BYTES, b"."))
    return names


def linked(home: Path, number: int) -> list[float]:
    """Return the seconds of a record, of a comparison, and of the way back."""
    shop = Linked(home)
    filled(shop.place("1"), number)
    recorded = measured(shop.save)
    shop.release("2")
    shop.lead("2")
    compared = measured(shop.look)
    return [recorded, compared, measured(shop.restore)]


def beside(home: Path, number: int) -> float:
    """Return the seconds of the way back with backups."""
    deploy = Deploy(home)
    changed = filled(deploy.root, number)[::SHARE]
    deploy.save(files=changed, added=[])
    for name in changed:
        (deploy.root / name).write_bytes(b"changed".ljust(BYTES, b"."))
    runs.begin(begin(deploy.state))
    request = restore(deploy.location._replace(run="r1"))

    def back() -> None:
        apply.apply(request._replace(digest=apply.look(request).digest))

    return measured(back)


def main() -> None:
    """Print the table."""
    print(HEAD)
    for number in [int(each) for each in sys.argv[1:]] or USUAL:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            row = [*linked(Path(one), number), beside(Path(other), number)]
        print(f"| {number:,} | {' | '.join(f'{each * 1000:.0f} ms' for each in row)} |", flush=True)


if __name__ == "__main__":
    main()
