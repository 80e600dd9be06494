"""Pages that are made of the code: written between their marks, and found where they are stale."""

from __future__ import annotations

from pathlib import Path

from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import shown
from tests.architecture.figures import part, renewed
from tests.documents import criteria, options

ABOUT = "Find the pages of docs/ that are made of the code and are stale; --write renews them."
CODES = "exit codes: 0 all pages are as the code is; 1 some are stale; 4 usage"
REPOSITORY = Path(__file__).parents[2]
MADE = {
    "docs/reference/criteria.md": {"criteria": criteria.table},
    "docs/reference/options.md": {"options": options.table},
}
"""Each page, and what makes the text between its marks."""


def stale() -> list[str]:
    """Return the pages whose text is not what it would be made now."""
    return [
        name
        for name, parts in MADE.items()
        if any(
            part((REPOSITORY / name).read_text(), mark) != made() for mark, made in parts.items()
        )
    ]


def write() -> None:
    """Renew every page."""
    for name, parts in MADE.items():
        page = REPOSITORY / name
        page.write_text(renewed(page.read_text(), {mark: made() for mark, made in parts.items()}))


def main() -> int:
    """Look, or write; return the exit code."""
    parser = Parser(prog="scripts/dev/documents", description=ABOUT, epilog=CODES)
    parser.add_argument("--write", action="store_true", help="renew the pages")
    if parser.parse_args().write:
        write()
    found = stale()
    for name in found:
        shown(f"{name} is stale\nHINT: scripts/dev/documents --write")
    return int(bool(found))
