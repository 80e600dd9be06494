"""The table of `docs/sabotage.md`: every defect, what was said of it, and which criterion said it.

python -m tests.sabotage.matrix FOLDER > docs/sabotage.md
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.sabotage.defect import GOOD, Defect, library
from tests.sabotage.player import Ending

Row = dict[str, Any]

HEAD = """\
# Sabotage

What the suites say of defects that know nothing of them. Each was made in a running sandbox, and
then the suites were run as an operator runs them. *Right* means: the verdict is the wanted one, a
criterion that is about the defect is red, and none that is not. Printed by `make sabotage`; the
defects are in `tests/sabotage/defects`.
"""


def keep(folder: Path, defect: Defect, ending: Ending, faults: list[str]) -> None:
    """Write down how one defect ended."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        "name": defect.name,
        "verdict": ending.verdict,
        "code": ending.code,
        "red": ending.red,
        "advisories": ending.advisories,
        "seconds": round(ending.seconds, 1),
        "faults": faults,
    }
    (folder / f"{defect.name}.json").write_text(json.dumps(found))


def read(folder: Path) -> dict[str, Row]:
    """Return what was written down, by the defect's name."""
    rows = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return {row["name"]: row for row in rows}


def ids(row: Row) -> set[str]:
    """Return the criteria that were red in a row."""
    return {each.partition(" ")[0] for each in row["red"]}


def summary(defects: Iterable[Defect], rows: dict[str, Row]) -> Iterator[str]:
    """Yield the figures above the table."""
    played = [(each, rows[each.name]) for each in defects if each.name in rows]
    seen = [(defect, row) for defect, row in played if defect.seen]
    spoilt = [(defect, row) for defect, row in seen if not defect.harmless]
    harmless = [(defect, row) for defect, row in seen if defect.harmless]
    green = [row for _, row in spoilt if row["verdict"] in GOOD]
    red = [row for _, row in harmless if row["verdict"] not in GOOD]
    wrong = [row for _, row in seen if row["faults"]]
    yield f"- defects: {len(spoilt)}, of which {sum(d.by != 'author' for d, _ in played)} come from"
    yield "  people who had read README and docs only, and were asked to make the tool lie"
    yield f"- situations that only look like a defect: {len(harmless)}"
    yield f"- **false greens: {len(green)}; false reds: {len(red)}**; otherwise not right: " + str(
        len(wrong) - len(green) - len(red)
    )
    yield f"- not seen, and said so below: {len(played) - len(seen)}"


def table(defects: Iterable[Defect], rows: dict[str, Row]) -> Iterator[str]:
    """Yield the table."""
    yield "| defect | what was done | verdict | red | right |"
    yield "| --- | --- | --- | --- | --- |"
    for each in defects:
        row = rows.get(each.name)
        if row is None:
            yield f"| {each.name} | {each.what} | not played | | no |"
            continue
        names = "<br>".join(sorted(ids(row))) or "none"
        right = "; ".join(row["faults"]) or "yes"
        yield f"| {each.name} | {each.what} | {row['verdict']} | {names} | {right} |"


def missed(defects: Iterable[Defect], rows: dict[str, Row]) -> Iterator[str]:
    """Yield, for each criterion that was red, the defects that would be missed without it."""
    yield "| criterion | red in | missed without it |"
    yield "| --- | ---: | --- |"
    spoilt = [each for each in defects if each.name in rows and each.seen and not each.harmless]
    count = Counter(one for each in spoilt for one in ids(rows[each.name]))
    for identity in sorted(count):
        alone = [each.name for each in spoilt if ids(rows[each.name]) == {identity}]
        yield f"| `{identity}` | {count[identity]} | {', '.join(alone) or 'none'} |"


def page(folder: Path) -> str:
    """Return the page."""
    defects, rows = list(library().values()), read(folder)
    unseen = [each for each in defects if not each.seen]
    parts = [
        HEAD,
        *summary(defects, rows),
        "\n## Defects\n",
        *table((each for each in defects if each.seen), rows),
        "\n## What is not seen\n",
        *([f"- **{each.what}** {each.why}" for each in unseen] or ["Nothing that we know of."]),
        "\n## Each criterion switched off\n",
        "Which defects would be green if one criterion were not there:\n",
        *missed(defects, rows),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
