"""The tables of docs/guests.md, from what `make guests` has kept.

python -m tests.guests.tables FOLDER > docs/guests.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.guests.guest import LESS, NOT_OURS, REFUSED, SAME
from tests.guests.played import read
from tests.guests.settings import SETTINGS
from tests.guests.test_beside import ALL, OPTIONS

HEAD = """\
# In other people's repositories

What becomes of a session with one red criterion of readiness in a folder that has settings, a
conftest or plugins of its own; and of the tests of other projects when pytest-rollback is installed
beside them. Printed by `make guests`; the settings are in `tests/guests/settings.py`.

Options that `addopts` or `PYTEST_ADDOPTS` have select no criteria and end no suite early: what is
typed counts. `--arm`, `--accept-loss`, `--component`, `--isolate`, `--dry-run`, `--despite` and
`--use-defaults` are refused where they stand there. Every option has a long name,
`--rollback-NAME`, which works also where a plugin or a conftest has an option of the short name.

pytest-ansible cannot be in one session with the plugin of pytest-testinfra, of which we need the
connections alone; each declares `--ansible-inventory`. Who has both adds
`-p no:pytest11.testinfra` to `addopts`.
"""

WAYS = ("editable", "wheel")

MEANT = {
    SAME: "the same as without it",
    LESS: "NOT READY, with how little was evaluated",
    NOT_OURS: "no session of ours, exit code 4",
    REFUSED: "refused, or pytest's own error",
}


def settings(folder: Path) -> Iterator[str]:
    """Yield the table of settings; one line for what is the same both ways."""
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for name, way, found in read(folder, "settings"):
        rows.setdefault(name, {})[way] = found
    green = [f"{name}, {way}" for name, ways in rows.items() for way in ways if bad(ways[way])]
    yield f"- sessions: {sum(map(len, rows.values()))}; **green: {len(green)}** {' '.join(green)}"
    left = [f"`{each}`" for each in SETTINGS if len(rows.get(each, ())) < len(WAYS)]
    if left:
        yield f"- not played both ways in this print: {', '.join(left)}"
    yield ""
    yield "| setting | way | exit code | verdict | evaluated | met | not met | wanted |"
    yield "| --- | --- | ---: | --- | ---: | ---: | ---: | --- |"
    for name, ways in rows.items():
        for way, found in together(ways):
            figures = " | ".join(str(found[each]) for each in ("evaluated", "met", "not met"))
            verdict = f"{found['code']} | {found['verdict'] or '-'}"
            yield f"| {cell(name)} | {way} | {verdict} | {figures} | {MEANT[str(found['ends'])]} |"


def bad(found: dict[str, Any]) -> bool:
    """Return whether a session with a red criterion ended well."""
    return bool(found["code"] == 0)


def together(ways: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each way with what came of it; all of them as one where that is the same."""
    first, *others = ways.values()
    if all(each == first for each in others):
        yield ", ".join(ways), first
    else:
        yield from ways.items()


def beside(folder: Path) -> Iterator[str]:
    """Yield the table of plugins."""
    rows = read(folder, "beside")
    left = [f"`{each}`" for each in (*OPTIONS, ALL) if each not in {name for name, *_ in rows}]
    if left:
        yield from (f"- not played in this print: {', '.join(left)}", "")
    yield "| plugin | exit code | verdict | evaluated | met | not met |"
    yield "| --- | ---: | --- | ---: | ---: | ---: |"
    for name, _, found in rows:
        columns = (found[each] for each in ("code", "verdict", "evaluated", "met", "not met"))
        yield f"| {cell(name)} | {' | '.join(map(str, columns))} |"


def projects(folder: Path) -> Iterator[str]:
    """Yield the table of other projects."""
    yield "| project | exit code | without us | with us | changed |"
    yield "| --- | ---: | --- | --- | --- |"
    for name, _, found in read(folder, "projects"):
        columns = (found[each] for each in ("code", "without", "with", "changed"))
        yield f"| {cell(name)} | {' | '.join(map(str, columns))} |"


def cell(text: str) -> str:
    """Return a text as a cell of a table."""
    return f"`{text}`".replace("|", "\\|")


def main(folder: Path) -> None:
    """Print the page."""
    lines = [HEAD, "## Settings and conftests", "", *settings(folder), ""]
    lines += ["## Plugins", ""]
    lines += ["Each is installed and told to act on every test; then all.", ""]
    lines += [*beside(folder), "", "## Tests of other projects", ""]
    lines += [
        "Their own tests from their sdists, run with `-p no:rollback` and without; compared are",
        "exit code, counts and what is printed, without times.",
        "",
        *projects(folder),
    ]
    sys.stdout.write("\n".join((*lines, "")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
