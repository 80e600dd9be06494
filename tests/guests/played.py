"""Readiness in the folder of a guest, and what came of it; kept for the table of docs/guests.md."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.guests.guest import Guest
from tests.plugin.installed import run_in
from tests.plugin.operator import last_record
from tests.plugin.shop import Shop

KEPT = "ROLLBACK_GUESTS"
"""The variable with the folder in which results are kept; without it none are."""

Rows = dict[str, str]


@dataclass(frozen=True)
class Played:
    """How a session ended.

    Args:
        code: its exit code.
        verdict: "" where it left no record.
        rows: the outcome of each criterion.
        said: what it printed.
    """

    code: int
    verdict: str
    rows: Rows
    said: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many criteria were evaluated, were met, and were not."""
        found = Counter(self.rows.values())
        return {"evaluated": len(self.rows), "met": found["met"], "not met": found["not met"]}


def play(shop: Shop, guest: Guest, programs: Path) -> Played:
    """Ask whether a shop is ready, in a folder of which somebody has made his own.

    Args:
        shop: the shop.
        guest: what is set in its folder.
        programs: the folder of programs of an install.
    """
    shutil.rmtree(shop.reports, ignore_errors=True)
    with guest.at(shop.home):
        words = ("suites/readiness", *guest.typed)
        code, said = run_in(programs, shop.home, "pytest", *words, **guest.environment)
    if not list(shop.reports.glob("*/report.json")):
        return Played(code, "", {}, said)
    record = last_record(shop.reports)
    rows = {f"{each['id']} {each['component']}": each["outcome"] for each in record["criteria"]}
    return Played(code, record["verdict"], rows, said)


def keep(table: str, name: str, way: str, found: object) -> None:
    """Keep a result, if results are kept."""
    if KEPT in os.environ:
        folder = Path(os.environ[KEPT]) / table
        folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"name": name, "way": way, "found": found})
        (folder / f"{quote(f'{name} {way}', safe='')}.json").write_text(line)


def read(folder: Path, table: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the results of one table, by name and way."""
    rows = [json.loads(path.read_text()) for path in (folder / table).glob("*.json")]
    return sorted(
        ((row["name"], row["way"], row["found"]) for row in rows), key=lambda row: row[:2]
    )


def figures(played: Played) -> dict[str, object]:
    """Return what the table has of a session."""
    return {**asdict(played), **played.counts, "rows": None, "said": None}
